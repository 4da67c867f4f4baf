"""Changes by the API: planned, looked over, applied, undone; drift, steps, and credentials."""

import base64
import json
from typing import Any

import pytest
from cast import NOW
from django.test import Client
from world import World, the_world

from rolecall.server.access.models import Entitlement, Resource
from rolecall.server.connectors.models import Connector, Secret, Task
from rolecall.server.files.models import File
from rolecall.server.files.store import read
from rolecall.server.orders.models import Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    """One of everything, and a connector that can change it."""
    del db
    found = the_world()
    connector = Connector.objects.get()
    Secret.objects.create(
        connector=connector, slot="scim_token", state="current", sealed=b"x", key_id="k1",
        set_at=NOW, set_by="Ada",
    )  # fmt: skip
    group = Resource.objects.create(app=connector.app, kind="group", external_id="g", name="Design")
    Entitlement.objects.create(
        app=connector.app, resource=group, kind="group", external_id="group:g:member",
        name="Design", slug="member",
    )  # fmt: skip
    return found


class Caller:
    """A program with a key for everything."""

    def __init__(self, world: World) -> None:
        self.client = Client(SERVER_NAME="localhost")
        self.headers = {"Authorization": f"Bearer {world.secret}"}

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and answer."""
        answer = self.client.generic(
            method, f"/api{path}", "" if body is None else json.dumps(body),
            content_type="application/json", headers=self.headers,
        )  # fmt: skip
        return answer.status_code, answer.json() if answer.content else None

    def planned(self, world: World, **wish: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """A decision of one order, and that order."""
        body = {"title": "By a program", "reason": "A test.", "wishes": [wish]}
        status, decision = self.ask("POST", f"/apps/{world.named['app']}/decisions", body)
        assert status == 201, decision
        _status, page = self.ask("GET", f"/decisions/{decision['id']}/orders")
        return decision, page["items"][0]


def to_design(world: World) -> dict[str, Any]:
    """Pia into Design."""
    design = Entitlement.objects.get(name="Design")
    return {
        "operation": "grant", "account": world.named["account"], "entitlement": design.public_id,
    }  # fmt: skip


def test_a_change_is_planned_held_and_applied(world):
    """A plan changes nothing; what is held stays; what is applied gets a task."""
    caller = Caller(world)
    Order.objects.update(state="cancelled")  # nothing else is about Pia
    decision, order = caller.planned(world, **to_design(world))
    assert (decision["state"], order["state"], order["by_hand"]) == ("planned", "planned", False)
    assert order["meaning"] == ["Pia gets what Design can see and do."]
    assert caller.ask("POST", f"/orders/{order['id']}/hold")[1]["state"] == "held"
    status, said = caller.ask("POST", f"/decisions/{decision['id']}/apply", {})
    assert (status, said["title"]) == (409, "Conflict")
    assert caller.ask("POST", f"/orders/{order['id']}/include")[1]["state"] == "planned"
    status, applied = caller.ask("POST", f"/decisions/{decision['id']}/apply", {})
    assert (status, applied["state"]) == (200, "applied")
    _status, order = caller.ask("GET", f"/orders/{order['id']}")

    assert order["state"] == "ordered"
    assert Task.objects.get(pk=order["task"]).kind == "grant"


def test_a_refusal_is_in_the_plan(world):
    """What is so already is refused row by row, with the reason; a wrong wish is 422."""
    caller = Caller(world)
    role = {"operation": "grant", "account": world.named["account"],
            "entitlement": world.named["entitlement"]}  # fmt: skip
    _decision, order = caller.planned(world, **role)
    assert order["state"] == "refused"
    assert "already" in order["why"]
    path = f"/apps/{world.named['app']}/decisions"
    for wrong in ([], [{"operation": "explode"}], [{"operation": "grant", "account": "x"}]):
        assert caller.ask("POST", path, {"title": "Wrong", "wishes": wrong})[0] == 422


def test_drift_is_answered(world):
    """Restoring makes a plan; the same drift is not answered twice."""
    caller = Caller(world)
    _status, page = caller.ask("GET", "/drift?state=open")
    (drift,) = page["items"]
    assert drift["order"] == world.named["order"]
    status, decision = caller.ask("POST", f"/drift/{drift['id']}/restore", {"reason": "Ours."})
    assert (status, decision["authority"]) == (201, "drift")
    status, _said = caller.ask("POST", f"/drift/{drift['id']}/accept", {"reason": "Theirs."})

    assert status == 409


def test_a_step_by_hand(world):
    """A guest is removed by a person, who says how one can see it."""
    caller = Caller(world)
    decision, order = caller.planned(
        world, operation="remove_account", values={"email": "guest@else.example"}
    )
    assert order["by_hand"]
    caller.ask("POST", f"/decisions/{decision['id']}/apply", {})
    _status, order = caller.ask("GET", f"/orders/{order['id']}")
    path, shot = f"/steps/{order['step']}/done", b"\x89PNG, or so"
    said = {"proof": "Ticket 7.", "file": {"name": "guest.png", "content": "no base64!"}}
    assert caller.ask("POST", path, said)[0] == 422
    said["file"]["content"] = base64.b64encode(shot).decode()
    status, step = caller.ask("POST", path, said)
    again, _refused = caller.ask("POST", path, said)

    assert (status, step["state"], step["proof"]) == (200, "done", "Ticket 7.")
    assert (step["file"], again) == ("guest.png", 409)
    assert b"".join(read(File.objects.get(kind="proof"))) == shot, "of a refused one nothing stays"


def test_a_credential_is_rotated(world):
    """The secret is in one answer; lists have the public half of it only."""
    Connector.objects.update(kind="baton")
    caller = Caller(world)
    path = f"/connectors/{world.named['connector']}/clients"
    status, issued = caller.ask("POST", path, {"overlap_s": 60})
    assert status == 201
    assert issued["client_secret"].split(":")[2] == "v1"
    _status, page = caller.ask("GET", path)
    assert issued["client_secret"] not in str(page)
    assert page["items"][0]["client_id"] == issued["client_id"]
    status, ended = caller.ask("POST", f"{path}/{issued['id']}/end")
    assert status == 200
    assert ended["ends_at"]

    assert caller.ask("POST", path, {"overlap_s": 99_999_999})[0] == 422
