"""scim2-tester against the simulator: what is RFC, and what Notion does otherwise.

The first run has every switch in the RFC's form, so that every check of both resources runs;
what still fails there is Notion's own nature, and each line names its fact. Then one switch at
a time goes to Notion's form, and the test names exactly what that breaks.
"""

import random
import re
from collections.abc import Iterator

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import CheckResult, Status, check_server

from notion_sim import Options, Simulator

RFC = {
    "discovery": "rfc",
    "meta": "rfc",
    "schemas": "full",
    "member_fields": "full",
    "user_name": "any",
    "unverified_edit_status": "allow",
    "collision_status": "409",
    "deactivated": "kept",
}
Check = tuple[str, str, str]
"""Resource type, check, attribute."""

NOTION_USER = "urn:ietf:params:scim:schemas:extension:notion:2.0:User"
ALWAYS: dict[Check, str] = {
    ("User", "object_query_with_attributes", "externalId"): "N-063",
    ("User", "object_query_with_attributes", "name"): "N-038",
    ("User", "object_list_with_attributes", "externalId"): "N-063",
    ("User", "object_list_with_attributes", "name"): "N-038",
    ("User", "search_with_attributes", ""): "N-005",
    ("User", "check_add_attribute", "externalId"): "N-063",
    ("User", "check_add_attribute", "emails"): "N-137",
    ("User", "check_add_attribute", "photos"): "N-056",
    ("User", "check_remove_attribute", "active"): "N-055",
    ("User", "check_remove_attribute", "emails"): "N-050",
    ("User", "check_remove_attribute", "photos"): "N-056",
    ("User", "check_remove_attribute", NOTION_USER): "N-101",
    ("User", "check_remove_attribute", f"{NOTION_USER}:role"): "N-101",
    ("User", "check_replace_attribute", "externalId"): "N-063",
    ("User", "check_replace_attribute", "emails"): "N-050",
    ("User", "check_replace_attribute", "photos"): "N-056",
    ("Group", "object_query_with_attributes", "externalId"): "N-063",
    ("Group", "object_query_with_attributes", "members"): "N-038",
    ("Group", "object_list_with_attributes", "externalId"): "N-063",
    ("Group", "object_list_with_attributes", "members"): "N-038",
    ("Group", "search_with_attributes", ""): "N-005",
    ("Group", "check_add_attribute", "externalId"): "N-063",
    ("Group", "check_replace_attribute", "externalId"): "N-063",
}

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
COMPANY = {
    ENTERPRISE,
    *(
        f"{ENTERPRISE}:{part}"
        for part in (
            "employeeNumber",
            "costCenter",
            "organization",
            "division",
            "department",
            "manager",
        )
    ),
}
LISTS = {"phoneNumbers", "addresses", "roles"}
TEXTS = {"title", "userType", "preferredLanguage", "locale"}
NO_SCIM_ERROR = {
    ("", "access_invalid_resource_type", ""),
    ("", "access_invalid_schema", ""),
    ("", "random_url", ""),
    ("User", "object_deletion", ""),
    ("Group", "object_deletion", ""),
}


def user_checks(verbs: str, attributes: set[str]) -> set[Check]:
    """The PATCH checks of /Users for some verbs and attributes."""
    return {("User", f"check_{verb}_attribute", a) for verb in verbs.split() for a in attributes}


BREAKS: list[tuple[str, str, str, set[Check]]] = [
    ("meta", "notion", "N-067", set()),
    ("schemas", "core", "N-066", set()),
    ("collision_status", "500", "N-093", set()),
    ("empty_members", "absent", "N-104", set()),
    ("members_in_list", "truncated", "N-103", set()),
    ("content_type", "json", "N-025", set()),
    ("patch_group_status", "204", "N-119", set()),
    ("group_put_without_members", "clear", "N-112", set()),
    ("put_omitted", "clear", "N-084", set()),
    ("order", "reshuffled", "N-039", set()),
    ("duplicate_group", "allow", "N-110", set()),
    ("unknown_member", "ignore", "N-106", set()),
    ("open_discovery", "no", "N-022", set()),
    ("error_body", "rest", "N-125", NO_SCIM_ERROR),
    ("error_body", "html", "N-125", NO_SCIM_ERROR),
    ("delete_user_status", "200", "N-086", {("User", "object_deletion", "")}),
    (
        "member_fields",
        "value",
        "N-104",
        {("Group", f"check_{verb}_attribute", "members") for verb in ("add", "replace")},
    ),
    (
        "profile",
        "hidden",
        "N-057",
        user_checks("add replace", TEXTS | LISTS | COMPANY),
    ),
    (
        "unverified_edit_status",
        "403",
        "N-091",
        user_checks("add remove replace", TEXTS | LISTS | COMPANY | {"name"})
        | user_checks("replace", {"userName"})
        | {("User", "object_replacement", "")},
    ),
    (
        "deactivated",
        "removed",
        "N-087",
        # Once `active` is false the person is gone, with whatever is tried on the record later.
        user_checks(
            "add replace", {"active", *LISTS, *COMPANY, NOTION_USER, f"{NOTION_USER}:role"}
        ),
    ),
]


def run(**thrown: str) -> list[CheckResult]:
    """All checks, in the RFC's form but for the switches that are thrown."""
    random.seed(5)  # the tester picks values by dice; whether `active` becomes false is one of them
    options = Options(
        users=30, groups=4, members_per_group=3, seed=3, gaps_percent=0, last_access_percent=0
    )
    with Simulator(options) as sim:
        for name, value in {**RFC, **thrown}.items():
            sim.switch(name, value)
        headers = {"Authorization": f"Bearer {sim.scim_token}"}
        with httpx2.Client(base_url=sim.scim_url, headers=headers) as http:
            return check_server(SyncSCIMClient(http))


def broken(results: list[CheckResult]) -> set[Check]:
    """Every check that did not succeed, with the attribute that its reason names."""
    found = set()
    for each in results:
        if each.status != Status.SUCCESS:
            named = re.search(r"'([^']+)'", each.reason or "")
            found.add((each.resource_type or "", each.title, named[1] if named else ""))
    return found


@pytest.fixture(scope="module")
def rfc_form() -> Iterator[list[CheckResult]]:
    """The results of the run in the RFC's form."""
    return run()


def test_every_check_runs_in_rfc_form(rfc_form: list[CheckResult]):
    """With discovery and meta in RFC form all checks of both resources run."""
    kinds = [each.resource_type for each in rfc_form]
    skipped = [each.title for each in rfc_form if each.status == Status.SKIPPED]
    print(f"{len(rfc_form)} checks: {kinds.count('User')} users, {kinds.count('Group')} groups")

    assert kinds.count("User") >= 70
    assert kinds.count("Group") >= 16
    assert skipped == []


def test_what_is_not_rfc_is_known(rfc_form: list[CheckResult]):
    """What fails in RFC form is exactly what Notion does in its own way, each with its fact."""
    assert broken(rfc_form) == set(ALWAYS)


@pytest.mark.parametrize(
    ("name", "value", "fact", "more"), BREAKS, ids=[f"{b[0]}={b[1]}" for b in BREAKS]
)
def test_what_a_switch_breaks(name: str, value: str, fact: str, more: set[Check]):
    """One switch in Notion's form breaks exactly what is listed, on top of what always fails."""
    assert broken(run(**{name: value})) == set(ALWAYS) | more, fact


def test_without_members_in_lists_one_complaint_less():
    """With members_in_list=absent (N-103) nobody notices that excludedAttributes is ignored."""
    healed = {("Group", "object_list_with_attributes", "members")}

    assert broken(run(members_in_list="absent")) == set(ALWAYS) - healed


def test_notion_discovery_stops_the_tester():
    """A bare array (N-029) and no /Schemas (N-006): the tester learns of no resource to check."""
    results = run(discovery="notion")

    assert broken(results) == {("", "query_all_resource_types", ""), ("", "query_all_schemas", "")}
    assert {each.resource_type for each in results} == {None}


def test_e_mail_names_stop_the_user_checks():
    """UserName must be an e-mail (N-050), which the tester's are not: nothing can be created."""
    titles = {title for kind, title, _ in broken(run(user_name="email")) if kind == "User"}

    assert titles == {
        "check_add_attribute",
        "check_remove_attribute",
        "check_replace_attribute",
        "object_creation",
        "object_deletion",
        "object_list_with_attributes",
        "object_query",
        "object_query_with_attributes",
        "object_query_without_id",
        "object_replacement",
        "search_with_attributes",
    }
