"""The commands that change Notion, as people run them, against the simulator."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from running import Command, Ended, to

from notion_sim import Options, Simulator
from rolecall.connector.provision.journal import Opened, locked_journal
from rolecall.connector.provision.operations import GrantRole
from rolecall.connector.provision.step import State, Step, Undo

CHANGES = {"POST", "PATCH", "PUT", "DELETE"}


def member(sim: Simulator, role: str = "member", at: int = 0) -> dict[str, Any]:
    """Somebody with this role, as the simulator knows them; their domain is verified."""
    domain = f"@{sim.state()['workspace']['domain']}"
    having = [
        one
        for one in sim.state()["members"]
        if one["role"] == role and one["email"].endswith(domain) and not one["hides_role"]
    ]
    return dict(having[at])


def now(sim: Simulator, user_id: str) -> dict[str, Any]:
    """What the simulator holds of a member; empty if they are gone."""
    return next((dict(one) for one in sim.state()["members"] if one["id"] == user_id), {})


def group(sim: Simulator, name: str) -> dict[str, Any]:
    """What the simulator holds of a group; empty if there is none."""
    return next((dict(one) for one in sim.state()["groups"] if one["name"] == name), {})


def sent(sim: Simulator) -> list[str]:
    """Method and path of every request that asks for a change."""
    return [f"{r['method']} {r['path']}" for r in sim.requests() if r["method"] in CHANGES]


def entry(ended: Ended) -> str:
    """The journal entry that the way back names."""
    return ended.out.rstrip().rpartition("rolecall-notion undo ")[2].splitlines()[0]


def held(sim: Simulator) -> Mapping[str, Any]:
    """Members and groups, as something to compare."""
    state = sim.state()
    return {"members": state["members"], "groups": state["groups"]}


def test_a_role_is_granted_verified_and_recorded(sim: Simulator, command: Command):
    """The role is there, the sentence says what it replaced and when it was seen."""
    ana = member(sim)
    ended = command("grant", "owner", ana["email"], "--why", "ticket 12", **to(sim))
    recorded = json.loads(command("journal", "-o", "json").out)

    assert ended.status == 0
    assert now(sim, ana["id"])["role"] == "owner"
    assert "is now Owner (was Member). Verified " in ended.out
    assert "→ " in ended.err
    assert [(one["entry"], one["state"], one["why"]) for one in recorded] == [
        (entry(ended), "verified", "ticket 12")
    ]
    assert command.left() == ["sync.c1z.journal"]


def test_a_role_that_is_held_is_left_alone(sim: Simulator, command: Command):
    """Asking for what is so ends well, says so, sends nothing and records nothing."""
    ana = member(sim)
    ended = command("grant", "member", ana["email"], **to(sim))

    assert ended.status == 0
    assert "already" in ended.out
    assert sent(sim) == []
    assert json.loads(command("journal", "-o", "json").out) == []


@pytest.mark.parametrize(
    "form", ["owner", "Owner", "role:owner", "role:Owner", "role:owner:assigned"]
)
def test_every_way_to_name_a_role(sim: Simulator, command: Command, form: str):
    """A role is known by id, by name, by kind, and by Baton's id of its entitlement."""
    ended = command("grant", form, member(sim)["id"], "--dry-run", "-o", "json", **to(sim))

    assert json.loads(ended.out)[0]["after"] == "role owner"


@pytest.mark.parametrize("form", ["{name}", "{id}", "group:{name}", "group:{id}:member"])
def test_every_way_to_name_a_group(sim: Simulator, command: Command, form: str):
    """A group is known by name, by id, by kind, and by Baton's id of its entitlement."""
    gid = sim.add_group("Moon: landing")
    word = form.format(name="Moon: landing", id=gid)
    ended = command("grant", word, member(sim)["display"], **to(sim))

    assert ended.status == 0
    assert group(sim, "Moon: landing")["members"] == [member(sim)["id"]]


def test_a_word_for_a_role_and_a_group_is_refused(sim: Simulator, command: Command):
    """Nothing is guessed where a group is called like a role."""
    sim.add_group("owner")
    ended = command("grant", "owner", member(sim)["email"], **to(sim))

    assert ended.status == 3
    assert "role:owner or group:owner" in ended.err
    assert sent(sim) == []


def test_a_name_of_two_people_lists_both(sim: Simulator, command: Command):
    """An ambiguous name is an error with the candidates' addresses, and changes nobody."""
    sim.add_user("sam.one@larkspur.example", name="Sam Doe")
    sim.add_user("sam.two@larkspur.example", name="Sam Doe")
    ended = command("grant", "owner", "Sam Doe", **to(sim))

    assert ended.status == 3
    assert "sam.one@" in ended.err
    assert "sam.two@" in ended.err
    assert sent(sim) == []


@pytest.mark.parametrize(
    "words",
    [
        ("grant", "owner", "Nobody Here"),
        ("revoke", "owner", "Nobody Here"),
        ("account", "remove", "Nobody Here"),
        ("grant", "owner", "nobody@larkspur.example"),
        ("revoke", "onwer", "nobody@larkspur.example"),
        ("group", "add", "No Such", "nobody@larkspur.example"),
        ("group", "rename", "No Such", "Other"),
        ("account", "update", "nobody@larkspur.example", "--title", "X"),
    ],
    ids=" ".join,
)
def test_who_or_what_is_not_there(sim: Simulator, command: Command, words: tuple[str, ...]):
    """A misspelled name is an error, and so is an address that should get something."""
    ended = command(*words, **to(sim))

    assert ended.status == 5
    assert sent(sim) == []


@pytest.mark.parametrize(
    "words",
    [
        ("revoke", "owner", "nobody@larkspur.example"),
        ("account", "remove", "nobody@larkspur.example"),
        ("account", "remove", "6f0c1c3e-2f5b-4c1e-9a77-0d6f2b1a9c10"),
        ("group", "delete", "No Such"),
        ("group", "remove", "No Such", "nobody@larkspur.example"),
    ],
    ids=" ".join,
)
def test_taking_away_what_is_gone(sim: Simulator, command: Command, words: tuple[str, ...]):
    """Taking away from an address or id that is no member, or a group that is gone, ends well."""
    ended = command(*words, **to(sim))

    assert ended.status == 0
    assert ended.out.startswith("Already so: ")
    assert sent(sim) == []


def test_revoking_leaves_the_floor(sim: Simulator, command: Command):
    """Without their role somebody is restricted member, and that cannot be revoked."""
    ana = member(sim)
    first = command("revoke", "member", ana["email"], **to(sim))
    second = command("revoke", "restricted_member", ana["email"], **to(sim))

    assert (first.status, second.status) == (0, 9)
    assert now(sim, ana["id"])["role"] == "restricted_member"
    assert "remove the account" in second.err


def test_several_people_join_by_one_request(sim: Simulator, command: Command):
    """All who are named share one PATCH, and those who are in already are left alone."""
    sim.add_group("Moon")
    people = [one["email"] for one in sim.state()["members"]]
    command("group", "add", "Moon", people[0], **to(sim))
    sim.clear_requests()
    ended = command("group", "add", "Moon", *people, **to(sim))

    assert ended.status == 0
    assert len(sent(sim)) == 1
    assert len(group(sim, "Moon")["members"]) == len(people)
    assert ended.out.count("already") == 1
    assert ended.out.count("is now in the group Moon") == len(people) - 1
    assert ended.out.count("undo") == 1


def test_one_unknown_person_stops_all(sim: Simulator, command: Command):
    """If one of those named for a group cannot be found, nobody is added."""
    sim.add_group("Moon")
    ended = command("group", "add", "Moon", member(sim)["email"], "no@where.example", **to(sim))

    assert ended.status == 5
    assert sent(sim) == []


def test_an_account_is_made_changed_and_removed(sim: Simulator, command: Command):
    """A person joins with name and title, is left alone the second time, changes, and leaves."""
    who = "zoe.new@larkspur.example"
    made = command("account", "create", who, "--name", "Zoe New", "--title", "Boss", **to(sim))
    again = command(
        "account",
        "create",
        who,
        "--name",
        "Zoe Old",
        "--role",
        "owner",
        "--title",
        "Law",
        **to(sim),
    )
    changed = command("account", "update", "Zoe New", "--department", "Law", **to(sim))
    (zoe,) = (one for one in sim.state()["members"] if one["email"] == who)
    removed = command("account", "remove", who, **to(sim))
    gone = command("account", "remove", who, **to(sim))

    assert [one.status for one in (made, again, changed, removed, gone)] == [0] * 5
    assert (zoe["display"], zoe["title"], zoe["department"]) == ("Zoe New", "Boss", "Law")
    assert "already" in again.out
    assert "differs: role is member, not owner" in again.out
    assert "differs: name is Zoe New, not Zoe Old" in again.out
    assert "differs: title is Boss, not Law" in again.out
    assert "sessions ended" in removed.out
    assert "account itself remains" in removed.out
    assert now(sim, zoe["id"]) == {}


def test_an_unverified_domain_is_explained(sim: Simulator, command: Command):
    """Notion's refusal to change a profile says what would have to be so."""
    sim.add_user("kim@elsewhere.example", name="Kim Other")
    ended = command("account", "update", "kim@elsewhere.example", "--title", "Boss", **to(sim))

    assert ended.status == 7
    assert "verified" in ended.err
    assert "Notion shows:" in ended.err


def test_an_address_that_is_taken_is_explained(sim: Simulator, command: Command):
    """Notion's 500 for an address of somebody else is told as what it is."""
    ana, ben = member(sim), member(sim, at=1)
    ended = command("account", "update", ana["email"], "--email", ben["email"], **to(sim))

    assert ended.status == 10
    assert "another account has it" in ended.err
    assert now(sim, ana["id"])["email"] == ana["email"]


def test_a_changed_address_is_found_again(sim: Simulator, command: Command):
    """Repeating a change of address is harmless, although the old one is no longer known."""
    ana = member(sim)
    words = ("account", "update", ana["email"], "--email", "ana.new@larkspur.example")
    first, second = (command(*words, **to(sim)) for _ in range(2))

    assert (first.status, second.status) == (0, 0)
    assert now(sim, ana["id"])["email"] == "ana.new@larkspur.example"
    assert "already" in second.out


def test_a_group_is_made_renamed_and_deleted(sim: Simulator, command: Command):
    """Each of the three does what it says, and is harmless when repeated."""
    statuses, said = [], []
    for words in (("create", "Moon"), ("rename", "Moon", "Sun"), ("delete", "Sun")):
        for _ in range(2):
            ended = command("group", *words, **to(sim))
            statuses.append(ended.status)
            said.append(ended.out)

    assert statuses == [0] * 6
    assert group(sim, "Moon") == group(sim, "Sun") == {}
    assert "called Sun (was Moon)" in said[2]
    assert all("already" in one.lower() for one in said[1::2])


def test_a_group_that_notion_keeps(sim: Simulator, command: Command):
    """Notion's refusal to delete a group says why it may refuse."""
    sim.reset(Options(users=7, groups=3, members_per_group=3, seed=7, last_access_percent=100))
    name = sim.state()["groups"][0]["name"]
    ended = command("group", "delete", name, **to(sim))

    assert ended.status == 7
    assert "full access" in ended.err
    assert group(sim, name)["members"]


COMMANDS = (
    "grant owner {who}",
    "revoke member {who}",
    "account create new@larkspur.example --name New --role owner",
    "account update {who} --title Boss --manager boss@larkspur.example --phone 123",
    "account remove {who}",
    "group add {other} {who}",
    "group remove {group} {in}",
    "group create Moon",
    "group rename {group} Moon",
    "group delete {group}",
)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_dry_run_changes_nothing(sim: Simulator, command: Command, line: str):
    """A plan says all that would be done; no change is sent, and no journal is begun."""
    sim.add_group("Empty")
    first = next(one for one in sim.state()["groups"] if one["members"])
    names = {"who": member(sim)["email"], "group": first["id"], "in": first["members"][0]}
    words = line.format(**names, other="Empty").split()
    before = held(sim)
    text = command(*words, "--dry-run", **to(sim))
    data = json.loads(command(*words, "-n", "-o", "json", **to(sim)).out)

    assert text.status == 0
    assert all(f"\n  {part}" in text.out for part in ("from → to:", "calls:", "guard:", "undo:"))
    assert [one["outcome"] for one in data] == ["planned"]
    assert data[0]["undo"].partition(":")[0] in {"exactly", "equivalently", "not"}
    assert held(sim) == before
    assert sent(sim) == []
    assert command.left() == []


def test_lines_for_programs(sim: Simulator, command: Command):
    """The JSON of a result names everything that a program needs to follow it up."""
    ana = member(sim)
    (line,) = json.loads(command("grant", "owner", ana["id"], "-o", "json", **to(sim)).out)

    assert (line["outcome"], line["code"], line["operation"]) == ("done", 0, "grant")
    assert (line["before"], line["after"]) == ("role member", "role owner")
    assert line["calls"] == [f"PATCH /Users/{ana['id']}"]
    assert datetime.fromisoformat(line["seen_at"]).tzinfo
    assert line["entry"] == json.loads(command("journal", "-o", "json").out)[0]["entry"]


def test_the_last_owner_stays(sim: Simulator, command: Command):
    """The only workspace owner keeps the role, by our guard and before Notion is asked."""
    owners = [one for one in sim.state()["members"] if one["role"] == "owner"]
    for one in owners[1:]:
        sim.set_role(one["id"], "member")
    demoted = command("revoke", "owner", owners[0]["email"], **to(sim))
    removed = command("account", "remove", owners[0]["email"], **to(sim))
    planned = command("account", "remove", owners[0]["email"], "-n", **to(sim))

    assert [demoted.status, removed.status, planned.status] == [9, 9, 9]
    assert "No other workspace owner" in demoted.err
    assert "refused: No other workspace owner" in planned.out
    assert sent(sim) == []


def test_the_owner_of_the_token_stays(sim: Simulator, command: Command):
    """Who is named as owner of the token is neither demoted nor removed, in a batch neither."""
    boss = member(sim, "owner")
    sim.set_role(member(sim)["id"], "owner")
    mine = {"BATON_TOKEN_OWNER": boss["email"].upper()}
    (command.folder / "b.csv").write_text(
        f"operation,who,entitlement\nrevoke,{boss['id']},owner\naccount remove,{boss['id']},\n"
    )
    ended = [
        command("revoke", "owner", boss["id"], **to(sim, **mine)),
        command("grant", "member", boss["id"], **to(sim, **mine)),
        command("account", "remove", boss["id"], **to(sim, **mine)),
        command("apply", "b.csv", **to(sim, **mine)),
    ]

    assert [one.status for one in ended] == [9] * 4
    assert now(sim, boss["id"])["role"] == "owner"
    assert sent(sim) == []


def test_a_misspelled_owner_of_the_token_is_refused(sim: Simulator, command: Command):
    """A guard that nobody could match is no guard: the run does not start."""
    mine = {"BATON_TOKEN_OWNER": "nobody@larkspur.example"}
    ended = command("grant", "owner", member(sim)["email"], **to(sim, **mine))

    assert ended.status == 3
    assert "--token-owner" in ended.err
    assert sent(sim) == []


def test_an_unnamed_owner_of_the_token_is_mentioned(sim: Simulator, command: Command):
    """Who takes an owner's role away without saying whose token it is, is told what may happen."""
    extra = member(sim)["id"]
    sim.set_role(extra, "owner")
    ended = command("revoke", "owner", extra, **to(sim))

    assert ended.status == 0
    assert "--token-owner" in ended.said


def test_a_hint_saves_the_listing(sim: Simulator, command: Command):
    """With another owner named or in the file, one request more is enough to take an owner."""
    extra = member(sim)["id"]
    sim.set_role(extra, "owner")
    command("-f", "sync.c1z", **to(sim))
    sim.clear_requests()
    ended = command("revoke", "owner", extra, **to(sim))

    assert ended.status == 0
    assert [r["path"] for r in sim.requests() if "startIndex" in str(r)] == []
    assert len(sim.requests()) == 6


def test_a_removed_person_comes_back(sim: Simulator, command: Command):
    """Undoing a removal invites with the former role and puts into the former groups, once."""
    one = next(g for g in sim.state()["groups"] if g["members"])
    who = now(sim, one["members"][0])
    groups = [g["name"] for g in sim.state()["groups"] if who["id"] in g["members"]]
    removed = command("account", "remove", who["email"], **to(sim))
    plan = command("undo", entry(removed), "--dry-run", **to(sim))
    back = command("undo", entry(removed), "--why", "a mistake", **to(sim))
    again = command("undo", entry(removed), **to(sim))
    (now_there,) = (m for m in sim.state()["members"] if m["email"] == who["email"])
    listed = json.loads(command("journal", "-o", "json").out)

    assert [removed.status, plan.status, back.status, again.status] == [0, 0, 0, 3]
    assert now_there["role"] == who["role"]
    assert [g["name"] for g in sim.state()["groups"] if now_there["id"] in g["members"]] == groups
    assert all(name in plan.out for name in groups)
    assert {one["undoes"] for one in listed} == {"", entry(removed)}
    assert listed[0]["undone_by"]
    assert [one["why"] for one in listed] == ["", *["a mistake"] * (1 + len(groups))]


def test_what_changed_since_is_not_undone(sim: Simulator, command: Command):
    """A role that somebody changed afterwards is left as it is."""
    ana = member(sim)
    granted = command("grant", "owner", ana["email"], **to(sim))
    sim.set_role(ana["id"], "membership_admin")
    ended = command("undo", entry(granted), **to(sim))

    assert ended.status == 10
    assert now(sim, ana["id"])["role"] == "membership_admin"


def test_the_journal_tells_one_entry(sim: Simulator, command: Command):
    """An entry shows who, when, from what to what, each call and what was seen; no secret."""
    granted = command("grant", "owner", member(sim)["email"], "--why", "ticket 12", **to(sim))
    shown = command("journal", entry(granted))
    (file,) = (command.folder / "sync.c1z.journal").iterdir()

    assert shown.status == 0
    assert "role member → role owner" in shown.out
    assert "ticket 12" in shown.out
    assert [word for word in ("calling", "answered", "verified") if word in shown.out] == [
        "calling",
        "answered",
        "verified",
    ]
    assert sim.scim_token not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_an_entry_that_is_not_there(command: Command):
    """Asking for an unknown entry is an error, without any credential or request."""
    assert command("journal", "3MPYCC23nN5FyJ6YfRcXF7DNVZY").status == 5
    assert command("journal", "../etc/passwd").status == 5


def left_open(folder: Path, sim: Simulator, user_id: str) -> str:
    """An entry of a process that died before its first request."""
    operation = GrantRole(user_id=user_id, role="owner")
    step = Step(
        says="Ana becomes Owner.", before="", after="", changes=(), undo=Undo(how="exactly")
    )
    with locked_journal(folder) as journal:
        opened = Opened(
            id="3MPYCC23nN5FyJ6YfRcXF7DNVZY",
            at=datetime(2026, 11, 2, tzinfo=UTC),
            actor="somebody",
            workspace=sim.scim_url,
            operation=operation,
            step=step,
            before=State(),
        )
        journal.open(opened)
    return opened.id


def test_open_entries_are_resolved(sim: Simulator, command: Command):
    """`journal --resolve`, or the next change, looks what became of an entry left open."""
    folder = command.folder / "elsewhere"
    found = left_open(folder, sim, member(sim)["id"])
    dry = command("--journal", str(folder), "group", "create", "Moon", "-n", **to(sim))
    before = json.loads(command("journal", "--journal", str(folder), "-o", "json").out)
    ended = command("journal", "--resolve", "-o", "json", **to(sim, BATON_JOURNAL=str(folder)))
    nothing = command("journal", "--resolve", **to(sim, BATON_JOURNAL=str(folder)))

    assert dry.status == 0
    assert [one["state"] for one in before] == ["open"]
    assert [(one["entry"], one["state"]) for one in json.loads(ended.out)] == [(found, "failed")]
    assert "never sent" in ended.said
    assert "No entry is open" in nothing.said


def test_one_process_at_a_time(sim: Simulator, command: Command):
    """While another process holds the journal, nothing is changed."""
    with locked_journal(command.folder / "sync.c1z.journal"):
        ended = command("grant", "owner", member(sim)["email"], **to(sim))
        dry = command("grant", "owner", member(sim)["email"], "-n", **to(sim))

    assert ended.status == 10
    assert dry.status == 0
    assert sent(sim) == []


def test_a_lost_answer_is_resolved_by_looking(sim: Simulator, command: Command):
    """The effect without the answer counts as done, and nothing is sent twice."""
    ana = member(sim)
    sim.set_faults([{"name": "x", "when": {"method": "PATCH"}, "fault": "reset_after"}])
    ended = command("grant", "owner", ana["email"], **to(sim))

    assert ended.status == 0
    assert now(sim, ana["id"])["role"] == "owner"
    assert len(sent(sim)) == sum(sim.fired().values()) == 1


def test_a_token_that_dies_in_the_middle(sim: Simulator, command: Command):
    """What cannot be seen any more is not reported as done, and the entry stays open."""
    ana = member(sim)
    sim.set_faults(
        [
            {"name": "x", "when": {"method": "PATCH"}, "fault": "reset_after"},
            {"name": "y", "when": {"method": "GET", "after": 3}, "fault": "token_revoked"},
        ]
    )
    ended = command("grant", "owner", ana["email"], **to(sim))

    assert ended.status != 0
    assert "is now Owner" not in ended.out


def test_an_api_key_changes_nothing(sim: Simulator, command: Command):
    """Without a SCIM token the commands say what is missing."""
    ended = command("grant", "owner", member(sim)["email"], BATON_API_KEY=sim.api_key)

    assert ended.status == 3
    assert "SCIM token" in ended.err


def test_a_setting_called_journal_is_no_command(sim: Simulator, command: Command):
    """The configuration file may name the journal's folder, and the command of that name runs."""
    (command.folder / ".baton.yaml").write_text("journal: book\n")
    granted = command("grant", "owner", member(sim)["email"], **to(sim))
    shown = json.loads(command("journal", "-o", "json").out)

    assert granted.status == 0
    assert len(shown) == 1
    assert command.left() == [".baton.yaml", "book"]
