"""What a module offers is written down in it: a docstring, and `__all__` for its public names."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
WRITTEN_BY_TOOLS = {"_generated", "migrations"}
MODULES = sorted(m for m in SOURCE.rglob("*.py") if not WRITTEN_BY_TOOLS & set(m.parts))
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def bound_names(tree: ast.Module) -> set[str]:
    """Every name that the module binds at its top level, imports included."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, DEFINITIONS):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return names


def exported(tree: ast.Module) -> list[str] | None:
    """The module's `__all__`, or None."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets):
                return list(ast.literal_eval(node.value))
    return None


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(SOURCE)))
def test_a_module_says_what_it_offers(module: Path):
    """A module has a docstring, lists its public functions and classes, and lists nothing else."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    public = {
        node.name
        for node in tree.body
        if isinstance(node, DEFINITIONS) and not node.name.startswith("_")
    }
    names = exported(tree)

    assert ast.get_docstring(tree), "no docstring"
    assert names is not None or not public, f"no __all__ for {sorted(public)}"
    assert public - set(names or ()) == set(), "public, and not in __all__"
    assert set(names or ()) - bound_names(tree) == set(), "in __all__, and not there"
    assert len(names or ()) == len(set(names or ()))
