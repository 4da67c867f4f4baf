"""Every change that Baton can ask for: n grants, grant, n + 1, revoke, n; and what is said of it.

The oracle is the simulator's own state and a full sync before and after.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from door import Door, granting, membership, named, revoking, role, user
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from notion_sim import Options, Simulator
from rolecall.baton.proto._generated.c1.connector.v2.action_pb2 import (
    BatonActionStatus,
    GetActionSchemaRequest,
    GetActionStatusRequest,
    InvokeActionRequest,
    ListActionSchemasRequest,
)
from rolecall.baton.proto._generated.c1.connector.v2.annotation_grant_replaced_pb2 import (
    GrantReplaced,
)
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import (
    GrantManagerServiceGrantRequest,
    GrantManagerServiceRevokeRequest,
)
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import (
    AccountInfo,
    CreateAccountRequest,
    CreateResourceRequest,
    CredentialOptions,
    DeleteResourceRequest,
    DeleteResourceV2Request,
    Resource,
    ResourceId,
)
from rolecall.connector.provision.baton import (
    Actions,
    create_account,
    create_resource,
    delete_resource,
    delete_resource_v2,
    get_action_schema,
    grant,
    insist_on_provisioning,
    list_action_schemas,
    revoke,
)
from rolecall.errors import (
    BadToken,
    Code,
    Conflict,
    Error,
    Gone,
    Invalid,
    Refused,
    Unsupported,
    Unverified,
)
from rolecall.notion.changes import Change
from rolecall.notion.client import Sent
from rolecall.notion.model import Group

SMALL = Options(users=9, groups=3, members_per_group=3, seed=7)


@pytest.fixture(scope="module")
def _running() -> Iterator[Simulator]:
    with Simulator(SMALL) as running:
        yield running


@pytest.fixture
def door(_running: Simulator, tmp_path: Path) -> Door:
    """Nine people and three groups, as on the first day, and no journal."""
    _running.reset(SMALL)
    _running.set_faults([])
    return Door(sim=_running, folder=tmp_path)


def struct(**values: Any) -> Struct:
    """Values as Baton sends them."""
    made = Struct()
    made.update(values)
    return made


def asked(email: str, **profile: str) -> CreateAccountRequest:
    """A controller's wish for an account."""
    return CreateAccountRequest(
        account_info=AccountInfo(profile=struct(email=email, **profile)),
        credential_options=CredentialOptions(no_password=CredentialOptions.NoPassword()),
    )


def outsider(door: Door) -> str:
    """A member who is not in the first group."""
    inside = set(door.group().members or ())
    return next(m["id"] for m in door.sim.state()["members"] if m["id"] not in inside)


# Grants


def test_a_membership_comes_and_goes(door: Door):
    """From n grants to n + 1 and back; the response names the grant that the sync then has."""
    who, what = outsider(door), membership(door.group())
    before = door.synced()
    given = door.at(lambda desk: grant(granting(what, who), desk))
    between = door.synced()
    taken = door.at(lambda desk: revoke(revoking(what, who), desk))

    assert between - before == {given.grants[0].id}
    assert before - between == set()
    assert named(given.annotations) == named(taken.annotations) == []
    assert door.synced() == before


def test_a_role_comes_and_goes(door: Door):
    """The role that goes is the one that the response names, and a sync agrees at every step."""
    who = door.member()
    before = door.synced()
    given = door.at(lambda desk: grant(granting(role("owner"), who), desk))
    between = door.synced()
    door.at(lambda desk: revoke(revoking(role("owner"), who), desk))
    replaced = GrantReplaced.FromString(given.annotations[0].value)

    assert named(given.annotations) == ["GrantReplaced"]
    assert between - before == {f"role:owner:assigned:user:{who}"} == {given.grants[0].id}
    assert before - between == {replaced.replaced_grant_id}
    assert door.synced() - between == {f"role:restricted_member:assigned:user:{who}"}
    assert door.role_of(who) == "restricted_member"


@pytest.mark.parametrize("kind", ["role", "group"])
def test_a_repetition_is_a_success_and_says_so(door: Door, kind: str):
    """Held already and gone already are annotations, and nothing is sent to Notion."""
    who = outsider(door)
    what = role("owner") if kind == "role" else membership(door.group())
    door.at(lambda desk: grant(granting(what, who), desk))
    door.sim.clear_requests()
    again = door.at(lambda desk: grant(granting(what, who), desk))
    writes = [one for one in door.sim.requests() if one["method"] != "GET"]
    door.at(lambda desk: revoke(revoking(what, who), desk))
    gone = door.at(lambda desk: revoke(revoking(what, who), desk))

    assert named(again.annotations) == ["GrantAlreadyExists"]
    assert list(again.grants) == []
    assert writes == []
    assert named(gone.annotations) == ["GrantAlreadyRevoked"]


def test_a_revoke_right_after_the_grant_reaches_notion(door: Door):
    """One connection, both changes: no answer is remembered (the Go cache bug)."""
    who = door.member()

    async def both(desk: Any) -> Any:
        await grant(granting(role("owner"), who), desk)
        return await revoke(revoking(role("owner"), who), desk)

    assert named(door.at(both).annotations) == []
    assert door.role_of(who) == "restricted_member"


def test_a_role_that_went_before_our_change_is_not_called_replaced(door: Door):
    """Somebody took the role away in between: what is named is what was seen, not the file's."""
    who = door.member()
    door.sim.set_role(who, "restricted_member")
    given = door.at(lambda desk: grant(granting(role("owner"), who), desk))
    replaced = GrantReplaced.FromString(given.annotations[0].value)

    assert replaced.replaced_grant_id == f"role:restricted_member:assigned:user:{who}"


def test_a_role_that_no_sync_lists_is_not_called_replaced(door: Door):
    """A role that we do not know has no grant in any sync, so none went."""
    who = door.member()
    door.sim.set_role(who, "night_watch")
    given = door.at(lambda desk: grant(granting(role("member"), who), desk))

    assert named(given.annotations) == []
    assert door.role_of(who) == "member"


def test_a_grant_that_notion_ignores_is_no_success_and_replaces_nothing(door: Door):
    """Notion says yes and does nothing: an error, where the Go tool reports GrantReplaced."""
    who = door.member()

    with pytest.raises(Unverified, match="Notion said yes"):
        door.at(lambda desk: grant(granting(role("owner"), who), desk), hands=_Flatterer())
    assert door.role_of(who) == "member"


class _Flatterer:
    """Says yes to every change and does nothing."""

    async def send(self, change: Change) -> Sent:
        return Sent(status=200, body=change.words.encode())


def test_the_least_role_cannot_be_revoked(door: Door):
    """FailedPrecondition, with the way out, and nothing is sent."""
    who = door.member()
    door.sim.set_role(who, "restricted_member")

    with pytest.raises(Refused, match="remove the account") as refused:
        door.at(lambda desk: revoke(revoking(role("restricted_member"), who), desk))
    assert refused.value.code is Code.FAILED_PRECONDITION
    assert door.role_of(who) == "restricted_member"


def test_a_guard_is_a_failed_precondition(door: Door):
    """The last owner stays owner, whoever asks."""
    who = door.member("owner")

    with pytest.raises(Refused, match="No other workspace owner") as refused:
        door.at(lambda desk: revoke(revoking(role("owner"), who), desk))
    assert refused.value.code is Code.FAILED_PRECONDITION
    assert door.role_of(who) == "owner"


def without_resource() -> GrantManagerServiceGrantRequest:
    """An entitlement of which only the id is sent."""
    asks = granting(role("owner"), "u")
    asks.entitlement.ClearField("resource")
    return asks


def with_other_id() -> GrantManagerServiceGrantRequest:
    """An entitlement whose id belongs to another resource."""
    asks = granting(role("owner"), "u")
    asks.entitlement.id = "role:member:assigned"
    return asks


def on_a_user() -> GrantManagerServiceGrantRequest:
    """An entitlement on a type that has none."""
    asks = granting(role("owner"), "u")
    asks.entitlement.resource.id.resource_type = "user"
    return asks


def to_a_group() -> GrantManagerServiceGrantRequest:
    """A group as principal."""
    asks = granting(role("owner"), "u")
    asks.principal.id.resource_type = "group"
    return asks


@pytest.mark.parametrize(
    ("asks", "error"),
    [
        (without_resource(), Invalid),
        (with_other_id(), Invalid),
        (on_a_user(), Unsupported),
        (to_a_group(), Invalid),
        (granting(role("owner"), ""), Invalid),
        (granting(role("owner"), "x" * 1025), Invalid),
        (GrantManagerServiceGrantRequest(), Invalid),
        (granting(role("owner"), "00000000-0000-4000-8000-000000000000"), Gone),
    ],
)
def test_a_grant_that_makes_no_sense_is_refused(
    door: Door, asks: GrantManagerServiceGrantRequest, error: type[Error]
):
    """Contradictions, strangers and empty messages are errors, and nothing is sent."""
    with pytest.raises(error):
        door.at(lambda desk: grant(asks, desk))
    assert [one for one in door.sim.requests() if one["method"] == "PATCH"] == []


def test_an_empty_revoke_is_refused(door: Door):
    """A request without a grant is invalid."""
    with pytest.raises(Invalid):
        door.at(lambda desk: revoke(GrantManagerServiceRevokeRequest(), desk))


def test_ids_with_colons_are_taken_whole(door: Door):
    """A group id that holds colons is not cut: it is asked for as it is, and is not there."""
    group = door.group()
    odd = type(group)(id="a:member:user:b", name="Odd", members=())

    with pytest.raises(Gone, match="a:member:user:b"):
        door.at(lambda desk: grant(granting(membership(odd), door.member()), desk))


def test_what_a_change_costs(door: Door):
    """Three requests for a role or a membership: look, send, look."""
    door.at(lambda desk: grant(granting(role("membership_admin"), door.member()), desk))
    for_role = door.requests
    door.at(lambda desk: grant(granting(membership(door.group()), outsider(door)), desk))

    assert (for_role, door.requests) == (3, 3)


# Accounts and resources


def test_an_account_is_created_once(door: Door):
    """Success with the resource of the new member; the second time it exists already, as it is."""
    wish = asked("New.Person@larkspur.example", first_name="New", last_name="Person", title="Chief")
    made = door.at(lambda desk: create_account(wish, desk))
    wish.account_info.profile.update({"workspace_role": "owner"})
    again = door.at(lambda desk: create_account(wish, desk))
    (seen,) = [m for m in door.sim.state()["members"] if m["email"].startswith("new.person")]

    assert made.WhichOneof("result") == "success"
    assert made.success.is_create_account_result
    assert made.success.resource.id.resource == seen["id"]
    assert made.success.resource.profile["workspace_role"] == "member"
    assert (seen["given"], seen["family"], seen["title"]) == ("New", "Person", "Chief")
    assert again.WhichOneof("result") == "already_exists"
    assert again.already_exists.resource == made.success.resource
    assert list(made.encrypted_data) == []


def test_an_account_can_begin_with_a_role(door: Door):
    """The role of the profile is the role that the member has."""
    wish = asked("o@larkspur.example", workspace_role="restricted_member")
    made = door.at(lambda desk: create_account(wish, desk))

    assert door.role_of(made.success.resource.id.resource) == "restricted_member"


@pytest.mark.parametrize(
    "info",
    [
        AccountInfo(login="x@larkspur.example"),
        AccountInfo(emails=[AccountInfo.Email(address="x@larkspur.example")]),
        AccountInfo(
            login="x",
            emails=[
                AccountInfo.Email(address="y@larkspur.example"),
                AccountInfo.Email(address="x@larkspur.example", is_primary=True),
            ],
        ),
        AccountInfo(login="X@larkspur.example", profile=struct(email="x@larkspur.example")),
    ],
)
def test_the_address_is_found_wherever_it_stands(door: Door, info: AccountInfo):
    """Profile, primary e-mail and login all do."""
    door.at(lambda desk: create_account(CreateAccountRequest(account_info=info), desk))

    assert "x@larkspur.example" in [m["email"] for m in door.sim.state()["members"]]


def password(**options: Any) -> CreateAccountRequest:
    """A wish with other credential options."""
    wish = asked("x@larkspur.example")
    wish.credential_options.CopyFrom(CredentialOptions(**options))
    return wish


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (password(random_password=CredentialOptions.RandomPassword(length=20)), Invalid),
        (password(sso=CredentialOptions.SSO(sso_provider="x")), Invalid),
        (password(encrypted_password=CredentialOptions.EncryptedPassword()), Invalid),
        (password(force_change_at_next_login=True), Invalid),
        (CreateAccountRequest(), Invalid),
        (asked("no address"), Invalid),
        (asked("x@larkspur.example", workspace_role="king"), Invalid),
        (
            CreateAccountRequest(
                account_info=AccountInfo(login="a@b.example", profile=struct(email="c@b.example"))
            ),
            Invalid,
        ),
        (
            CreateAccountRequest(account_info=AccountInfo(profile=struct(email=3))),
            Invalid,
        ),
        (CreateAccountRequest(resource_type_id="group"), Unsupported),
    ],
)
def test_an_account_that_makes_no_sense_is_refused(
    door: Door, wish: CreateAccountRequest, error: type[Error]
):
    """Passwords, contradictions and nonsense: an error, and nobody joins."""
    with pytest.raises(error):
        door.at(lambda desk: create_account(wish, desk))
    assert len(door.sim.state()["members"]) == SMALL.users


def test_an_account_is_deleted_and_stays_so(door: Door):
    """Gone from the simulator; deleting again, by either message, is success."""
    who = ResourceId(resource_type="user", resource=door.member())
    door.at(lambda desk: delete_resource(DeleteResourceRequest(resource_id=who), desk))
    door.at(lambda desk: delete_resource(DeleteResourceRequest(resource_id=who), desk))
    door.at(lambda desk: delete_resource_v2(DeleteResourceV2Request(resource_id=who), desk))

    assert door.role_of(who.resource) == ""
    assert len(door.sim.state()["members"]) == SMALL.users - 1


def test_a_group_is_created_and_deleted(door: Door):
    """The created resource is the one that a sync would list; a taken name is refused."""
    wish = CreateResourceRequest(
        resource=Resource(id=ResourceId(resource_type="group"), display_name="Moon")
    )
    made = door.at(lambda desk: create_resource(wish, desk)).created
    with pytest.raises(Conflict, match=made.id.resource):
        door.at(lambda desk: create_resource(wish, desk))
    names = [group["name"] for group in door.sim.state()["groups"]]
    door.at(lambda desk: delete_resource(DeleteResourceRequest(resource_id=made.id), desk))

    assert made.display_name == "Moon"
    assert "Moon" in names
    assert "Moon" not in [group["name"] for group in door.sim.state()["groups"]]


@pytest.mark.parametrize(
    ("kind", "ident", "error"),
    [("role", "owner", Unsupported), ("", "x", Invalid), ("user", "", Invalid)],
)
def test_what_cannot_be_deleted_is_refused(door: Door, kind: str, ident: str, error: type[Error]):
    """Roles are fixed, and half an id is none."""
    one = ResourceId(resource_type=kind, resource=ident)

    with pytest.raises(error):
        door.at(lambda desk: delete_resource(DeleteResourceRequest(resource_id=one), desk))


@pytest.mark.parametrize(
    ("kind", "name", "error"), [("user", "x", Unsupported), ("group", " ", Invalid)]
)
def test_what_cannot_be_created_is_refused(door: Door, kind: str, name: str, error: type[Error]):
    """Accounts are created by their own message, and groups need a name."""
    wish = CreateResourceRequest(
        resource=Resource(id=ResourceId(resource_type=kind), display_name=name)
    )

    with pytest.raises(error):
        door.at(lambda desk: create_resource(wish, desk))


# Actions


def test_the_actions_are_described():
    """Four actions, each with its required arguments marked and the same kind of answer."""
    every = list_action_schemas(ListActionSchemasRequest()).schemas
    required = {one.name: [a.name for a in one.arguments if a.is_required] for one in every}
    on_groups = list_action_schemas(ListActionSchemasRequest(resource_type_id="group")).schemas

    assert required == {
        "update_account": ["user_id"],
        "create_group": ["name"],
        "rename_group": ["group_id", "name"],
        "delete_group": ["group_id"],
    }
    assert {one.name for one in on_groups} == set(required) - {"update_account"}
    assert get_action_schema(GetActionSchemaRequest(name="rename_group")).schema == every[2]
    for one in every:
        assert {"success", "already", "entry"} < {field.name for field in one.return_types}
    with pytest.raises(Gone):
        get_action_schema(GetActionSchemaRequest(name="nope"))


def invoked(door: Door, actions: Actions, action: str, /, **args: Any) -> Any:
    """The response of one action, as JSON; `TYPE/ACTION` is asked for on that type."""
    on, _, name = action.rpartition("/")
    wish = InvokeActionRequest(name=name, resource_type_id=on, args=struct(**args))
    return json_format.MessageToDict(door.at(lambda desk: actions.invoke(wish, desk)))


def test_a_group_lives_by_actions(door: Door):
    """Create, rename, delete: complete at once, and the simulator agrees after each."""
    actions = Actions()
    names = []
    made = invoked(door, actions, "create_group", name="Moon")
    gid = made["response"]["group_id"]
    invoked(door, actions, "group/rename_group", group_id=gid, name="Sun")
    names.append({group["name"] for group in door.sim.state()["groups"]})
    again = invoked(door, actions, "rename_group", group_id={"resource_id": gid}, name="Sun")
    whole = {"resourceTypeId": "group", "resourceId": gid}
    gone = invoked(door, actions, "delete_group", group_id=whole)
    names.append({group["name"] for group in door.sim.state()["groups"]})

    assert made["status"] == gone["status"] == "BATON_ACTION_STATUS_COMPLETE"
    assert made["response"]["success"] is True
    assert (again["response"]["already"], again["response"]["entry"]) == (True, "")
    assert gone["response"]["group_id"] == gid
    assert ["Sun" in one for one in names] == [True, False]
    assert "Moon" not in names[0]


def test_an_account_is_updated_by_action(door: Door):
    """Only what was named changes, and the parts of a name that were not named stay."""
    who = door.member()
    (before,) = [m for m in door.sim.state()["members"] if m["id"] == who]
    invoked(door, Actions(), "update_account", user_id=who, title="Boss", department="Moon")
    (after,) = [m for m in door.sim.state()["members"] if m["id"] == who]

    assert (after["title"], after["department"]) == ("Boss", "Moon")
    assert {**after, "title": 0, "department": 0} == {**before, "title": 0, "department": 0}


def test_the_status_of_an_action_outlives_the_process(door: Door):
    """The process that did it remembers; another one finds it in the journal."""
    actions = Actions()
    done = invoked(door, actions, "create_group", name="Moon")
    wish = GetActionStatusRequest(id=done["id"])

    async def status(of: Actions, desk: Any) -> Any:
        return of.status(wish, desk)

    same = door.at(lambda desk: status(actions, desk))
    other = door.at(lambda desk: status(Actions(), desk))

    assert same.status == other.status == BatonActionStatus.BATON_ACTION_STATUS_COMPLETE
    assert other.name == "create_group"
    assert other.response["group_id"] == done["response"]["group_id"]
    with pytest.raises(Gone):
        door.at(lambda desk: status(Actions(), desk), journal=_Empty())


def test_only_so_many_actions_are_remembered(door: Door):
    """Of those that changed nothing, the last thousand are known, and the one before is not."""
    actions = Actions()
    wish = InvokeActionRequest(name="create_group", args=struct(name="Moon"))

    async def often(desk: Any) -> Any:
        ids = [(await actions.invoke(wish, desk)).id for _ in range(1001)]
        assert actions.status(GetActionStatusRequest(id=ids[1]), desk).response["already"]
        return actions.status(GetActionStatusRequest(id=ids[0]), desk)

    with pytest.raises(Gone):
        door.at(often, eyes=_Moon())


class _Moon:
    """A workspace in which every group that is asked for is there."""

    async def groups_called(self, name: str) -> list[Group]:
        return [Group(id="g", name=name, members=())]


class _Empty:
    """A journal without entries."""

    def entry(self, entry_id: str) -> None:
        raise Gone(f"no {entry_id}")


def test_a_failed_action_is_remembered_as_failed(door: Door):
    """The error is raised, and the journal's entry says failed and why."""
    group = door.group()
    door.sim.set_faults(
        [{"name": "no", "when": {"method": "DELETE"}, "fault": "403_html", "times": 9}]
    )
    with pytest.raises(Error):
        invoked(door, Actions(), "delete_group", group_id=group.id)

    async def status(desk: Any) -> Any:
        (entry,) = list(desk.journal.entries())
        return Actions().status(GetActionStatusRequest(id=entry.opened.id), desk)

    found = door.at(status)
    assert found.status == BatonActionStatus.BATON_ACTION_STATUS_FAILED
    assert found.response["error"]
    assert group in [door.group(nth) for nth in range(3)]


def test_another_change_is_no_action(door: Door):
    """A grant stands in the same journal, and is no action to ask the status of."""
    door.at(lambda desk: grant(granting(role("owner"), door.member()), desk))

    async def status(desk: Any) -> Any:
        (entry,) = list(desk.journal.entries())
        return Actions().status(GetActionStatusRequest(id=entry.opened.id), desk)

    with pytest.raises(Gone, match="is no action"):
        door.at(status)


@pytest.mark.parametrize(
    ("action", "args", "error"),
    [
        ("nope", {}, Gone),
        ("user/create_group", {"name": "x"}, Gone),
        ("create_group", {}, Invalid),
        ("create_group", {"name": " "}, Invalid),
        ("create_group", {"name": "x", "colour": "red"}, Invalid),
        ("rename_group", {"group_id": 3, "name": "x"}, Invalid),
        ("rename_group", {"group_id": {"resource_type_id": "user"}, "name": "x"}, Invalid),
        ("update_account", {"user_id": "x"}, Invalid),
        ("update_account", {"user_id": "x", "title": ""}, Invalid),
        ("update_account", {"user_id": "x", "title": "y"}, Gone),
    ],
)
def test_an_action_that_makes_no_sense_is_refused(
    door: Door, action: str, args: dict[str, Any], error: type[Error]
):
    """Unknown actions, strangers, and arguments that lack, are too many or unusable."""
    with pytest.raises(error):
        invoked(door, Actions(), action, **args)
    assert [one for one in door.sim.requests() if one["method"] != "GET"] == []


# What goes wrong on the way

MISHAPS = (
    "reset_before",
    "reset_after",
    "500",
    "429",
    "503",
    "502_html",
    "truncated_json",
    "cut_body",
)


@pytest.mark.parametrize("mishap", MISHAPS)
def test_one_mishap_changes_no_result(door: Door, mishap: str):
    """Whatever happens to the answer of a write, it is verified, and Notion holds what is said."""
    who, outside = door.member(), outsider(door)
    results = []
    wishes: list[Any] = [
        lambda desk: grant(granting(role("membership_admin"), who), desk),
        lambda desk: grant(granting(membership(door.group()), outside), desk),
        lambda desk: create_account(asked("z@larkspur.example"), desk),
        lambda desk: Actions().invoke(
            InvokeActionRequest(name="create_group", args=struct(name="Moon")), desk
        ),
    ]
    for wish in wishes:
        door.sim.set_faults(
            [
                {"name": method, "when": {"method": method}, "fault": mishap, "times": 1}
                | ({"retry_after": 0} if mishap in {"429", "503"} else {})
                for method in ("PATCH", "POST")
            ]
        )
        results.append(door.at(wish))
        assert sum(door.sim.fired().values()) == 1, mishap
    state = door.sim.state()

    assert named(results[0].annotations) == ["GrantReplaced"]
    assert door.role_of(who) == "membership_admin"
    assert outside in state["groups"][0]["members"]
    assert [m["email"] for m in state["members"]].count("z@larkspur.example") == 1
    assert results[2].WhichOneof("result") == "success"
    assert [g["name"] for g in state["groups"]].count("Moon") == 1


def test_a_token_that_dies_before_the_write_is_said_and_nothing_is_claimed(door: Door):
    """The error is about the token or says that nothing could be seen; the role is as it was."""
    who = door.member()
    door.sim.set_faults([{"name": "t", "when": {"method": "PATCH"}, "fault": "token_revoked"}])

    with pytest.raises((BadToken, Unverified)):
        door.at(lambda desk: grant(granting(role("owner"), who), desk))
    assert door.role_of(who) == "member"


def test_provisioning_must_be_switched_on():
    """The Go runner's words, and FailedPrecondition."""
    insist_on_provisioning(enabled=True)

    with pytest.raises(Refused, match="provisioning is not enabled") as refused:
        insist_on_provisioning(enabled=False)
    assert refused.value.code is Code.FAILED_PRECONDITION


def test_a_name_is_used_where_it_is_known(door: Door):
    """The journal calls a person by the name that the controller sent."""
    asks = granting(membership(door.group()), outsider(door))
    asks.principal.CopyFrom(user(asks.principal.id.resource, "Ana Lopez"))

    async def words(desk: Any) -> str:
        await grant(asks, desk, why="a request")
        (entry,) = list(desk.journal.entries())
        return f"{entry.opened.step.says} {entry.opened.why}"

    assert door.at(words) == f"Ana Lopez joins the group {door.group().name}. a request"
