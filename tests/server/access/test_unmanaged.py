"""Apps known by name only: added by hand and by file, taken under management, struck off."""

from datetime import timedelta

import pytest
from cast import NOW, Role, a_user, acting

from rolecall.errors import Conflict, Gone, Invalid, NotAllowed
from rolecall.server.access.models import App
from rolecall.server.access.unmanaged import apps, importing
from rolecall.server.audit.models import Event
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors.services.add import ExistingApp
from rolecall.server.connectors.services.add import add as add_connector
from rolecall.server.files.models import File
from rolecall.server.people.models import RoleAssignment, User

pytestmark = pytest.mark.django_db
State = App.State


@pytest.fixture
def ada(db: None) -> User:
    """A super administrator."""
    del db
    return a_user("ada@x.org", Role.SUPER)


@pytest.fixture
def connie(db: None) -> Actor:
    """A connector administrator."""
    del db
    return acting(a_user("connie@x.org", Role.CONNECTORS))


def bring(actor: Actor, *rows: str, header: str = "name,description"):
    """Upload a file and say yes to what it shows."""
    data = "\n".join([header, *rows]).encode()
    kept = importing.preview(actor, data, name="apps.csv", now=NOW)
    seen = importing.look(actor, kept, now=NOW)
    return importing.apply(actor, kept, digest=seen.digest, now=NOW)


def test_an_app_is_added_once(ada: User):
    """By its name, however it is written; the audit log says by whom."""
    app = apps.add(acting(ada), name="  Figma ", description=" Drawing ", now=NOW)

    assert (app.name, app.description, app.state, app.kind) == (
        "Figma", "Drawing", State.UNMANAGED, ""
    )  # fmt: skip
    with pytest.raises(Conflict, match="There is an app FIGMA already"):
        apps.add(acting(ada), name="FIGMA", now=NOW)
    for name in ("", "x" * 101):
        with pytest.raises(Invalid):
            apps.add(acting(ada), name=name, now=NOW)
    event = Event.objects.get(action="app:create")
    assert (event.target_id, event.actor_id) == (app.public_id, ada.public_id)


def test_apps_are_managed_all_or_none(ada: User):
    """Each gets its owners; one that is managed already stops the others."""
    owner = a_user("olga@x.org", Role.MEMBER)
    first, second = (apps.add(acting(ada), name=name, now=NOW) for name in ("Figma", "Miro"))
    apps.manage(acting(ada), [first.public_id], owners=[owner.public_id], now=NOW)
    both = [second.public_id, first.public_id]
    with pytest.raises(Conflict, match="Figma is managed already"):
        apps.manage(acting(ada), both, owners=[owner.public_id], now=NOW)

    assert dict(App.objects.values_list("name", "state")) == {
        "Figma": State.MANAGED, "Miro": State.UNMANAGED,
    }  # fmt: skip
    owned = RoleAssignment.objects.get(role=Role.APP_OWNER, until_at=None)
    assert (owned.user, owned.scope) == (owner, first.public_id)


@pytest.mark.parametrize(
    ("chosen", "owned", "error"),
    [([], True, Invalid), (["app"], False, Invalid), (["gone"], True, Gone)],
)
def test_managing_needs_apps_and_owners(ada: User, chosen, owned, error):
    """Nothing, nobody, or something that is not there is refused."""
    app = apps.add(acting(ada), name="Figma", now=NOW)
    ids = [{"app": app.public_id, "gone": "app_gone"}[one] for one in chosen]
    with pytest.raises(error):
        apps.manage(acting(ada), ids, owners=[ada.public_id] if owned else [], now=NOW)

    app.refresh_from_db()
    assert app.state == State.UNMANAGED


def test_who_adds_connectors_makes_nobody_an_owner(connie: Actor):
    """An owner changes access, so naming one is the super administrator's, by this door too."""
    app = apps.add(connie, name="Figma", now=NOW)
    with pytest.raises(NotAllowed):
        apps.manage(connie, [app.public_id], owners=[connie.id], now=NOW)

    assert not RoleAssignment.objects.filter(role=Role.APP_OWNER).exists()


def test_a_connector_takes_an_unmanaged_app_up(ada: User):
    """Choosing it in Add connector manages it, as the button does."""
    app = apps.add(acting(ada), name="Workspace of Larkspur", now=NOW)
    connector = add_connector(
        acting(ada), name="Notion", target=ExistingApp(public_id=app.public_id),
        owners=[ada.public_id], now=NOW,
    )  # fmt: skip

    assert connector.app == app
    assert connector.app.state == State.MANAGED
    assert Event.objects.filter(action="app:manage", target_id=app.public_id).count() == 1


def test_striking_off_is_for_unmanaged_apps(ada: User):
    """What is managed has a history; what is not leaves only its audit rows."""
    app = apps.add(acting(ada), name="Figma", now=NOW)
    kept = apps.add(acting(ada), name="Miro", now=NOW)
    apps.manage(acting(ada), [kept.public_id], owners=[ada.public_id], now=NOW)
    apps.forget(acting(ada), app.public_id, now=NOW)
    with pytest.raises(Conflict):
        apps.forget(acting(ada), kept.public_id, now=NOW)

    assert [one.name for one in App.objects.all()] == ["Miro"]
    assert Event.objects.get(action="app:forget").target_name == "Figma"


def test_a_file_adds_and_describes(ada: User):
    """The second file changes what differs, and leaves managed apps and absent ones alone."""
    actor = acting(ada)
    first = bring(actor, "Figma,Drawing", "Miro,Boards", "Jira,")
    apps.manage(actor, [App.objects.get(name="Jira").public_id], owners=[ada.public_id], now=NOW)
    second = bring(actor, "figma,Design", "JIRA,Tickets", "Asana,Plans")

    assert (len(first.added), len(second.added), len(second.described)) == (3, 1, 1)
    assert [one.name for one in second.managed] == ["JIRA"]
    assert dict(App.objects.values_list("name", "description")) == {
        "Asana": "Plans", "Figma": "Design", "Jira": "", "Miro": "Boards",
    }  # fmt: skip
    assert not File.objects.exists()


def test_a_file_without_descriptions_changes_none(ada: User):
    """A column that is not there says nothing; one that means nothing is named."""
    actor = acting(ada)
    bring(actor, "Figma,Drawing")
    data = b"Name;Cost\nFigma;12\n"
    kept = importing.preview(actor, data, name="a.csv", now=NOW)
    seen = importing.look(actor, kept, now=NOW)

    assert (len(seen.added), len(seen.described), seen.unchanged) == (0, 0, 1)
    assert seen.ignored == ("cost",)


def test_faults_stop_the_whole_file(ada: User):
    """Each is named with its row; a yes to such a plan changes nothing."""
    data = b"name\nFigma\nfigma\n" + b"x" * 101 + b"\n"
    kept = importing.preview(acting(ada), data, name="a.csv", now=NOW)
    seen = importing.look(acting(ada), kept, now=NOW)

    assert [str(one) for one in seen.faults] == [
        "Row 3: figma is in row 2 too.",
        "Row 4: A name has between 1 and 100 characters.",
    ]
    with pytest.raises(Conflict, match="faults"):
        importing.apply(acting(ada), kept, digest=seen.digest, now=NOW)
    assert not App.objects.exists()


def test_what_is_done_is_what_was_shown(ada: User):
    """If apps changed in between, the yes is to something else; after an hour it is to nothing."""
    actor = acting(ada)
    kept = importing.preview(actor, b"name\nFigma\n", name="a.csv", now=NOW)
    digest = importing.look(actor, kept, now=NOW).digest
    apps.add(actor, name="Figma", now=NOW)
    with pytest.raises(Conflict, match="since this preview"):
        importing.apply(actor, kept, digest=digest, now=NOW)
    with pytest.raises(Gone):
        importing.look(actor, kept, now=NOW + timedelta(hours=1))
