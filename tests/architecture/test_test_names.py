"""Modules below `tests` share one name space, so that none may be called like another."""

from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]
FREE = {"conftest.py", "__init__.py"}


def test_no_two_modules_have_one_name():
    """Whichever is imported first would be found for both."""
    names = Counter(path.name for path in TESTS.rglob("*.py") if path.name not in FREE)

    assert [name for name, times in names.items() if times > 1] == []
