"""The API's doors, errors and lists; what single operations do is tested with their use cases."""

import json
import re

import pytest
from cast import NOW, PASSWORD, Role, a_user, acting, log_in
from django.test import Client
from world import World, the_world

from rolecall.server.access.models import Account
from rolecall.server.audit.models import Event
from rolecall.server.people import apikeys
from rolecall.server.people.models import ApiKey, Person

pytestmark = pytest.mark.django_db
PROBLEM = {"title", "status", "detail", "hint", "request_id", "errors"}


@pytest.fixture
def world(db: None) -> World:  # noqa: ARG001
    """What there is."""
    return the_world()


class Program:
    """Something that asks with a key."""

    def __init__(self, secret: str) -> None:
        self.client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {secret}"})

    def get(self, path: str, **query: object):
        """The answer."""
        return self.client.get(f"/api{path}", query)

    def send(self, method: str, path: str, body: object = None):
        """The answer."""
        text = "" if body is None else json.dumps(body)
        return self.client.generic(method, f"/api{path}", text, "application/json")


def test_a_key_is_its_user(world: World):
    """Within its scopes; its use is noted, and what it does is its own in the audit log."""
    program = Program(world.secret)
    me = program.get("/me").json()
    made = program.send("POST", "/people", {"name": "Rob", "emails": ["rob@example.com"]})

    assert (me["email"], me["scopes"]) == ("ada@example.com", ["*"])
    assert made.status_code == 201
    noted = Event.objects.get(action="person:add", target_name="Rob")
    assert (noted.actor_kind, noted.actor_name) == ("key", "Ada by the key all")
    assert ApiKey.objects.get(name="all").last_used_at is not None


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer rck_wrong", "Basic cmNr", "Bearer x y"])
def test_no_key_no_answer(header: str):
    """401, how to do it right, and nothing else."""
    client = Client(SERVER_NAME="localhost", headers={"Authorization": header} if header else {})
    answer = client.get("/api/me")

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.json()) == PROBLEM
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


def test_a_session_needs_the_csrf_token(world: World):
    """Somebody else's page cannot act with one's cookie."""
    client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    client.force_login(world.users[Role.SUPER])
    body = json.dumps({"name": "Rob"})
    without = client.post("/api/people", body, "application/json")
    client.get("/me/")
    token = client.cookies["rolecall-csrf"].value
    given = client.post("/api/people", body, "application/json", headers={"X-CSRFToken": token})

    assert (without.status_code, given.status_code) == (403, 201)
    assert set(without.json()) == PROBLEM


def test_scopes_narrow(world: World):
    """A key for apps opens apps only."""
    ada = world.users[Role.SUPER]
    _key, secret = apikeys.make(acting(ada), name="apps", scopes=["app:*"], now=NOW)
    program = Program(secret)

    assert program.get("/apps").status_code == 200
    refused = program.get("/users")
    assert refused.status_code == 403
    assert "made without user:read" in refused.json()["detail"]


def test_owners_see_what_is_theirs(world: World):
    """Lists hold it, and nothing else."""
    owner = world.users[Role.APP_OWNER]
    _key, secret = apikeys.make(acting(owner), name="k", scopes=["*"], now=NOW)
    elsewhere = world.users["app owner elsewhere"]
    _key, other = apikeys.make(acting(elsewhere), name="k", scopes=["*"], now=NOW)

    assert [one["name"] for one in Program(secret).get("/apps").json()["items"]] == ["Acme"]
    assert len(Program(secret).get("/connectors").json()["items"]) == 1
    assert Program(other).get("/apps").json() == {"items": [], "next": None}


NOUNS = ("app", "account", "entitlement", "connector", "task")
PAGE_OF = {noun: f"/{noun}s/{{}}" for noun in NOUNS} | {
    "connector": "/connectors/{}/", "task": "/connectors/runs/{}",
}  # fmt: skip


@pytest.mark.parametrize("noun", NOUNS)
def test_whether_a_row_exists_is_not_told(world: World, noun: str):
    """Whoever owns something else hears the same of a row that is there and of one that is not."""
    there = world.named[noun]
    missing = there[:-1] + ("a" if there[-1] != "a" else "b")
    elsewhere = world.users[
        "connector owner elsewhere" if noun in NOUNS[3:] else "app owner elsewhere"
    ]
    _key, secret = apikeys.make(acting(elsewhere), name="k", scopes=["*"], now=NOW)
    browser = log_in(elsewhere)

    def by_api(row: str) -> tuple[int, str]:
        answer = Program(secret).get(f"/{noun}s/{row}")
        return answer.status_code, answer.json()["detail"]

    def by_page(row: str) -> tuple[int, str]:
        answer = browser.get(PAGE_OF[noun].format(row))
        changing = rf"{row}|{answer.headers['X-Request-Id']}|\w{{64}}"  # the last is the CSRF token
        return answer.status_code, re.sub(changing, "", answer.content.decode())

    assert by_api(there) == by_api(missing)
    assert by_api(there)[0] == 403
    assert by_page(there) == by_page(missing)
    assert Program(world.secret).get(f"/{noun}s/{missing}").status_code == 404


@pytest.mark.parametrize("limit", [1, 3, 7, 8, 500])
def test_pieces_are_the_whole(world: World, limit: int):
    """Piece by piece every row comes once, also while rows are added; bounds are kept."""
    Person.objects.bulk_create(
        Person(name=f"P{number}", created_at=NOW, changed_at=NOW) for number in range(7)
    )
    program, seen, after = Program(world.secret), [], ""
    while True:
        piece = program.get("/people", limit=limit, after=after).json()
        assert len(piece["items"]) <= limit
        seen += [one["name"] for one in piece["items"]]
        if len(seen) < 3:
            Person.objects.create(name=f"Late{len(seen)}", created_at=NOW, changed_at=NOW)
        if piece["next"] is None:
            break
        after = piece["next"]

    assert sorted(seen) == sorted(Person.objects.values_list("name", flat=True))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/people?limit=0", "limit"),
        ("/people?limit=501", "limit"),
        ("/people?limit=x", "limit"),
        ("/people?after=per_nobody", "no row of this list"),
        ("/people?q=%00", "cannot be shown"),
        ("/people/1%00", "pattern"),
        ("/audit?since=2026-01-01T00:00:00", "timezone"),
        ("/audit?since=9999-12-31T23:59:59Z", "2200"),
    ],
)
def test_parameters_are_bounded(world: World, path: str, said: str):
    """422 with the reason."""
    answer = Program(world.secret).client.get(f"/api{path}")

    assert answer.status_code == 422
    assert said in str(answer.json())


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"name": "\\u0000"}', '{"name": "\\ud800"}', '{"name": 1}']
)
def test_bodies_that_are_none(world: World, body: str):
    """Refused with a problem, not a crash."""
    answer = Program(world.secret).client.generic("POST", "/api/people", body, "application/json")

    assert answer.status_code in {400, 422}
    assert set(answer.json()) == PROBLEM


def test_people_who_come_are_matched(world: World):
    """A person with an account's address makes it one to accept; leaving calls it gone."""
    program = Program(world.secret)
    account = Account.objects.get()
    assert account.link == "unmatched"
    program.send(
        "PUT", f"/people/{world.named['person']}", {"name": "Pia", "emails": ["Pia@Example.com"]}
    )
    account.refresh_from_db()
    assert account.link == "unlinked"

    accepted = program.send("POST", f"/accounts/{account.public_id}/person/accept")
    assert accepted.json()["person"]["name"] == "Pia"
    program.send("POST", f"/people/{world.named['person']}/leave", {"reason": "retired"})
    account.refresh_from_db()
    assert account.link == "gone"


def test_an_app_is_set_by_its_owner(world: World):
    """Name, domains and owners; a part that is wrong undoes the rest; handing over is answered."""
    owner = world.users[Role.APP_OWNER]
    _key, secret = apikeys.make(acting(owner), name="k", scopes=["*"], now=NOW)
    program, path = Program(secret), f"/apps/{world.named['app']}"
    changed = program.send("PATCH", path, {"name": "Larkspur", "domains": ["Other.example"]})
    wrong = program.send("PATCH", path, {"name": "Nothing", "domains": ["no domain"]})

    assert changed.json()["domains"] == ["other.example"]
    assert Account.objects.get().external
    assert wrong.status_code == 422
    assert program.get(path).json()["name"] == "Larkspur"
    handed = program.send("PUT", f"{path}/owners", {"owners": [world.named["user"]]})
    assert [one["email"] for one in handed.json()["owners"]] == ["subject@example.com"]
    assert program.get(path).status_code == 403


def test_a_connector_is_pointed_elsewhere_only_where_that_is_allowed(world: World):
    """An address that the settings file does not allow is refused, with all that came with it."""
    program, path = Program(world.secret), f"/connectors/{world.named['connector']}"
    away = {"name": "Moved", "addresses": {"scim_url": "https://elsewhere.example/scim"}}
    refused = program.send("PATCH", path, away)

    assert refused.status_code == 403
    there = program.get(path).json()
    assert (there["name"], there["scim_url"]) == ("Notion of Acme", "")


def test_search_finds_what_one_may_see(world: World):
    """Rows of every noun with their ids; owners of something else find nothing of it."""
    found = Program(world.secret).get("/search", q="acme").json()["items"]
    elsewhere = world.users["app owner elsewhere"]
    _key, secret = apikeys.make(acting(elsewhere), name="k", scopes=["search:*"], now=NOW)

    assert {(one["noun"], one["id"]) for one in found} == {
        ("app", world.named["app"]), ("connector", world.named["connector"]),
    }  # fmt: skip
    assert Program(secret).get("/search", q="acme").json()["items"] == []


def test_as_of_says_what_it_rests_on(world: World):
    """Accounts at a moment, with the sync and its age; before the first sync nothing is known."""
    program, app = Program(world.secret), world.named["app"]
    later = NOW.replace(year=NOW.year + 1).isoformat()
    then = program.get(f"/apps/{app}/as-of/accounts", at=later).json()
    before = program.get(f"/apps/{app}/as-of/accounts", at="2001-01-01T00:00:00Z").json()

    assert [one["name"] for one in then["items"]] == ["Pia"]
    assert then["basis"]["sync"]["number"] == 1
    assert then["basis"]["age_s"] > 300 * 24 * 3600
    assert (before["items"], before["basis"]["sync"]) == ([], None)


def test_the_description_is_for_everybody():
    """It is in the source anyway."""
    answer = Client(SERVER_NAME="localhost").get("/api/openapi.json")

    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")


def test_a_deactivated_user_s_key_is_none(world: World):
    """At once."""
    bob = a_user("bob@example.com", Role.AUDITOR, password=PASSWORD)
    _key, secret = apikeys.make(acting(bob), name="k", scopes=["*"], now=NOW)
    Program(world.secret).send("POST", f"/users/{bob.public_id}/deactivate", {"reason": ""})

    assert Program(secret).get("/me").status_code == 401
