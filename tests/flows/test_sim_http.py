"""The simulator over real HTTP: every fault, the REST API, the limit, the control API."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from notion_sim import Options, Simulator
from notion_sim.control import PATHS
from notion_sim.faults import KINDS
from notion_sim.patch import PATCH_OP

SIZE = Options(users=30, groups=5, members_per_group=4, seed=5)


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    """One simulator for the whole file."""
    with Simulator(SIZE) as sim:
        yield sim


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    """That simulator with a fresh workspace."""
    running.reset(SIZE)
    return running


@pytest.fixture
def http(sim: Simulator) -> Iterator[httpx2.Client]:
    """A client that holds the SCIM token."""
    headers = {"Authorization": f"Bearer {sim.scim_token}"}
    with httpx2.Client(base_url=sim.scim_url, headers=headers) as client:
        yield client


@pytest.fixture
def rest(sim: Simulator) -> Iterator[httpx2.Client]:
    """A client that holds the API key."""
    headers = {"Authorization": f"Bearer {sim.api_key}", "Notion-Version": "2022-06-28"}
    with httpx2.Client(base_url=sim.rest_url, headers=headers) as client:
        yield client


# Faults


@pytest.mark.parametrize(
    "case",
    [
        ("429", {}, 429, "1", False),
        ("429", {"retry_after": 7}, 429, "7", False),
        ("429", {"retry_after": "none"}, 429, None, False),
        ("500", {}, 500, None, False),
        ("502_html", {}, 502, None, True),
        ("503_html", {}, 503, None, True),
        ("503", {"retry_after": 2}, 503, "2", False),
        ("529", {}, 529, None, False),
        ("403_html", {}, 403, None, True),
    ],
)
def test_faults_that_answer_instead(sim: Simulator, http: httpx2.Client, case: tuple[Any, ...]):
    """Such a fault answers in Notion's place, has no effect, and counts itself."""
    fault, args, status, retry, html = case
    sim.set_faults([{"name": "it", "fault": fault, **args}])

    reply = http.post("/Users", json={"userName": "x@larkspur.example"})

    assert reply.status_code == status
    assert reply.headers.get("Retry-After") == retry
    assert ("html" in reply.headers["Content-Type"]) is html
    assert ("cf-ray" in reply.headers) is html
    assert ("x-notion-request-id" in reply.headers) is not html
    assert sim.fired() == {"it": 1}
    assert sim.history() == []
    assert http.get("/Users").status_code == 200


def test_reset_before_has_no_effect(sim: Simulator, http: httpx2.Client):
    """The connection is reset and nobody joined."""
    sim.set_faults([{"fault": "reset_before"}])

    with pytest.raises(httpx2.TransportError):
        http.post("/Users", json={"userName": "x@larkspur.example"})

    assert sim.state()["totals"]["members"] == 30
    assert sim.requests()[-1]["status"] is None


def test_reset_after_has_its_effect(sim: Simulator, http: httpx2.Client):
    """The connection is reset although somebody joined."""
    sim.set_faults([{"fault": "reset_after", "when": {"method": "POST"}}])

    assert http.get("/Users").status_code == 200
    with pytest.raises(httpx2.TransportError):
        http.post("/Users", json={"userName": "x@larkspur.example"})

    assert sim.state()["totals"]["members"] == 31
    assert sim.history()[-1]["kind"] == "joined"


def test_reset_late_has_its_effect_later(sim: Simulator, http: httpx2.Client):
    """The connection is reset at once; somebody joins when the client has long looked."""
    sim.set_faults([{"fault": "reset_late", "ms": 60, "when": {"method": "POST"}}])

    with pytest.raises(httpx2.TransportError):
        http.post("/Users", json={"userName": "x@larkspur.example"})

    assert http.get("/Users").json()["totalResults"] == 30
    time.sleep(0.2)
    assert http.get("/Users").json()["totalResults"] == 31


@pytest.mark.parametrize(("method", "status"), [("POST", 201), ("PATCH", 200), ("DELETE", 204)])
def test_a_lost_effect(sim: Simulator, http: httpx2.Client, method: str, status: int):
    """The answer is that of a success, and the workspace is as it was; refusals stay refusals."""
    before = sim.state()
    uid = before["members"][3]["id"]
    body = {
        "POST": {"userName": "x@larkspur.example"},
        "PATCH": {
            "schemas": [PATCH_OP],
            "Operations": [{"op": "replace", "value": {"title": "T"}}],
        },
    }.get(method)
    path = "/Users" if method == "POST" else f"/Users/{uid}"
    sim.set_faults([{"name": "it", "fault": "lost_effect", "when": {"method": method}, "times": 2}])

    reply = http.request(method, path, json=body)
    refused = http.request(method, "/Groups/nobody" if method != "POST" else "/Groups", json={})

    assert (reply.status_code, refused.status_code >= 400) == (status, True)
    after = sim.state()
    assert [after[key] for key in ("members", "groups")] == [
        before[key] for key in ("members", "groups")
    ]
    assert (sim.history(), sim.fired()) == ([], {"it": 2})


@pytest.mark.parametrize(
    ("do", "kind"),
    [
        ({"do": "role", "role": "owner"}, "role"),
        ({"do": "leave"}, "left"),
        ({"do": "invite", "email": "x@larkspur.example"}, "joined"),
        ({"do": "in"}, "group_joined"),
        ({"do": "out"}, "group_left"),
        ({"do": "delete"}, "group_deleted"),
        ({"do": "rename", "called": "Moon"}, "group_renamed"),
        ({"do": "create", "called": "Moon"}, "group_created"),
    ],
)
def test_somebody_meddles(sim: Simulator, http: httpx2.Client, do: dict[str, str], kind: str):
    """What another admin does happens before that answer, to that person and group."""
    group = sim.state()["groups"][0]
    inside = {one for one in group["members"] if do["do"] != "in"}
    keeper = sim.state()["tokens"][0]["creator"]
    user = next(
        one["id"]
        for one in sim.state()["members"]
        if (one["id"] in inside or (do["do"] == "in" and one["id"] not in group["members"]))
        and one["id"] != keeper
        and one["role"] == "member"
    )
    rule = {"fault": "meddle", "group": group["id"], "user": user, "when": {"request": 2}, **do}
    sim.set_faults([rule])

    http.get("/Users")
    before = len(sim.history())
    http.get("/Users")

    assert before == 0
    assert kind in {one["kind"] for one in sim.history()}
    assert {one["request"] for one in sim.history()} == {2}
    if "called" in do:
        assert "Moon" in [one["name"] for one in sim.state()["groups"]]


def test_a_removal_that_drops_everybody(sim: Simulator, http: httpx2.Client):
    """By the switch, `remove` with a list of members ignores the list (N-120)."""
    group = sim.state()["groups"][0]
    operation = {"op": "Remove", "path": "members", "value": [{"value": group["members"][0]}]}
    body = {"schemas": [PATCH_OP], "Operations": [operation]}
    sim.switch("patch_remove", "drops_all")

    reply = http.patch(f"/Groups/{group['id']}", json=body)

    assert reply.status_code == 200
    assert sim.state()["groups"][0]["members"] == []


def test_a_cut_body(sim: Simulator, http: httpx2.Client):
    """The connection closes in mid-body, which HTTP itself notices."""
    sim.set_faults([{"fault": "cut_body"}])

    with pytest.raises(httpx2.TransportError):
        http.get("/Users")


def test_truncated_json(sim: Simulator, http: httpx2.Client):
    """Half of the JSON comes with an honest length: only a parser notices."""
    sim.set_faults([{"fault": "truncated_json"}])

    reply = http.get("/Users")

    assert reply.status_code == 200
    with pytest.raises(ValueError):
        json.loads(reply.content)


def test_wrong_content_type(sim: Simulator, http: httpx2.Client):
    """The right body comes as text/html."""
    sim.set_faults([{"fault": "wrong_content_type"}])

    reply = http.get("/Users")

    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.json()["totalResults"] == 30


def test_slow(sim: Simulator, http: httpx2.Client):
    """The answer is held back."""
    sim.set_faults([{"fault": "slow", "ms": 120}])

    start = time.perf_counter()
    http.get("/Users")

    assert time.perf_counter() - start >= 0.12


def test_lists_that_lie(sim: Simulator, http: httpx2.Client):
    """TotalResults is off, or a page is empty; single records do not use the rule up."""
    sim.set_faults(
        [{"fault": "total_drift", "delta": -2}, {"fault": "empty_page", "when": {"after": 2}}]
    )
    uid = sim.state()["members"][0]["id"]

    assert http.get(f"/Users/{uid}").status_code == 200
    assert http.get("/Users").json()["totalResults"] == 28
    page = http.get("/Users").json()
    assert (page["totalResults"], page["Resources"], page["itemsPerPage"]) == (30, [], 0)
    assert sim.fired() == {"total_drift-1": 1, "empty_page-2": 1}


def test_a_swap_between_pages_hides_a_lasting_member(sim: Simulator, http: httpx2.Client):
    """One leaves and one joins: totals agree, and a member who never left is missing (N-040)."""
    before = {m["id"] for m in sim.state()["members"]}
    sim.set_faults([{"fault": "swap", "when": {"request": 2}}])

    pages = [http.get("/Users", params={"startIndex": s, "count": 10}).json() for s in (1, 11, 21)]

    seen = [u["id"] for page in pages for u in page["Resources"]]
    after = {m["id"] for m in sim.state()["members"]}
    assert [page["totalResults"] for page in pages] == [30, 30, 30]
    assert len(seen) == len(set(seen)) == 30
    assert len((before & after) - set(seen)) == 1


@pytest.mark.parametrize(
    "case",
    [
        ("join", {"where": "front"}, {"joined"}),
        ("leave", {"where": "back"}, {"left", "group_left"}),
        ("group_change", {}, {"group_joined", "group_left"}),
        ("group_change", {"what": "created"}, {"group_created"}),
        ("group_change", {"what": "swap"}, {"group_created", "group_deleted", "group_left"}),
        ("token_revoked", {}, {"token_revoked"}),
    ],
)
def test_faults_that_change_the_workspace(
    sim: Simulator, http: httpx2.Client, case: tuple[Any, ...]
):
    """The change happens before that answer, and the history has it with the request's number."""
    fault, args, kinds = case
    sim.set_faults([{"fault": fault, "when": {"request": 2}, **args}])

    first, second = http.get("/Users"), http.get("/Users")

    changes = sim.history()
    assert first.status_code == 200
    assert second.status_code == (401 if fault == "token_revoked" else 200)
    assert changes
    assert {change["kind"] for change in changes} <= kinds
    assert {change["request"] for change in changes} == {2}
    assert [entry["history_seq"] for entry in sim.requests()] == [0, len(changes)]


def test_reshuffle(sim: Simulator, http: httpx2.Client):
    """Both listings get a new order that lasts."""
    sim.set_faults([{"fault": "reshuffle", "when": {"request": 2}}])

    one, two, three = ([u["id"] for u in http.get("/Users").json()["Resources"]] for _ in range(3))

    assert one != two
    assert two == three


def test_every_fault_is_tried_here():
    """No kind of fault is without a test in this file."""
    text = Path(__file__).read_text(encoding="utf-8")

    assert [kind for kind in KINDS if f'"{kind}"' not in text] == []


def test_conditions(sim: Simulator, http: httpx2.Client, rest: httpx2.Client):
    """Path, method, number and probability all have to hold; `times` ends a rule, 0 never does."""
    sim.set_faults(
        [
            {"name": "path", "fault": "500", "when": {"path": "/Groups?startIndex=2"}},
            {"name": "numbers", "fault": "503", "when": {"requests": [3, 4]}, "times": 2},
            {"name": "rest", "fault": "529", "when": {"path": "/v1/"}, "times": 0},
            {"name": "never", "fault": "500", "when": {"probability": 0}},
            {"name": "delete", "fault": "500", "when": {"method": "DELETE"}},
        ]
    )

    statuses = [http.get(f"/Groups?startIndex={n}").status_code for n in (1, 2, 1, 1, 2)]
    statuses += [rest.get("/users").status_code for _ in range(2)]

    assert statuses == [200, 500, 503, 503, 200, 529, 529]
    assert sim.fired() == {"path": 1, "numbers": 2, "rest": 2, "never": 0, "delete": 0}


@pytest.mark.parametrize(
    "rules",
    [
        [{"fault": "earthquake"}],
        [{"fault": "500", "when": {"moon": "full"}}],
        [{"name": "a", "fault": "500"}, {"name": "a", "fault": "500"}],
        ["500"],
    ],
)
def test_unusable_rules(sim: Simulator, rules: list[Any]):
    """A rule that makes no sense is refused with a sentence, and the old rules stay."""
    sim.set_faults([{"name": "old", "fault": "500"}])

    with pytest.raises(ValueError):
        sim.set_faults(rules)

    assert sim.fired() == {"old": 0}


# REST


def test_rest_pages_hold_members_and_bots(sim: Simulator, rest: httpx2.Client):
    """Pages by cursor hold members and bots, no guests (N-139, N-141)."""
    state, seen, cursor = sim.state(), [], None
    while True:
        query = {"page_size": 7} | ({"start_cursor": cursor} if cursor else {})
        page = rest.get("/users", params=query).json()
        seen += [(user["id"], user["type"]) for user in page["results"]]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break

    assert cursor is None
    people = [(m["id"], "person") for m in state["members"]]
    assert seen == people + [(b["id"], "bot") for b in state["bots"]]


def test_rest_single_records(sim: Simulator, rest: httpx2.Client):
    """Guests and bots are found by id (N-142), `me` is the connection's own bot (N-143)."""
    state = sim.state()
    guest, bot = state["guests"][0], state["bots"][1]

    assert rest.get(f"/users/{guest['id']}").json()["person"] == {"email": guest["email"]}
    assert rest.get(f"/users/{bot['id']}").json()["bot"] == {}
    assert rest.get("/users/me").json()["bot"]["workspace_name"] == "Larkspur Works"
    missing = rest.get("/users/nobody")
    assert (missing.status_code, missing.json()["code"]) == (404, "object_not_found")


def test_rest_needs_version_and_key(sim: Simulator):
    """No version is 400 missing_version (N-150), no key 401 (N-153), with a request id (N-152)."""
    key = {"Authorization": f"Bearer {sim.api_key}"}

    old = httpx2.get(f"{sim.rest_url}/users", headers=key)
    wrong = httpx2.get(f"{sim.rest_url}/users", headers=key | {"Notion-Version": "1999-01-01"})
    stranger = httpx2.get(f"{sim.rest_url}/users", headers={"Notion-Version": "2022-06-28"})

    assert (old.status_code, old.json()["code"]) == (400, "missing_version")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "validation_error")
    assert (stranger.status_code, stranger.json()["code"]) == (401, "unauthorized")
    assert stranger.json()["object"] == "error"
    assert stranger.json()["request_id"]


def test_rest_capabilities(sim: Simulator, rest: httpx2.Client):
    """Without the capability there is no list (N-144); without e-mail no address (N-145)."""
    sim.switch("user_information", "without_email")
    assert rest.get("/users").json()["results"][0]["person"] == {}
    sim.switch("user_information", "none")
    refused = rest.get("/users")
    assert (refused.status_code, refused.json()["code"]) == (403, "restricted_resource")
    assert rest.get("/users/me").status_code == 200


@pytest.mark.parametrize(
    "query", [{"page_size": "0"}, {"page_size": "101"}, {"page_size": "x"}, {"start_cursor": "x-y"}]
)
def test_rest_borders(rest: httpx2.Client, query: dict[str, str]):
    """page_size goes from 1 to 100, and a cursor must be one of ours."""
    assert rest.get("/users", params=query).json()["code"] == "validation_error"


def test_rest_short_pages(sim: Simulator, rest: httpx2.Client):
    """A page may hold fewer than asked for while more follow (N-140)."""
    sim.switch("rest_short_pages", "yes")

    sizes = [len(rest.get("/users?page_size=20").json()["results"]) for _ in range(20)]

    assert min(sizes) < 20


def test_business_plan_has_rest_only(sim: Simulator, rest: httpx2.Client, http: httpx2.Client):
    """On a lower plan REST works and SCIM is refused (N-008)."""
    sim.reset(Options(users=10, seed=5, plan="business"))

    assert rest.get("/users").status_code == 200
    assert http.get("/Users").status_code == 403


# Limit, drift, log


def test_the_rate_limit_says_how_long_to_wait(sim: Simulator, http: httpx2.Client):
    """Above the limit a token gets 429 with whole seconds (N-156); after them it goes on."""
    sim.reset(Options(users=5, seed=5, requests_per_minute=180, rate_window_seconds=1))

    statuses = [http.get("/Users").status_code for _ in range(5)]
    refused = http.get("/Users")

    assert statuses == [200, 200, 200, 429, 429]
    assert refused.headers["Retry-After"] == "1"
    time.sleep(1.05)
    assert http.get("/Users").status_code == 200


def test_the_rest_limit_names_itself(sim: Simulator, rest: httpx2.Client):
    """A 429 of REST says which limit, and repeats the wait in its body (N-153, N-156)."""
    sim.set_faults([{"fault": "429", "retry_after": 9}, {"fault": "429", "retry_after": "none"}])

    first, second = rest.get("/users").json(), rest.get("/users").json()

    assert first["code"] == second["code"] == "rate_limited"
    assert first["additional_data"]["retry_after"] == "9"
    assert "retry_after" not in second["additional_data"]


def test_one_ending_per_request(sim: Simulator, http: httpx2.Client):
    """Of rules that end a request only the first strikes; a change of the workspace joins it."""
    sim.set_faults(
        [
            {"name": "gone", "fault": "leave"},
            {"name": "torn", "fault": "reset_before"},
            {"name": "late", "fault": "500"},
        ]
    )

    with pytest.raises(httpx2.TransportError):
        http.get("/Users")

    assert sim.fired() == {"gone": 1, "torn": 1, "late": 0}
    assert sim.state()["totals"]["members"] == 29


def test_nothing_else_is_served(sim: Simulator):
    """Outside of SCIM, REST and the control pages there is nothing."""
    assert httpx2.get(f"{sim.url}/login").status_code == 404


def test_an_empty_workspace(sim: Simulator):
    """With nobody and no group everything still answers, and nothing can move."""
    sim.reset(Options(users=0, groups=0, bots=0, seed=5))
    key = {"Authorization": f"Bearer {sim.api_key}", "Notion-Version": "2022-06-28"}
    token = {"Authorization": f"Bearer {sim.scim_token}"}
    sim.set_faults([{"fault": "leave"}, {"fault": "group_change", "what": "deleted"}])

    for kind in ("Users", "Groups"):
        page = httpx2.get(f"{sim.scim_url}/{kind}", headers=token).json()
        assert (page["totalResults"], page["Resources"]) == (0, [])
    assert httpx2.get(f"{sim.rest_url}/users", headers=key).json()["results"] == []
    assert httpx2.get(f"{sim.rest_url}/users/me", headers=key).json()["type"] == "bot"
    assert sim.history() == []
    assert all(text.endswith(".") for text in sim.move(20))


def test_latency(sim: Simulator, http: httpx2.Client):
    """Each answer takes the latency, and answers overlap."""
    sim.reset(Options(users=5, seed=5, latency_ms=40))

    start = time.perf_counter()
    http.get("/Users")

    assert time.perf_counter() - start >= 0.04


def test_drift_follows_the_seed(sim: Simulator):
    """A drifting workspace changes by itself, the same way each time."""
    stories = []
    for _ in range(2):
        sim.reset(Options(users=30, groups=4, seed=9, drift=True, drift_percent=100))
        headers = {"Authorization": f"Bearer {sim.scim_token}"}
        with httpx2.Client(base_url=sim.scim_url, headers=headers) as client:
            assert {client.get("/Users").status_code for _ in range(25)} == {200}
        stories.append([(e["kind"], e["user"], e["group"], e["request"]) for e in sim.history()])

    assert stories[0] == stories[1]
    assert len({kind for kind, *_ in stories[0]}) >= 3


def test_the_log_never_holds_the_token(sim: Simulator, http: httpx2.Client):
    """Requests are listed with number, path, status and body of writes; the token is not."""
    http.get("/Users?count=1", headers={"User-Agent": "tester/1"})
    http.post("/Users", json={"userName": "x@larkspur.example"})
    httpx2.get(f"{sim.scim_url}/Users")

    log = sim.requests()
    assert [(e["number"], e["method"], e["status"], e["bearer"]) for e in log] == [
        (1, "GET", 200, True),
        (2, "POST", 201, True),
        (3, "GET", 401, False),
    ]
    assert log[0]["path"] == "/scim/v2/Users?count=1"
    assert log[0]["user_agent"] == "tester/1"
    assert json.loads(log[1]["body"]) == {"userName": "x@larkspur.example"}
    assert sim.scim_token not in json.dumps(log)
    sim.clear_requests()
    http.get("/Users")
    assert [entry["number"] for entry in sim.requests()] == [1]


# Control


def test_control_by_http(sim: Simulator, http: httpx2.Client):
    """Everything that the Python object does can be done through /_sim/."""
    with httpx2.Client(base_url=sim.url) as control:
        uid = control.post("/_sim/users", json={"name": "Zed", "role": "owner"}).json()["id"]
        gid = control.post("/_sim/groups", json={"name": "G", "members": [uid]}).json()["id"]
        assert control.patch(f"/_sim/users/{uid}", json={"role": "king"}).json() == {"role": "king"}
        assert control.put(f"/_sim/groups/{gid}/members/ghost").json() == {"joined": "ghost"}
        state = control.get("/_sim/state").json()
        assert state["members"][-1]["display"] == "Zed"
        assert state["groups"][-1]["members"] == [uid, "ghost"]
        assert control.delete(f"/_sim/groups/{gid}").status_code == 200
        assert control.delete(f"/_sim/users/{uid}").json() == {"left": uid}
        assert len(control.post("/_sim/move", json={"times": 4}).json()["moves"]) == 4
        kinds = [e["kind"] for e in control.get("/_sim/history").json()]
        assert kinds[:4] == ["joined", "group_created", "group_joined", "role"]
        assert control.get("/_sim/history?after=3").json()[0]["seq"] == 4
        assert control.put("/_sim/switches/order", json={"value": "reshuffled"}).status_code == 200
        assert {"reshuffled"} < {s["value"] for s in control.get("/_sim/switches").json()}
        token = control.post("/_sim/tokens", json={"creator": ""}).json()["token"]
        assert http.get("/Users", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert control.post("/_sim/tokens/revoke").json() == {"revoked": 2}
        assert http.get("/Users").status_code == 401
        page = control.get("/_sim/").text
        assert [path for path in PATHS if path not in page] == []


def test_presence_by_http(sim: Simulator):
    """The oracle's question, who was there throughout and at any time, is answered by HTTP too."""
    uid, stays = sim.state()["members"][3]["id"], sim.state()["members"][4]["id"]
    sim.remove_user(uid)
    last = len(sim.history())

    found = httpx2.get(f"{sim.url}/_sim/presence?from=0&to={last}").json()

    assert found == sim.presence(0, last)
    assert uid not in found["always"]["members"]
    assert uid in found["ever"]["members"]
    assert stays in found["always"]["members"]
    assert httpx2.delete(f"{sim.url}/_sim/groups/x/members/y").status_code == 404


def test_faults_by_http(sim: Simulator, http: httpx2.Client):
    """Fault rules are put, shown with their counts, and removed."""
    with httpx2.Client(base_url=sim.url) as control:
        rule = {"name": "a", "fault": "429", "retry_after": 3, "when": {"path": "/Users"}}
        control.put("/_sim/faults", json=[rule])
        http.get("/Users")
        (shown,) = control.get("/_sim/faults").json()
        assert shown["fired"] == 1
        assert control.put("/_sim/faults", json=[shown]).json()[0]["fired"] == 0
        assert control.delete("/_sim/faults").json() == []
        assert control.get("/_sim/requests").json()[0]["fault"] == "429"
        assert control.delete("/_sim/requests").json() == {"cleared": True}


@pytest.mark.parametrize(
    "case",
    [
        ("PUT", "/_sim/switches/order", {"value": "sideways"}, 400),
        ("PUT", "/_sim/switches/gravity", {"value": "off"}, 400),
        ("PUT", "/_sim/faults", [{"fault": "none"}], 400),
        ("DELETE", "/_sim/users/nobody", None, 404),
        ("POST", "/_sim/groups", {}, 404),
        ("POST", "/_sim/move", [], 400),
        ("GET", "/_sim/nothing", None, 404),
        ("POST", "/_sim/state", None, 405),
    ],
)
def test_wrong_control_requests(sim: Simulator, case: tuple[Any, ...]):
    """What makes no sense is answered with a sentence, never with a stack trace."""
    method, path, body, status = case

    assert httpx2.request(method, sim.url + path, json=body).status_code == status


def test_past_all_rules(sim: Simulator):
    """The Python object changes the workspace past Notion's rules, and tells what happened."""
    guest = sim.state()["guests"][0]["id"]
    uid = sim.add_user("Ann@Outside.example", name="Ann", role="robot", where="front")
    gid = sim.add_group("G", [uid, guest])

    sim.set_role(uid, "member")
    sim.add_to_group(gid, "ghost")
    sim.remove_from_group(gid, guest)

    state = sim.state()
    assert state["members"][0]["email"] == "ann@outside.example"
    assert state["groups"][-1]["members"] == [uid, "ghost"]
    with pytest.raises(ValueError):
        sim.add_user("ann@outside.example")
    sim.remove_group(gid)
    sim.remove_user(uid)
    assert len(sim.move(3)) == 3
    with pytest.raises(KeyError):
        sim.remove_user(uid)


def test_two_simulators_and_restarts():
    """Several run side by side, starting is quick, and stopping twice does no harm."""
    start = time.perf_counter()
    with Simulator(SIZE) as one, Simulator(SIZE) as two:
        took = time.perf_counter() - start
        assert one.port != two.port
        assert one.scim_token == two.scim_token
    two.stop()
    print(f"two simulators of 30 people started in {took * 1000:.1f} ms")

    assert took < 1
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(one.url)
