"""From a token typed in to Connected, and what stands in between."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import msgspec
import pytest
from django.conf import settings
from scenes import Scene, actions, person

from rolecall.errors import Conflict, Gone, Invalid, NotAllowed
from rolecall.server.access.models import Account, App, Grant
from rolecall.server.connectors.models import Connector, LogLine, Secret, Task
from rolecall.server.connectors.services import credential
from rolecall.server.connectors.services.add import ExistingApp, NewApp, add
from rolecall.server.connectors.services.edit import set_addresses
from rolecall.server.connectors.services.owners import set_owners
from rolecall.server.mail.models import Message
from rolecall.server.people.models import User

State = Connector.State
WRONG = "ntn_nobody_knows_this_one"


def test_save_tests_syncs_and_connects(scene: Scene):
    """The label goes Not connected, Syncing, Connected; the app has everybody."""
    connector = scene.add()
    assert scene.state(connector) == State.NOT_CONNECTED
    task = credential.give(
        scene.admin, connector.public_id, {"scim_token": scene.sim.scim_token}, save=True,
        now=scene.now(),
    )  # fmt: skip
    assert scene.state(connector) == State.SYNCING
    scene.carry_out(task)
    assert scene.state(connector) == State.SYNCING
    scene.work()

    assert scene.state(connector) == State.CONNECTED
    assert Account.objects.filter(app=connector.app, present=True).count() == 24
    assert Grant.objects.filter(until_at=None).count() > 24
    assert connector.capabilities["groups"] == {"given": True, "why": ""}
    assert not connector.capabilities["bots"]["given"]
    assert connector.due_at > scene.now()
    (sync,) = connector.tasks.filter(kind="sync")
    assert sync.trigger == "credential"
    assert sync.progress["members"] == 24
    assert sync.file.bytes > 0
    assert sync.sync.file == sync.file
    said = " ".join(LogLine.objects.filter(task=sync).values_list("text", flat=True))
    assert "Syncing groups" in said
    assert scene.sim.scim_token not in said
    assert "connector:token:replace" in actions()


def test_a_test_says_what_can_be_read_and_changes_nothing(scene: Scene):
    """The checklist comes first; Save uses the very tokens that were tested."""
    connector = scene.add()
    tested = scene.give(connector, scim_token=scene.sim.scim_token)

    assert tested.state == Task.State.DONE
    lines = {line["what"]: line for line in tested.result["lines"]}
    assert lines["SCIM: accounts and roles"]["found"] == "24"
    assert lines["API key"]["missing"] == "bots: they need an API key"
    assert scene.state(connector) == State.NOT_CONNECTED
    credential.save(scene.admin, connector.public_id, tested.pk, now=scene.now())
    scene.work()
    assert scene.state(connector) == State.CONNECTED
    assert connector.capabilities["groups"] == {"given": True, "why": ""}
    with pytest.raises(Conflict, match="used since"):
        credential.save(scene.admin, connector.public_id, tested.pk, now=scene.now())


def test_a_wrong_token_is_said_and_never_used(scene: Scene):
    """Nothing works yet: Error. Something works: it goes on being used."""
    connector = scene.add()
    tested = scene.give(connector, save=True, scim_token=WRONG)

    assert (tested.state, tested.error) == (Task.State.FAILED, "BadToken")
    assert [line["ok"] for line in tested.result["lines"]] == [False, False, False]
    assert scene.state(connector) == State.ERROR
    assert "token" in connector.trouble

    scene.give(connector, save=True, scim_token=scene.sim.scim_token)
    scene.work()
    assert scene.give(connector, save=True, scim_token=WRONG).state == "failed"
    assert scene.state(connector) == State.CONNECTED
    assert scene.sync(connector).state == Task.State.DONE


def test_a_replaced_token_is_emptied(scene: Scene):
    """It was there, and what it was is not known any more."""
    connector = scene.connected()
    other = scene.sim.mint_token(scene.sim.add_user("new@larkspur.example", role="owner"))
    scene.give(connector, save=True, scim_token=other, made_by="Ada@larkspur.example")
    scene.work()

    old, new = Secret.objects.filter(connector=connector).order_by("id")
    assert (old.state, bytes(old.sealed)) == ("ended", b"")
    assert (new.state, new.hint, new.made_by) == ("current", other[-4:], "Ada@larkspur.example")
    assert scene.state(connector) == State.CONNECTED
    assert not connector.overlap_check


def test_an_api_key_alone_brings_accounts(scene: Scene):
    """Roles and groups are not given, and the badges say why; the workspace is pinned."""
    connector = scene.connected(api_key=scene.sim.api_key)

    assert Account.objects.filter(present=True).exists()
    assert not connector.capabilities["groups"]["given"]
    assert "SCIM" in connector.capabilities["groups"]["why"]
    connector.app.refresh_from_db()
    assert connector.app.workspace_id


def test_a_key_of_another_workspace_is_refused(scene: Scene):
    """The workspace was pinned by the first key."""
    connector = scene.connected(api_key=scene.sim.api_key, scim_token=scene.sim.scim_token)
    App.objects.update(workspace_id="11111111-2222-3333-4444-555555555555")
    tested = scene.give(connector, save=True, api_key=scene.sim.api_key)

    assert (tested.state, tested.error) == (Task.State.FAILED, "WrongWorkspace")
    assert scene.state(connector) == State.CONNECTED


@pytest.mark.parametrize(
    "tokens",
    [{}, {"scim_token": " "}, {"other": "x"}, {"scim_token": "two words"}, {"api_key": "ä" * 9}],
)
def test_what_is_no_token_is_refused_at_once(scene: Scene, tokens: dict[str, str]):
    """Before anything is kept or asked."""
    connector = scene.add()
    with pytest.raises(Invalid):
        credential.give(scene.admin, connector.public_id, tokens, now=scene.now())

    assert not Secret.objects.exists()


def test_three_ways_to_add(scene: Scene):
    """A new app, a managed one, an unmanaged one that becomes managed."""
    found = App.objects.create(name="Seen", state="unmanaged", created_at=scene.now())
    kept = App.objects.create(name="Kept", created_at=scene.now())
    made = [
        add(scene.admin, name=" My \n Notion ", target=target, owners=[scene.admin.id],
            now=scene.now())
        for target in (
            NewApp(name="New"),
            ExistingApp(public_id=kept.public_id),
            ExistingApp(public_id=found.public_id),
        )
    ]  # fmt: skip

    assert [one.app.name for one in made] == ["New", "Kept", "Seen"]
    assert {one.app.state for one in made} == {"managed"}
    assert made[0].name == "My Notion"
    assert actions().count("connector:add") == 3
    assert "app:manage" in actions()
    with pytest.raises(Conflict, match="has a connector"):
        add(scene.admin, name="2", target=ExistingApp(public_id=kept.public_id),
            owners=[scene.admin.id], now=scene.now())  # fmt: skip
    with pytest.raises(Conflict, match="There is an app"):
        add(scene.admin, name="2", target=NewApp(name="New"), owners=[scene.admin.id],
            now=scene.now())  # fmt: skip
    with pytest.raises(Gone):
        add(scene.admin, name="2", target=ExistingApp(public_id="app_x"),
            owners=[scene.admin.id], now=scene.now())  # fmt: skip


def test_an_owner_who_is_not_me_is_asked_for_help(scene: Scene):
    """By mail, once, with a link; and may then finish."""
    connector = scene.add()
    bea = person("Bea", "member")
    set_owners(scene.admin, connector.public_id, [scene.admin.id, bea.id], now=scene.now())

    (mail,) = Message.objects.all()
    assert mail.recipient == "bea@larkspur.example"
    assert "Your help is needed" in mail.text
    assert mail.link == f"/connectors/{connector.public_id}/"
    credential.give(bea, connector.public_id, {"scim_token": "x" * 20}, now=scene.now())
    set_owners(scene.admin, connector.public_id, [scene.admin.id], now=scene.now())
    with pytest.raises(NotAllowed):
        credential.give(bea, connector.public_id, {"scim_token": "x" * 20}, now=scene.now())
    with pytest.raises(Invalid):
        set_owners(scene.admin, connector.public_id, [], now=scene.now())
    User.objects.filter(public_id=bea.id).update(is_active=False)
    with pytest.raises(Gone):
        set_owners(scene.admin, connector.public_id, [bea.id], now=scene.now())


def test_connectors_go_nowhere_else(scene: Scene, reach):
    """Not by an address that is typed in, and not by one that was allowed once."""
    connector = scene.connected()
    reach()
    with pytest.raises(NotAllowed, match="may not go to"):
        scene.point(connector, scene.sim)
    ended = scene.sync(connector)

    assert (ended.state, ended.error) == (Task.State.FAILED, "NotAllowed")
    assert "may not go to" in ended.message


def test_the_settings_file_may_say_where_notion_is(scene: Scene, reach, monkeypatch):
    """A connector without an address of its own goes there, and only if that host is allowed."""
    made = scene.add()
    set_addresses(scene.admin, made.public_id, scim_url="", rest_url="", now=scene.now())
    notion = msgspec.structs.replace(settings.CONFIG.notion, scim_url=scene.sim.scim_url)
    monkeypatch.setattr(settings, "CONFIG", msgspec.structs.replace(settings.CONFIG, notion=notion))
    scene.sim.clear_requests()
    allowed = scene.give(made, scim_token=scene.sim.scim_token)
    reach()  # nowhere: what else the settings say stays
    refused = scene.give(made, scim_token=scene.sim.scim_token)

    assert allowed.state == Task.State.DONE
    assert scene.sim.requests()
    assert (refused.state, refused.error) == (Task.State.FAILED, "NotAllowed")


class _Elsewhere(BaseHTTPRequestHandler):
    """Sends everybody to `target`, and remembers who came."""

    target = ""
    came: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.came.append(self.path)
        self.send_response(302)
        self.send_header("Location", self.target)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


def test_a_redirect_takes_no_token_along(scene: Scene, reach):
    """Wherever it points: here, to a simulator that would answer."""
    connector = scene.connected()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere)
    _Elsewhere.target = f"{scene.sim.scim_url}/Users"
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/scim/v2"
    reach(f"127.0.0.1:{server.server_port}")
    set_addresses(scene.admin, connector.public_id, scim_url=url, rest_url="", now=scene.now())
    scene.sim.clear_requests()
    ended = scene.sync(connector)
    server.shutdown()
    server.server_close()

    assert ended.state == Task.State.FAILED
    assert _Elsewhere.came
    assert scene.sim.requests() == []
