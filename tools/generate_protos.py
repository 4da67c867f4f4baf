"""Generate the Python modules of `rolecall.baton.proto` from our .proto text.

Run it after changing a .proto file; with `--check` it changes nothing and exits with 1 when the
committed modules are not what the compiler makes of the text. It owns `_generated/` wholly: files
that no .proto file explains are removed.

protoc writes imports that assume the package root is on sys.path; they are rewritten to the place
where the modules live, so that nothing but `rolecall` has to be importable.
"""

import argparse
import re
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from google.rpc import status_pb2  # type: ignore[import-untyped]  # ships no types
from grpc_tools import protoc  # type: ignore[import-untyped]  # ships no types

__all__ = ["compile_all", "drift", "main"]

ROOT = Path(__file__).resolve().parent.parent
TEXT = ROOT / "src/rolecall/baton/proto"
GENERATED = TEXT / "_generated"
PACKAGE = "rolecall.baton.proto._generated"

_FROM = re.compile(r"^from ((?:c1|baton)(?:\.\w+)*) import", re.MULTILINE)
_IMPORT = re.compile(r"^import ((?:c1|baton)(?:\.\w+)+)( as \w+)?$", re.MULTILINE)
_MARK = '"""Generated from the .proto text by tools/generate_protos.py; do not edit."""\n'


def _sources() -> list[str]:
    """Every .proto file, as a path relative to the text's root, in order."""
    return sorted(path.relative_to(TEXT).as_posix() for path in TEXT.rglob("*.proto"))


def _moved(code: str) -> str:
    """The same code with the imports of our own packages pointing into `PACKAGE`."""
    code = _FROM.sub(rf"from {PACKAGE}.\1 import", code)
    return _IMPORT.sub(rf"import {PACKAGE}.\1\2", code)


def compile_all() -> dict[str, str]:
    """Compile all .proto files.

    Returns:
        Path relative to `_generated/` → text, for every file that must stand there.

    Raises:
        SystemExit: the compiler refused a file; it has said why on stderr.
    """
    includes = [str(TEXT), str(Path(status_pb2.__file__).parents[2]), _own_includes()]
    with tempfile.TemporaryDirectory() as folder:
        command = ["protoc", *(f"-I{path}" for path in includes)]
        command += [f"--python_out={folder}", f"--pyi_out={folder}", *_sources()]
        if protoc.main(command):
            raise SystemExit("protoc refused the .proto text")
        made = {
            path.relative_to(folder).as_posix(): _moved(path.read_text(encoding="utf-8"))
            for path in sorted(Path(folder).rglob("*.py*"))
        }
    folders = {parent.as_posix() for name in made for parent in Path(name).parents}
    return made | {f"{name}/__init__.py".removeprefix("./"): _MARK for name in folders}


def _own_includes() -> str:
    """Where the compiler keeps google/protobuf/*.proto."""
    return str(files("grpc_tools") / "_proto")


def _standing() -> dict[str, str]:
    """What `_generated/` holds now."""
    return {
        path.relative_to(GENERATED).as_posix(): path.read_text(encoding="utf-8")
        for path in GENERATED.rglob("*.py*")
        if "__pycache__" not in path.parts
    }


def drift() -> list[str]:
    """Names of the files that are missing, superfluous or different; empty when all is well."""
    want, have = compile_all(), _standing()
    return sorted(name for name in want.keys() | have.keys() if want.get(name) != have.get(name))


def _write() -> None:
    """Make `_generated/` equal to what the compiler says."""
    want = compile_all()
    for name in _standing().keys() - want.keys():
        (GENERATED / name).unlink()
    for name, text in want.items():
        path = GENERATED / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Write the modules, or with `--check` only say which are stale (exit status 1)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 on drift")
    if not parser.parse_args(arguments).check:
        _write()
        return 0
    stale = drift()
    for name in stale:
        print(f"stale: {name}", file=sys.stderr)
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
