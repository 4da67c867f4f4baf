"""The Go runner's one-shot flags, as scripts use them: effect, log, exit status and file."""

import json
from pathlib import Path
from typing import Any

import pytest
from running import Command, Ended, to

from notion_sim import Simulator


def order(command: Command, sim: Simulator, *words: str, **environ: str) -> Ended:
    """One order, with provisioning switched on; stdout is always empty."""
    end = command("-p", *words, **to(sim, **environ))
    assert end.out == ""
    return end


def somebody(sim: Simulator, role: str = "member") -> str:
    """The id of a member of a role."""
    return str(next(m["id"] for m in sim.state()["members"] if m["role"] == role))


def role_of(sim: Simulator, user: str) -> str:
    """Their role; "" if they are no member."""
    return next((m["role"] for m in sim.state()["members"] if m["id"] == user), "")


def granting(entitlement: str, user: str) -> tuple[str, ...]:
    """The three flags of a grant."""
    return (
        *("--grant-entitlement", entitlement),
        *("--grant-principal", user),
        *("--grant-principal-type", "user"),
    )


def annotations(end: Ended) -> list[str]:
    """The names of the annotations in the logged response."""
    return [
        str(one["@type"]).rpartition(".")[2] for one in end.lines[-1]["response"]["annotations"]
    ]


def test_a_grant_and_its_revoke_right_after(sim: Simulator, command: Command):
    """What the Go tool's cache makes a silent nothing really revokes; the file stays as it was."""
    command(**to(sim))
    file = (command.folder / "sync.c1z").read_bytes()
    who = somebody(sim)
    given = order(command, sim, *granting("role:owner:assigned", who))
    between = role_of(sim, who)
    taken = order(command, sim, "--revoke-grant", f"role:owner:assigned:user:{who}")

    assert (given.status, taken.status) == (0, 0)
    assert annotations(given) == ["GrantReplaced"]
    assert given.lines[-1]["response"]["annotations"][0]["replacedGrantId"] == (
        f"role:member:assigned:user:{who}"
    )
    assert taken.lines[-1] == {**taken.lines[-1], "msg": "Revoked", "response": {}}
    assert (between, role_of(sim, who)) == ("owner", "restricted_member")
    assert (command.folder / "sync.c1z").read_bytes() == file


def test_a_repeated_grant_replaces_nothing(sim: Simulator, command: Command):
    """Held already: the file still shows the old role, and Notion is believed."""
    command(**to(sim))
    who = somebody(sim)
    sim.set_role(who, "owner")
    end = order(command, sim, *granting("role:owner:assigned", who))

    assert annotations(end) == ["GrantAlreadyExists"]
    assert end.lines[-1]["msg"] == "Granted already"


def test_a_membership_comes_and_goes(sim: Simulator, command: Command):
    """A group of the file, by its entitlement and by the grant's id, which the file lacks."""
    command(**to(sim))
    group = sim.state()["groups"][0]
    who = next(m["id"] for m in sim.state()["members"] if m["id"] not in group["members"])
    entitlement = f"group:{group['id']}:member"
    order(command, sim, *granting(entitlement, who))
    between = sim.state()["groups"][0]["members"]
    end = order(command, sim, "--revoke-grant", f"{entitlement}:user:{who}")

    assert end.status == 0
    assert who in between
    assert sim.state()["groups"][0]["members"] == group["members"]


def test_a_grant_of_the_file_is_revoked_and_then_gone_already(sim: Simulator, command: Command):
    """The second time is a success that says so."""
    command(**to(sim))
    group = sim.state()["groups"][0]
    grant = f"group:{group['id']}:member:user:{group['members'][0]}"
    first = order(command, sim, "--revoke-grant", grant)
    second = order(command, sim, "--revoke-grant", grant)

    assert (first.lines[-1]["msg"], second.lines[-1]["msg"]) == ("Revoked", "Revoked already")
    assert first.status == second.status == 0


def test_a_role_can_be_revoked_without_a_file(sim: Simulator, command: Command):
    """The four roles are known, and the user is looked up in Notion."""
    who = somebody(sim)
    end = order(command, sim, "--revoke-grant", f"role:member:assigned:user:{who}")

    assert end.status == 0
    assert role_of(sim, who) == "restricted_member"
    assert not (command.folder / "sync.c1z").exists()


def test_the_user_may_be_younger_than_the_file(sim: Simulator, command: Command):
    """Somebody joined after the sync: the grant's id is understood, Notion knows them."""
    command(**to(sim))
    order(command, sim, "--create-account-login", "new@larkspur.example")
    who = next(m["id"] for m in sim.state()["members"] if m["email"].startswith("new@"))
    end = order(command, sim, "--revoke-grant", f"role:member:assigned:user:{who}")

    assert end.status == 0
    assert role_of(sim, who) == "restricted_member"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (granting("role:king:assigned", "{who}"), "does not know the entitlement"),
        (granting("role:owner:assigned", "nobody"), "does not know the principal"),
        (("--revoke-grant", "role:king:assigned:user:{who}"), "does not know the grant"),
        (("--revoke-grant", "role:owner:assigned:user:nobody"), "neither the file nor Notion"),
        (("--revoke-grant", "role:owner:assigned:user:"), "does not know the grant"),
    ],
)
def test_what_the_file_does_not_know_ends_with_2(
    sim: Simulator, command: Command, words: tuple[str, ...], says: str
):
    """As with the Go runner; and nothing is changed."""
    command(**to(sim))
    sim.clear_requests()
    end = order(command, sim, *(one.format(who=somebody(sim)) for one in words))

    assert end.status == 2
    assert says in end.err
    assert [one for one in sim.requests() if one["method"] != "GET"] == []


def test_without_a_file_nothing_can_be_granted(sim: Simulator, command: Command):
    """The way out is named."""
    end = order(command, sim, *granting("role:owner:assigned", somebody(sim)))

    assert end.status == 2
    assert "holds no finished sync" in end.err
    assert "sync first" in end.err


def test_the_least_role_cannot_be_revoked(sim: Simulator, command: Command):
    """FailedPrecondition, which is exit status 9."""
    who = somebody(sim)
    sim.set_role(who, "restricted_member")
    end = order(command, sim, "--revoke-grant", f"role:restricted_member:assigned:user:{who}")

    assert end.status == 9
    assert "remove the account" in end.err


@pytest.mark.parametrize(
    "words",
    [
        ("--create-account-login", "new@larkspur.example"),
        ("--create-account-login", "new", "--create-account-email", "new@larkspur.example"),
        ("--create-account-profile", '{"email": "new@larkspur.example", "first_name": "New"}'),
        (
            *("--create-account-profile", "{}", "--create-account-email", "new@larkspur.example"),
            *("--create-account-resource-type", "user"),
        ),
    ],
)
def test_an_account_is_created(sim: Simulator, command: Command, words: tuple[str, ...]):
    """By login, by address or by profile; and the second time it exists."""
    first, second = order(command, sim, *words), order(command, sim, *words)

    assert "new@larkspur.example" in [m["email"] for m in sim.state()["members"]]
    assert first.lines[-1]["msg"] == "Account created"
    assert second.lines[-1]["msg"] == "Account exists"
    assert "alreadyExists" in second.lines[-1]["response"]
    assert first.status == second.status == 0


def test_an_account_is_deleted_and_a_gone_one_too(sim: Simulator, command: Command):
    """Exit status 0 both times, where the Go tool fails the second time, or even the first."""
    who = somebody(sim)
    words = ("--delete-resource", who, "--delete-resource-type", "user")
    ends = [order(command, sim, *words), order(command, sim, *words)]

    assert [end.status for end in ends] == [0, 0]
    assert role_of(sim, who) == ""


def test_a_group_is_made_renamed_and_deleted(sim: Simulator, command: Command):
    """By actions, and by deleting the resource."""

    def act(name: str, args: str) -> Any:
        end = order(command, sim, "--invoke-action", name, "--invoke-action-args", args)
        assert end.status == 0, end.err
        return end.lines[-1]["response"]

    made = act("create_group", '{"name": "Moon"}')
    gid = made["response"]["group_id"]
    act("rename_group", f'{{"group_id": "{gid}", "name": "Sun"}}')
    named = [g["name"] for g in sim.state()["groups"] if g["id"] == gid]
    end = order(command, sim, "--delete-resource", gid, "--delete-resource-type", "group")

    assert made["status"] == "BATON_ACTION_STATUS_COMPLETE"
    assert named == ["Sun"]
    assert end.status == 0
    assert gid not in [g["id"] for g in sim.state()["groups"]]


def test_the_journal_says_who_asked_and_by_which_flag(sim: Simulator, command: Command):
    """The user of the operating system, whatever the environment claims."""
    end = order(command, sim, *ORDERS["create"], LOGNAME="mallory", USER="mallory")
    (entry,) = (command.folder / "sync.c1z.journal").glob("*.jsonl")
    opened = json.loads(entry.read_text(encoding="utf-8").splitlines()[0])

    assert end.status == 0
    assert opened["why"] == "--create-account"
    assert opened["actor"] not in {"", "mallory"}


def test_the_cap_can_be_agreed_to(sim: Simulator, command: Command):
    """Eleven people within the hour: the eleventh is refused with the number that would do."""
    ends = [
        order(command, sim, "--create-account-login", f"n{n}@larkspur.example") for n in range(11)
    ]
    agreed = order(command, sim, *ORDERS["create"], BATON_YES_REALLY="11")

    assert [end.status for end in ends] == [0] * 10 + [9]
    assert "--yes-really 11" in ends[-1].err
    assert agreed.status == 0


def test_action_schemas_need_neither_token_nor_permission(command: Command):
    """One log line for each action, and nothing is left behind."""
    every = command("--list-action-schemas")
    some = command("--list-action-schemas", "--list-action-schemas-resource-type", "user")

    assert [line["schema"]["name"] for line in every.lines] == [
        "update_account",
        "create_group",
        "rename_group",
        "delete_group",
    ]
    assert [line["schema"]["name"] for line in some.lines] == ["update_account"]
    assert every.out == some.out == ""
    assert command.left() == []


ORDERS = {
    "grant": granting("role:owner:assigned", "{who}"),
    "revoke": ("--revoke-grant", "role:member:assigned:user:{who}"),
    "create": ("--create-account-login", "new@larkspur.example"),
    "delete": ("--delete-resource", "{who}", "--delete-resource-type", "user"),
    "action": ("--invoke-action", "create_group", "--invoke-action-args", '{{"name": "Moon"}}'),
}


@pytest.mark.parametrize("kind", ORDERS)
def test_without_p_nothing_is_changed(sim: Simulator, command: Command, kind: str):
    """The Go runner's words and its exit status, and not one request."""
    command(**to(sim))
    sim.clear_requests()
    end = command(*(one.format(who=somebody(sim)) for one in ORDERS[kind]), **to(sim))

    assert end.status == 9
    assert "provisioning is not enabled" in end.err
    assert "BATON_PROVISIONING" in end.err
    assert sim.requests() == []


@pytest.mark.parametrize("kind", ORDERS)
def test_a_lost_answer_is_looked_after(sim: Simulator, command: Command, kind: str):
    """The effect happens and the answer is torn: success, because Notion shows it."""
    command(**to(sim))
    sim.set_faults(
        [
            {"name": method, "when": {"method": method}, "fault": "reset_after"}
            for method in ("PATCH", "POST", "DELETE")
        ]
    )
    end = order(command, sim, *(one.format(who=somebody(sim)) for one in ORDERS[kind]))

    assert end.status == 0, end.err
    assert sum(sim.fired().values()) == 1


@pytest.mark.parametrize("kind", ORDERS)
def test_a_bad_token_is_16(sim: Simulator, command: Command, kind: str):
    """Unauthenticated, as with the Go runner."""
    command(**to(sim))
    words = (one.format(who=somebody(sim)) for one in ORDERS[kind])
    sim.revoke_tokens()
    end = order(command, sim, *words)

    assert end.status == 16


def test_an_api_key_cannot_change_anything(sim: Simulator, command: Command):
    """Only SCIM changes access; the missing token is named."""
    end = command("-p", *ORDERS["create"], BATON_API_KEY=sim.api_key)

    assert end.status == 3
    assert "BATON_SCIM_TOKEN" in end.err


def test_orders_can_come_from_the_environment(sim: Simulator, command: Command):
    """Each flag has its variable."""
    end = command(
        **to(
            sim,
            BATON_PROVISIONING="true",
            BATON_INVOKE_ACTION="create_group",
            BATON_INVOKE_ACTION_ARGS='{"name": "Moon"}',
        )
    )

    assert end.status == 0
    assert "Moon" in [g["name"] for g in sim.state()["groups"]]


def test_provisioning_does_not_hinder_a_sync(sim: Simulator, command: Command):
    """The switch allows, and orders nothing."""
    end = command(**to(sim, BATON_PROVISIONING="true"))

    assert end.status == 0
    assert (command.folder / "sync.c1z").exists()
    assert {one["method"] for one in sim.requests()} == {"GET"}


def test_the_first_order_counts_and_the_others_are_named(sim: Simulator, command: Command):
    """The Go runner's order of precedence; what is passed over is said."""
    who = somebody(sim)
    end = order(
        command,
        sim,
        *("--delete-resource", who, "--delete-resource-type", "user"),
        *("--revoke-grant", f"role:member:assigned:user:{who}"),
    )

    assert role_of(sim, who) == "restricted_member"
    assert "--delete-resource is not done" in end.said


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (("--grant-entitlement", "x"), "--grant-principal and --grant-principal-type"),
        (("--grant-principal-type", "user"), "--grant-entitlement and --grant-principal"),
        (("--delete-resource", "x"), "--delete-resource-type"),
        (("--create-account-email", "x"), "--create-account-login or --create-account-profile"),
        (("--create-account-resource-type", "user"), "--create-account-login"),
        (("--invoke-action-args", "{}"), "--invoke-action"),
        (("--invoke-action-resource-type", "user"), "--invoke-action"),
        (("--list-action-schemas-resource-type", "user"), "--list-action-schemas"),
        (("--create-account-profile", "[]"), "JSON object"),
        (("--invoke-action", "create_group", "--invoke-action-args", "{"), "JSON object"),
        (("--revoke-grant", "x", "--workspaces", "all.yaml"), "one workspace"),
    ],
)
def test_half_an_order_is_no_sync(
    sim: Simulator, command: Command, words: tuple[str, ...], missing: str
):
    """Exit status 2, what is missing is named, nothing is asked and nothing written."""
    end = order(command, sim, *words)

    assert end.status == 2
    assert missing in end.err
    assert sim.requests() == []
    assert command.left() == []


def test_an_order_before_a_command_is_refused(command: Command):
    """Two orders are one too many; a variable is no order to a command that reads a file."""
    end = command("--revoke-grant", "x", "show", "accounts")
    quiet = command("capabilities", BATON_REVOKE_GRANT="x")

    assert end.status == 2
    assert "two orders" in end.err
    assert quiet.status == 0


def test_a_file_that_is_none_is_said(sim: Simulator, command: Command):
    """A damaged file is an error of its own, not an unknown id."""
    Path(command.folder / "sync.c1z").write_bytes(b"nonsense")
    end = order(command, sim, *ORDERS["grant"])

    assert end.status == 3
    assert "sync.c1z" in end.err
