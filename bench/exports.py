"""Evidence, the person page and search at size: seconds, and the peak of memory.

Takes the first file of `intake.py` in (100,000 accounts, 10,000 groups, 1,100,000 grants), makes a
person of some accounts, and does each thing in a process of its own, as the database role of the
web. The file of each form is verified, and its rows are counted. Prints one Markdown table; the
peak of a process that has Django loaded and did nothing stands in its first row.

`--files DIR` are the files of `intake.py`; `--data DIR` keeps the filled database for the next run.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import intake

__all__ = ["main"]

ACCOUNTS = 12
"""Of the person: so many workspaces a large company has."""
AT = intake.BEGAN + 2 * intake.HOUR
STEPS = (
    "nothing", "csv of all access", "xlsx of all access", "pdf of one person", "csv of one person",
    "person page", "search: one fits", "search: all fit",
)  # fmt: skip


def fill(files: Path) -> dict[str, Any]:
    """Take the first sync in, and make a person of a few of its accounts; once."""
    from django.db import transaction  # noqa: PLC0415 - needs Django

    from rolecall.server.access.intake import take_in  # noqa: PLC0415
    from rolecall.server.access.models import Account, App, PersonLink  # noqa: PLC0415
    from rolecall.server.people.models import Person, RoleAssignment, User  # noqa: PLC0415

    if App.objects.filter(name="Bench", last_sync__isnull=False).exists():
        return {}
    app, _ = App.objects.get_or_create(name="Bench", defaults={"created_at": intake.BEGAN})
    take_in(files / "first.c1z", app_id=app.pk, task_id="bench", now=AT)
    with transaction.atomic():
        person = Person.objects.create(name="Pia Bench", created_at=AT, changed_at=AT)
        for account in Account.objects.filter(app=app).order_by("pk")[:ACCOUNTS]:
            Account.objects.filter(pk=account.pk).update(person=person, link="linked")
            PersonLink.objects.create(
                account=account, person=person, how="hand", set_by="bench", from_at=AT
            )
        user = User.objects.create_user("bench@acme.example", None, name="Ada", created_at=AT)
        RoleAssignment.objects.create(
            user=user, role="super_administrator", from_at=AT, granted_by="bench"
        )
    return {"filled": True}


def actor() -> Any:  # noqa: ANN401 - needs Django
    """Whoever asks."""
    from rolecall.server.audit.trail import Actor  # noqa: PLC0415 - needs Django
    from rolecall.server.people.models import User  # noqa: PLC0415

    user = User.objects.get(email="bench@acme.example")
    return Actor(kind="person", id=user.public_id, name=user.name, user=user.pk)


def exported(form: str, *, person: bool = False) -> str:
    """One evidence file, written, verified and counted; in words."""
    from rolecall.server import clock  # noqa: PLC0415 - needs Django
    from rolecall.server.access.models import App  # noqa: PLC0415
    from rolecall.server.evidence.export import Asked, export, installation_key  # noqa: PLC0415
    from rolecall.server.evidence.signature import verify  # noqa: PLC0415
    from rolecall.server.people.models import Person  # noqa: PLC0415

    of = (
        {"person": Person.objects.get(name="Pia Bench").public_id}
        if person
        else {"app": App.objects.get(name="Bench").public_id}
    )
    until = clock.now() if person else AT
    done = export(actor(), Asked(form=form, until=until, **of), now=clock.now())  # type: ignore[arg-type]
    with TemporaryDirectory() as name, done.file as file:
        path = Path(name) / done.name
        with path.open("wb") as out:
            shutil.copyfileobj(file, out)
        began = time.perf_counter()
        verify(path, (installation_key(),))
        spent = time.perf_counter() - began
        size = path.stat().st_size / 2**20
        if form == "csv":
            with path.open(encoding="utf-8", newline="") as lines:
                rows = sum(not row[0].startswith("# ") for row in csv.reader(lines)) - 1
            if rows != done.rows:
                raise SystemExit(f"{rows} rows in the file, {done.rows} said")
    return f"{done.rows:,} rows, {size:.1f} MiB; verified in {spent:.2f} s"


def visited(path: str) -> str:
    """One page, five times; the quickest in words."""
    from django.conf import settings  # noqa: PLC0415 - needs Django
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from rolecall.server.people.models import User  # noqa: PLC0415

    client = Client(headers={"host": settings.CONFIG.host + ":8010"})
    client.force_login(User.objects.get(email="bench@acme.example"))
    queries, spans = [], []

    def counted(execute: Callable[..., Any], *words: Any) -> Any:  # noqa: ANN401 - Django's
        queries.append(words[0])
        return execute(*words)

    for _ in range(5):
        queries.clear()
        began = time.perf_counter()
        with connection.execute_wrapper(counted):
            answer = client.get(path)
        spans.append(time.perf_counter() - began)
        if answer.status_code != 200:  # noqa: PLR2004
            raise SystemExit(f"{path} is answered with {answer.status_code}")
    return f"{min(spans) * 1000:.0f} to {max(spans) * 1000:.0f} ms, {len(queries)} queries"


def one(step: str) -> dict[str, Any]:
    """Do it in this process; what it cost."""
    from rolecall.server.people.models import Person  # noqa: PLC0415 - needs Django

    person = Person.objects.get(name="Pia Bench").public_id
    deeds: dict[str, Callable[[], str]] = {
        "nothing": lambda: "",
        "csv of all access": lambda: exported("csv"),
        "xlsx of all access": lambda: exported("xlsx"),
        "pdf of one person": lambda: exported("pdf", person=True),
        "csv of one person": lambda: exported("csv", person=True),
        "person page": lambda: visited(f"/people/{person}/access"),
        "search: one fits": lambda: visited("/search/?q=person77777"),
        "search: all fit": lambda: visited("/search/?q=person"),
    }
    wall, cpu = time.perf_counter(), time.process_time()
    told = deeds[step]()
    return {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_mib": intake.peak_mib(),
        "told": told,
    }


def child(environ: dict[str, str], *words: str) -> Any:  # noqa: ANN401 - JSON
    """One step in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, *words], env=environ, check=True, stdout=subprocess.PIPE
    )
    return json.loads(done.stdout)


@contextmanager
def places(asked: argparse.Namespace) -> Iterator[tuple[Path, Path]]:
    """The folder of the files, and that of the database."""
    with TemporaryDirectory(prefix="rolecall-bench-") as name:
        Path(name).chmod(0o711)
        files, data = asked.files or Path(name), asked.data or Path(name)
        for folder in (files, data):
            folder.mkdir(mode=0o711, exist_ok=True)
        yield files.absolute(), data.absolute()


def main() -> None:
    """Measure, or carry out one step."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=10_000)
    parser.add_argument("--memberships", type=int, default=1_000_000)
    parser.add_argument("--files", type=Path, help="folder of the files; made there if missing")
    parser.add_argument("--data", type=Path, help="folder that is kept, filled, for the next run")
    parser.add_argument("--only", default="", help="steps that have this in their name")
    parser.add_argument("--step", help="only this, in this process")
    asked = parser.parse_args()
    if asked.step:
        import django  # noqa: PLC0415 - needs its settings first

        django.setup()
        found = fill(asked.files) if asked.step == "fill" else one(asked.step)
        sys.stdout.write(json.dumps(found) + "\n")
        return
    with places(asked) as (files, data):
        if not (files / "first.c1z").exists():
            intake.make(files, asked.accounts, asked.groups, asked.memberships)
        with intake.database(data) as environ:
            print("Taking in ...", file=sys.stderr)
            child(environ, "--step", "fill", "--files", str(files))
            print("| What | Wall s | CPU s | Peak MiB | |\n|---|---|---|---|---|", flush=True)
            for step in [name for name in STEPS if asked.only in name]:
                cost = child(environ, "--step", step)
                print(
                    f"| {step} | {cost['wall_s']:.1f} | {cost['cpu_s']:.1f}"
                    f" | {cost['peak_mib']:.0f} | {cost['told']} |",
                    flush=True,
                )
        print(f"\nLoad of the machine at the end: {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
