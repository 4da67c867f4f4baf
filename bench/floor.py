"""The floor: how long bare `sqlite3` and zstd take for rows that are ready made.

Reads a c1z of ours first, outside the timing; then writes the same rows into the same tables with
the same pragmas, the indices last, and packs. Imports nothing of the product, so that it cannot
become faster or slower together with it. Prints one line of JSON.
"""

import json
import sqlite3
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import zstandard

__all__ = ["main"]

MAGIC = b"C1ZF\x00"
PIECE = 2**20
PRAGMAS = (
    "pragma locking_mode=exclusive",
    "pragma journal_mode=truncate",
    "pragma synchronous=off",
    "pragma cache_size=-16384",
)


def ready_made(c1z: Path, scratch: Path) -> tuple[list[str], list[str], dict[str, list[Any]]]:
    """DDL of tables, DDL of indices, and the rows by the statement that inserts them."""
    packed = c1z.read_bytes()
    assert packed.startswith(MAGIC)  # noqa: S101 - a bench may stop
    scratch.write_bytes(
        zstandard.ZstdDecompressor().decompress(packed[len(MAGIC) :], max_output_size=2**31)
    )
    database = sqlite3.connect(scratch)
    ddl = database.execute(
        "select type, name, sql from sqlite_master where sql is not null order by rowid"
    ).fetchall()
    rows = {}
    for name in [name for kind, name, _ in ddl if kind == "table"]:
        columns = [str(row[1]) for row in database.execute(f"pragma table_info({name})")][1:]
        marks = ", ".join("?" * len(columns))
        listed = ", ".join(columns)
        insert = f"insert into {name} ({listed}) values ({marks})"
        rows[insert] = database.execute(f"select {listed} from {name} order by id").fetchall()
    database.close()
    scratch.unlink()
    tables = [sql for kind, _, sql in ddl if kind == "table"]
    return tables, [sql for kind, _, sql in ddl if kind == "index"], rows


def write(folder: Path, tables: list[str], indices: list[str], rows: dict[str, list[Any]]) -> None:
    """Do the least that any writer of these rows must do."""
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    for pragma in PRAGMAS:
        database.execute(pragma)
    database.execute("begin")
    for sql in tables:
        database.execute(sql)
    for insert, made in rows.items():
        database.executemany(insert, made)
    for sql in indices:
        database.execute(sql)
    database.execute("commit")
    database.close()
    size = (folder / "floor.db").stat().st_size
    with (folder / "floor.db").open("rb") as source, (folder / "floor.c1z").open("wb") as sink:
        sink.write(MAGIC)
        packer = zstandard.ZstdCompressor(level=1, write_checksum=True, write_content_size=True)
        packer.copy_stream(source, sink, size=size, read_size=PIECE, write_size=PIECE)


def main() -> None:
    """Measure once: seconds of wall and CPU for the file named on the command line."""
    c1z = Path(sys.argv[1])
    with TemporaryDirectory(dir=c1z.parent) as name:
        folder = Path(name)
        made = ready_made(c1z, folder / "read.db")
        before, cpu = time.perf_counter(), time.process_time()
        write(folder, *made)
        said = {"wall_s": time.perf_counter() - before, "cpu_s": time.process_time() - cpu}
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
