"""No module and no function grows past what fits in one head."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
WRITTEN_BY_TOOLS = {"_generated", "migrations"}
MODULES = sorted(m for m in SOURCE.rglob("*.py") if not WRITTEN_BY_TOOLS & set(m.parts))
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 40


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, the docstring not counted."""
    total = function.end_lineno - function.lineno + 1
    if not ast.get_docstring(function):
        return total
    docstring = function.body[0]
    return total - (docstring.end_lineno - docstring.lineno + 1)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(SOURCE)))
def test_size(module: Path):
    """A module stays within 400 lines and each function within 40, docstring not counted."""
    source = module.read_text(encoding="utf-8")
    long_functions = [
        f"{node.name}: {body_lines(node)}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and body_lines(node) > MAX_FUNCTION_LINES
    ]

    assert len(source.splitlines()) <= MAX_MODULE_LINES
    assert long_functions == []


def test_a_long_function_is_noticed():
    """The measure counts what it claims to count: 41 lines are too many, a docstring is free."""
    source = 'def f():\n    """One.\n\n    Two.\n    """\n' + "    x = 1\n" * MAX_FUNCTION_LINES
    function = ast.parse(source).body[0]

    assert body_lines(function) == MAX_FUNCTION_LINES + 1
