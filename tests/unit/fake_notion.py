"""A workspace in a dictionary, with eyes and hands for changes; mishaps by script.

Understands the requests by their method, path and body alone: it shares no code with the product
that decides anything. Knows no HTTP.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rolecall.errors import Conflict, Error, Gone, NotAllowed, NotionBroken, Unreachable
from rolecall.notion.changes import Change
from rolecall.notion.client import Sent
from rolecall.notion.model import Email, Group, Member

ROLE = "urn:ietf:params:scim:schemas:extension:notion:2.0:User"

FINE = "fine"
LOST_ANSWER = "lost answer"
LOST_EFFECT = "lost effect"
BROKEN = "broken"


@dataclass(kw_only=True)
class FakeNotion:
    """Eyes and hands at once.

    `script` says what happens to the next requests, one word or error each; then all goes well. An
    error is raised instead of any effect. `blind` are errors for the next looks, None for none.
    """

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    script: list[str | Error] = field(default_factory=list)
    blind: list[Error | None] = field(default_factory=list)
    drops_all: bool = False
    sent: list[Change] = field(default_factory=list)
    looks: int = 0
    made: int = 0
    answer: bytes | None = None
    """The body of every answer, if it is not to be the usual one."""

    meddling: list[tuple[int, str, tuple[Any, ...]]] = field(default_factory=list)
    """What others do: before the look of that number (from 1), call that method so."""

    # Past all rules

    def join(self, user_id: str, role: str = "member", **more: Any) -> None:
        """Somebody is a member from now on."""
        self.people[user_id] = {"userName": f"{user_id}@corp.example", "role": role, **more}

    def leave(self, user_id: str) -> None:
        """Somebody is not."""
        self.people.pop(user_id, None)
        for group in self.groups.values():
            group["members"] = [one for one in group["members"] if one != user_id]

    def be(self, user_id: str, role: str) -> None:
        """Somebody has another role."""
        self.people[user_id]["role"] = role

    def group_of(self, group_id: str, *members: str, name: str = "") -> None:
        """There is such a group from now on."""
        self.groups[group_id] = {"name": name or group_id, "members": list(members)}

    def ungroup(self, group_id: str) -> None:
        """There is not."""
        self.groups.pop(group_id, None)

    def snapshot(self) -> str:
        """Everything, for comparing."""
        return json.dumps([self.people, self.groups], sort_keys=True)

    # Eyes

    def _look(self) -> None:
        self.looks += 1
        for number, does, words in self.meddling:
            if number == self.looks:
                getattr(self, does)(*words)
        if self.blind and (error := self.blind.pop(0)) is not None:
            raise error

    async def member(self, user_id: str) -> Member | None:
        """A member by id."""
        self._look()
        return self._member(user_id) if user_id in self.people else None

    def _member(self, user_id: str) -> Member:
        known = self.people[user_id]
        name = known.get("name", {})
        return Member(
            id=user_id,
            user_name=known["userName"],
            display_name=name.get("formatted") or known["userName"],
            given_name=name.get("givenName", ""),
            family_name=name.get("familyName", ""),
            emails=(Email(address=known["userName"], primary=True),),
            role=known["role"] or None,
            active=known.get("active", True),
        )

    async def member_called(self, user_name: str) -> Member | None:
        """A member by address."""
        self._look()
        found = [k for k, v in self.people.items() if v["userName"] == user_name.lower()]
        return self._member(found[0]) if found else None

    async def attributes(self, user_id: str) -> Mapping[str, Any]:
        """A whole record."""
        self._look()
        known = self.people.get(user_id, {})
        return {key: value for key, value in known.items() if key != "role"}

    async def group(self, group_id: str) -> Group | None:
        """A group by id."""
        self._look()
        return self._group(group_id) if group_id in self.groups else None

    def _group(self, group_id: str) -> Group:
        known = self.groups[group_id]
        members = None if known["members"] is None else tuple(known["members"])
        return Group(id=group_id, name=known["name"], members=members)

    async def groups_called(self, name: str) -> list[Group]:
        """The groups of a name."""
        self._look()
        return [self._group(one) for one, known in self.groups.items() if known["name"] == name]

    async def groups_of(self, user_id: str) -> list[Group]:
        """The groups that somebody is in."""
        self._look()
        return [self._group(g) for g, known in self.groups.items() if user_id in known["members"]]

    async def owners(self) -> list[str]:
        """Everybody with that role."""
        self._look()
        return [one for one, known in self.people.items() if known["role"] == "owner"]

    async def count(self) -> int:
        """How many there are."""
        self._look()
        return len(self.people)

    # Hands

    async def send(self, change: Change) -> Sent:
        """One request, with what the script says."""
        self.sent.append(change)
        what = self.script.pop(0) if self.script else FINE
        if isinstance(what, Error):
            raise what
        if what == BROKEN:
            raise NotionBroken("Notion answered 500.")
        if what == LOST_EFFECT:
            return Sent(status=200, body=b"{}")
        answer = self._take(change)
        if what == LOST_ANSWER:
            raise Unreachable("No answer.")
        return answer

    def _take(self, change: Change) -> Sent:
        _, kind, *rest = change.path.split("/")
        way = getattr(self, f"_{change.method}_{kind}".lower())
        made = way("".join(rest), json.loads(json.dumps(change.body or {})))
        status = 204 if change.method == "DELETE" else 201 if change.method == "POST" else 200
        body = json.dumps({"id": made} if made else {}).encode()
        return Sent(status=status, body=body if self.answer is None else self.answer)

    def _post_users(self, _id: str, body: dict[str, Any]) -> str:
        if any(known["userName"] == body["userName"] for known in self.people.values()):
            raise Conflict("Notion answered 409.")
        user_id = body["userName"].partition("@")[0]
        role = body.pop(ROLE, {"role": "member"})["role"]
        self.people[user_id] = {**body, "role": role}
        return user_id

    def _patch_users(self, user_id: str, body: dict[str, Any]) -> None:
        if user_id not in self.people:
            raise Gone("Notion answered 404.")
        for operation in body["Operations"]:
            value = operation["value"]
            if ROLE in value:
                self.people[user_id]["role"] = value.pop(ROLE)["role"]
            self.people[user_id] |= value

    def _delete_users(self, user_id: str, _body: dict[str, Any]) -> None:
        if user_id not in self.people:
            raise Gone("Notion answered 404.")
        self.leave(user_id)

    def _post_groups(self, _id: str, body: dict[str, Any]) -> str:
        self.made += 1
        group_id = f"new{self.made}"
        self.group_of(group_id, name=body["displayName"])
        return group_id

    def _patch_groups(self, group_id: str, body: dict[str, Any]) -> None:
        if group_id not in self.groups:
            raise Gone("Notion answered 404.")
        group = self.groups[group_id]
        for operation in body["Operations"]:
            if operation["path"] == "displayName":
                group["name"] = operation["value"]
                continue
            named = [one["value"] for one in operation["value"]]
            if operation["op"] == "Remove":
                kept = [] if self.drops_all else group["members"]
                group["members"] = [one for one in kept if one not in named]
            else:
                self._add(group, named)

    def _add(self, group: dict[str, Any], named: Iterable[str]) -> None:
        if strangers := [one for one in named if one not in self.people]:
            raise Gone(f"Notion answered 404: {strangers[0]}.")
        group["members"] = list(dict.fromkeys([*group["members"], *named]))

    def _delete_groups(self, group_id: str, _body: dict[str, Any]) -> None:
        if group_id not in self.groups:
            raise Gone("Notion answered 404.")
        if self.groups[group_id].get("last_access"):
            raise NotAllowed("Notion answered 403.")
        self.ungroup(group_id)
