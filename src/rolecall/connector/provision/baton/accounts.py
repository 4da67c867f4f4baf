"""Create accounts as Baton asks for it. An account is a membership: Notion has no passwords here.

Notion needs an e-mail and nothing else. Names, job title and role are taken from the profile;
further fields of a profile, which a controller may send for all its connectors, are passed over.
"""

from collections.abc import Mapping
from typing import Final

from google.protobuf import json_format

from rolecall.baton.proto._generated.c1.connector.v2.connector_pb2 import (
    ConnectorAccountCreationSchema,
)
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import (
    AccountInfo,
    CreateAccountRequest,
    CreateAccountResponse,
    CredentialOptions,
    Resource,
)
from rolecall.connector.provision.operations import CreateAccount
from rolecall.connector.provision.settle import Desk, Result, settle
from rolecall.connector.resources import USER, user_resource
from rolecall.errors import Invalid, Unsupported
from rolecall.notion.model import Email, Member

__all__ = ["account_creation_schema", "create_account"]

Schema = ConnectorAccountCreationSchema

_FIELDS: Final = (
    ("first_name", "First name", "Given name of the person.", True),
    ("last_name", "Last name", "Family name of the person.", True),
    ("email", "Email", "Address of the Notion account; also its login.", True),
    ("title", "Job title", "Shown in the person's profile.", False),
    (
        "workspace_role",
        "Workspace role",
        "owner, membership_admin, member (without one) or restricted_member.",
        False,
    ),
)


def account_creation_schema() -> Schema:
    """The form for a new account: those fields of the Go connector, and two that may stay empty."""
    return Schema(
        field_map={
            key: Schema.Field(
                display_name=name,
                required=required,
                description=description,
                placeholder=name,
                order=order,
                string_field=Schema.StringField(),
            )
            for order, (key, name, description, required) in enumerate(_FIELDS, 1)
        }
    )


async def create_account(
    request: CreateAccountRequest, desk: Desk, *, why: str = ""
) -> CreateAccountResponse:
    """Make somebody a member of the workspace.

    Returns:
        `success` with the new account, or `already_exists` with the account as it is.

    Raises:
        Invalid: no or contradicting addresses, or a password is wanted.
        Unsupported: another type of resource is wanted.
        Error: as `settle`.
    """
    if request.resource_type_id not in {"", USER}:
        raise Unsupported(f"No account can be made of the type {request.resource_type_id!r}.")
    _insist_on_no_password(request.credential_options)
    profile = _texts(request.account_info)
    operation = CreateAccount(
        user_name=_address(request.account_info, profile),
        role=profile.get("workspace_role") or "member",
        name={
            part: profile[key]
            for key, part in (("first_name", "givenName"), ("last_name", "familyName"))
            if profile.get(key)
        },
        extra={"title": profile["title"]} if profile.get("title") else {},
    )
    return _response(await settle(operation, desk, why=why))


def _insist_on_no_password(options: CredentialOptions) -> None:
    chosen = options.WhichOneof("options")
    if chosen not in {None, "no_password"} or options.force_change_at_next_login:
        raise Invalid(
            f"Notion gives accounts no password, so {chosen or 'a change of it'} is impossible.",
            hint="Ask with no_password: people sign in by e-mail or single sign-on.",
        )


def _texts(info: AccountInfo) -> dict[str, str]:
    """Those fields of the profile that we know."""
    profile = json_format.MessageToDict(info.profile)
    known = {key for key, *_ in _FIELDS}
    for key in sorted(known & set(profile)):
        if not isinstance(profile[key], str):
            raise Invalid(f"{key} in the profile must be a text.")
    return {key: value.strip() for key, value in profile.items() if key in known}


def _address(info: AccountInfo, profile: Mapping[str, str]) -> str:
    """The one address that the request gives, in whichever of the three places.

    Raises:
        Invalid: there is none, or there are two.
    """
    emails = [one.address for one in info.emails if one.is_primary or len(info.emails) == 1]
    login = info.login if "@" in info.login else ""
    given = [one.strip() for one in (profile.get("email", ""), *emails, login) if one.strip()]
    if not given:
        raise Invalid("A new account needs an e-mail address.", hint="Give `email` in the profile.")
    if len({one.casefold() for one in given}) > 1:
        raise Invalid(
            f"Profile, e-mails and login name different addresses: {', '.join(given)}.",
            hint="In Notion they are one and the same.",
        )
    return given[0]


def _response(result: Result) -> CreateAccountResponse:
    account = _account(result)
    if result.already:
        there = CreateAccountResponse.AlreadyExistsResult(
            resource=account, is_create_account_result=True
        )
        return CreateAccountResponse(already_exists=there)
    made = CreateAccountResponse.SuccessResult(resource=account, is_create_account_result=True)
    return CreateAccountResponse(success=made)


def _account(result: Result) -> Resource:
    """The account as it was seen at the end; the next sync may know more of it."""
    person = result.after.people[0]
    seen = Member(
        id=person.id,
        user_name=person.user_name,
        display_name=person.display_name,
        given_name=person.given_name,
        family_name=person.family_name,
        emails=(Email(address=person.user_name, primary=True),),
        role=person.role or None,
        title=str(result.after.attributes.get("title") or ""),
    )
    return user_resource(seen)
