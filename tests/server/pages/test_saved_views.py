"""Views of tables: saved, shared with whoever may open the page, and columns of one's own."""

import pytest
from company import Company, a_user, log_in
from django.test import Client
from django.urls import reverse

from rolecall.server.audit.models import Event
from rolecall.server.saved.models import ChosenColumns, SavedView

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(db: None) -> Company:
    """Sixty accounts in one app."""
    del db
    return Company.build()


def accounts(company: Company) -> str:
    """The page of its accounts."""
    return reverse("access:accounts", args=(company.app.public_id,))


def browser(user) -> Client:
    """Somebody's browser."""
    return log_in(Client(SERVER_NAME="localhost"), user)


def save(client: Client, path: str, **said: str):
    """Press Save view."""
    return client.post(reverse("saved:save"), {"path": path, "name": "Outside", **said})


def test_a_view_is_what_the_table_shows(company):
    """The button says it; the address brings it back with its columns, on the page of no other."""
    client, path = browser(company.user), accounts(company)
    shown = client.get(path, {"external": "yes", "cols": "account,email", "sort": "-account"})
    query = shown.context["table"].whole

    answer = save(client, path, query=query)

    assert answer.headers["Location"] == f"{path}?{query}"
    again = client.get(answer.headers["Location"])
    assert [one.name for one in again.context["table"].columns] == ["account", "email"]
    assert [row.pk for row in again.context["table"].rows] == [
        row.pk for row in shown.context["table"].rows
    ]
    assert [(one.name, one.current) for one in again.context["remembered"].views] == [
        ("Outside", True)
    ]
    assert client.get(reverse("access:apps")).context["remembered"].views == ()
    event = Event.objects.get(action="view:save")
    assert event.detail == {"path": path, "query": query, "shared": False}


def test_a_view_is_private_until_it_is_shared(company):
    """Others see a shared one where they may open the page; nobody but its owner changes it."""
    path, other = accounts(company), browser(a_user("auditor", name="Aud Itor"))
    owner = browser(company.user)
    save(owner, path, query="external=yes")
    view = SavedView.objects.get()
    assert other.get(path).context["remembered"].views == ()

    owner.post(reverse("saved:change", args=(view.public_id,)), {"name": "Not ours", "shared": "1"})

    (seen,) = other.get(path).context["remembered"].views
    assert (seen.name, seen.by, seen.edit) == ("Not ours", "Olga Owner", "")
    for name in ("view", "change", "delete"):
        address = reverse(f"saved:{name}", args=(view.public_id,))
        asked = other.get(address) if name == "view" else other.post(address)
        assert asked.status_code == 403, name
    assert SavedView.objects.get().name == "Not ours"


@pytest.mark.parametrize("path", ["/settings/", "/nowhere", "//evil.example/", "/live", "/\x00"])
def test_what_one_may_not_open_cannot_be_saved(company, path):
    """Nor what is no page; and the way back leads nowhere else."""
    owner = a_user("app_owner", name="App Owner", scope=company.app.public_id)

    answer = save(browser(owner), path)

    assert not SavedView.objects.exists()
    assert answer.status_code == 403 or answer.headers["Location"].startswith("/")
    assert "evil" not in answer.headers.get("Location", "")


def test_an_owner_elsewhere_cannot_save_or_be_told(company):
    """What is shared on the page of an app is told to those who may see the app."""
    path = accounts(company)
    save(browser(company.user), path, shared="1")
    stranger = browser(a_user("app_owner", name="Else Where", scope="app_other"))

    assert save(stranger, path).status_code == 403
    assert stranger.get("/api/views", {"path": path}).json()["items"] == []
    assert SavedView.objects.count() == 1


def test_columns_are_kept_for_a_user_and_a_table(company):
    """They are shown without being in the address, in the export too, until the usual are asked."""
    client, path = browser(company.user), accounts(company)
    form = {"table": "access:accounts", "cols": ["account", "seat"], "next": f"{path}?q=ana"}

    answer = client.post(reverse("saved:choose_columns"), form)

    assert answer.headers["Location"] == f"{path}?q=ana"
    view = client.get(path).context["table"]
    assert [one.name for one in view.columns] == ["account", "seat"]
    assert "cols" not in view.csv
    lines = b"".join(client.get(path + view.csv)).decode("utf-8-sig").splitlines()
    assert lines[0] == "Account,E-mail,Seat,Id"  # who it is, a file always says
    others = browser(a_user("auditor", name="Aud Itor")).get(path).context["table"]
    assert len(others.columns) > 2
    client.post(reverse("saved:choose_columns"), form | {"usual": "1"})
    assert not ChosenColumns.objects.exists()
    assert len(client.get(path).context["table"].columns) == len(others.columns)


@pytest.mark.parametrize(
    "form",
    [
        {"table": "access:accounts", "cols": ["<b>"]},
        {"table": "access:\x00", "cols": ["account"]},
        {"table": "access:accounts", "cols": ["a" * 41]},
        {"table": "access:accounts", "cols": [f"c{number}" for number in range(61)]},
    ],
)
def test_columns_that_are_none_are_refused(company, form):
    """Said on the page one came from."""
    client = browser(company.user)

    answer = client.post(reverse("saved:choose_columns"), form | {"next": "/apps/"}, follow=True)

    assert "These are no columns of a table." in answer.content.decode()
    assert not ChosenColumns.objects.exists()


def test_a_column_that_is_no_more_is_left_out(company):
    """What was kept outlives a version; a table always shows something."""
    for columns, shown in ((["account", "former"], ["account"]), (["former"], None)):
        ChosenColumns.objects.update_or_create(
            user=company.user, table="access:accounts",
            defaults={"columns": columns, "changed_at": company.user.created_at},
        )  # fmt: skip
        view = browser(company.user).get(accounts(company)).context["table"]

        assert [one.name for one in view.columns] == (
            shown or [one.name for one in view.table.columns if one.usual]
        )
