"""docs/reference/errors.md says about each error exactly what src/rolecall/errors.py does."""

import inspect
from http import HTTPStatus
from pathlib import Path

from rolecall import errors

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"


def rows() -> dict[str, list[str]]:
    """The page's one table: class name to its other cells."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [[c.strip(" `") for c in line.strip("|").split("|")] for line in lines if "|" in line]
    header, _rule, *body = cells

    assert header[:5] == ["Class", "Kind of", "gRPC code", "Exit status", "HTTP"]
    assert len({row[0] for row in body}) == len(body)
    return {row[0]: row[1:] for row in body}


def classes() -> dict[str, type[errors.Error]]:
    """Every class of the module that is an error of ours."""
    return {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.Error)
    }


def test_every_class_has_its_row():
    """The table has a row for each class and for nothing else."""
    assert rows().keys() == classes().keys()


def test_parents_and_codes_agree():
    """Parent, gRPC code and exit status on the page are those of the class."""
    page = {name: row[:3] for name, row in rows().items()}
    code = {
        name: [cls.__base__.__name__, cls.code.name, str(cls.code.value)]
        for name, cls in classes().items()
    }

    assert page == code


def test_every_row_says_what_follows():
    """Each row has a real HTTP status, an effect on a sync, and advice."""
    for name, (_kind, _code, _exit, http, *texts) in rows().items():
        assert HTTPStatus(int(http)) >= HTTPStatus.BAD_REQUEST, name
        assert len(texts) == 2, name
        assert all(texts), name


def test_the_tree_on_top_is_complete():
    """The tree in the module's docstring names every class."""
    tree = errors.__doc__ or ""

    assert [name for name in classes() if name not in tree] == []


def test_codes_are_those_of_grpc():
    """The numbers are gRPC's, so that the exit status means the same to every Baton tool."""
    assert [code.value for code in errors.Code] == list(range(17))
    assert errors.Code.PERMISSION_DENIED == 7
    assert errors.Code.UNAUTHENTICATED == 16
