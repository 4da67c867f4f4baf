"""The workspace's state, and each single change of it, written into a history.

Owns accounts, memberships, groups, guests, tokens and their order. Refuses to decide whether a
request may do something: that is `notion_sim.rules`. Knows no HTTP and no JSON.
"""

import time
from random import Random

from notion_sim import people
from notion_sim.options import Options
from notion_sim.state import Account, Bot, Event, Group, Token

__all__ = ["World"]


class World:
    """One workspace and the accounts around it.

    Everything made at the start follows from `options.seed`; later dice come from `dice`.
    Not thread-safe: `notion_sim.simulator` lets only the server's thread in.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.dice = Random(f"later {options.seed}")
        self.request = 0
        """Number of the request that is being worked on; 0 before the first."""
        self.history: list[Event] = []
        self.accounts: dict[str, Account] = {}
        self.by_email: dict[str, str] = {}
        self.roles: dict[str, str] = {}
        """Role by user id: who is in here is a member."""
        self.order: list[str] = []
        """Ids of the members, in listing order."""
        self.groups: dict[str, Group] = {}
        self.group_order: list[str] = []
        self.guests: dict[str, None] = {}
        self.bots: list[Bot] = []
        self.tokens: dict[str, Token] = {}
        self._made = 0
        self._fill()

    def _fill(self) -> None:
        """Make the company."""
        dice, options = Random(f"company {self.options.seed}"), self.options
        for index, account in enumerate(people.accounts(options, dice)):
            self._remember(account)
            self.roles[account.id] = people.role_of(index, options)
        self.order = list(self.roles)
        creator = self.order[0] if self.order else ""
        dice.shuffle(self.order)
        members = [self.accounts[uid] for uid in self.order]
        for group in people.groups(options, dice, members):
            self.groups[group.id] = group
        self.group_order = list(self.groups)
        dice.shuffle(self.group_order)
        for account in people.guests(options, dice):
            self._remember(account)
            self.guests[account.id] = None
        self.bots = list(people.bots(options, dice))
        own = Random(f"tokens {options.seed}")
        self.scim_token = self.mint_token(creator, own)
        self.api_key = f"ntn_{own.getrandbits(256):064x}"
        self.workspace_id = people.new_id(own)

    def _remember(self, account: Account) -> None:
        self.accounts[account.id] = account
        self.by_email[account.email] = account.id
        for address in account.secondary:
            self.by_email.setdefault(address, account.id)

    def _record(self, kind: str, *, user: str = "", group: str = "", detail: str = "") -> None:
        event = Event(
            seq=len(self.history) + 1,
            request=self.request,
            at=time.time(),
            kind=kind,
            user=user,
            group=group,
            detail=detail,
        )
        self.history.append(event)

    # Tokens

    def mint_token(self, creator: str, dice: Random | None = None) -> str:
        """Return a new SCIM token that belongs to `creator`."""
        secret = f"{(dice or self.dice).getrandbits(256):064x}"
        self.tokens[secret] = Token(secret=secret, creator=creator)
        return secret

    def revoke_tokens(self, creator: str | None = None) -> int:
        """Revoke the tokens that `creator` made, or all; return how many died (Notion: N-014)."""
        doomed = [
            token
            for token in self.tokens.values()
            if not token.revoked and creator in {None, token.creator}
        ]
        for token in doomed:
            token.revoked = True
            self._record("token_revoked", user=token.creator)
        return len(doomed)

    # Members

    def owners(self) -> list[str]:
        """Return the ids of the workspace owners."""
        return [uid for uid, role in self.roles.items() if role == "owner"]

    def new_account(self, email: str, display: str) -> Account:
        """Create an account that belongs to no workspace yet."""
        now = int(time.time() * 1000)
        account = Account(
            id=people.new_id(self.dice),
            email=email,
            display=display,
            created_ms=now,
            modified_ms=now,
        )
        self._remember(account)
        return account

    def somebody_new(self) -> Account:
        """Create the account of a person with a believable name."""
        self._made += 1
        account = people.fresh_account(self.options, self.dice, number=self._made)
        self._remember(account)
        return account

    def join(self, uid: str, role: str = "member", *, where: str = "back") -> None:
        """Make an account a member, at the `front`, `back` or at `any` place of the listing."""
        self.guests.pop(uid, None)
        self.roles[uid] = role
        place = {"front": 0, "back": len(self.order)}.get(where)
        self.order.insert(self.dice.randint(0, len(self.order)) if place is None else place, uid)
        account = self.accounts[uid]
        account.fragment, account.active = None, True
        self._record("joined", user=uid, detail=role)
        if self.options.rejoin_restores_groups == "yes":
            for gid in account.former_groups:
                if gid in self.groups:
                    self.add_to_group(gid, uid)
        account.former_groups = ()

    def leave(self, uid: str) -> None:
        """Remove a member: from the workspace, all groups and all sessions; the account stays."""
        account = self.accounts[uid]
        held = self.groups_of(uid)
        for gid in held:
            self.remove_from_group(gid, uid)
        account.former_groups = tuple(held)
        account.sessions_ended += 1
        account.fragment = None
        detail = self.roles.pop(uid)
        self.order.remove(uid)
        self._record("left", user=uid, detail=detail)
        self.revoke_tokens(uid)

    def set_role(self, uid: str, role: str) -> None:
        """Give a member another role; the tokens that the person made die with the old one."""
        former = self.roles[uid]
        if former == role:
            return
        self.roles[uid] = role
        account = self.accounts[uid]
        account.hides_role, account.fragment = False, None
        self._record("role", user=uid, detail=f"{former} -> {role}")
        self.revoke_tokens(uid)

    def set_active(self, uid: str, *, active: bool) -> None:
        """Suspend a member or end that; only `deactivated=kept` leads here."""
        account = self.accounts[uid]
        if account.active != active:
            account.active, account.fragment = active, None
            self._record("activated" if active else "deactivated", user=uid)

    def set_emails(self, uid: str, email: str, secondary: tuple[str, ...]) -> None:
        """Give an account its addresses; the id stays (Notion: N-070)."""
        account = self.accounts[uid]
        for address in (account.email, *account.secondary):
            if self.by_email.get(address) == uid:
                del self.by_email[address]
        account.email, account.secondary = email, secondary
        self._remember(account)
        self.touch(uid)

    def touch(self, uid: str) -> None:
        """Note that a profile changed."""
        account = self.accounts[uid]
        account.fragment, account.modified_ms = None, int(time.time() * 1000)
        self._record("profile", user=uid)

    def forget_fragments(self) -> None:
        """Drop every prepared record, because a switch changed its form."""
        for account in self.accounts.values():
            account.fragment = None

    # Groups

    def groups_of(self, uid: str) -> list[str]:
        """Return the ids of the groups that hold a member.

        Scans all groups: half a millisecond at 10,000 of them, against 70 MB for an index.
        """
        return [group.id for group in self.groups.values() if uid in group.members]

    def create_group(self, name: str) -> Group:
        """Make an empty group at the end of the listing."""
        now = int(time.time() * 1000)
        group = Group(id=people.new_id(self.dice), name=name, created_ms=now, modified_ms=now)
        self.groups[group.id] = group
        self.group_order.append(group.id)
        self._record("group_created", group=group.id, detail=name)
        return group

    def delete_group(self, gid: str) -> None:
        """Remove a group and its memberships."""
        for uid in list(self.groups[gid].members):
            self.remove_from_group(gid, uid)
        name = self.groups.pop(gid).name
        self.group_order.remove(gid)
        self._record("group_deleted", group=gid, detail=name)

    def rename_group(self, gid: str, name: str) -> None:
        """Give a group another name."""
        former = self.groups[gid].name
        if former == name:
            return
        self.groups[gid].name = name
        self._group_changed("group_renamed", gid, detail=f"{former} -> {name}")

    def add_to_group(self, gid: str, uid: str) -> None:
        """Put a member into a group; doing it twice changes nothing."""
        if uid not in self.groups[gid].members:
            self.groups[gid].members[uid] = None
            self._group_changed("group_joined", gid, user=uid)

    def remove_from_group(self, gid: str, uid: str) -> None:
        """Take somebody out of a group; doing it twice changes nothing."""
        if uid in self.groups[gid].members:
            del self.groups[gid].members[uid]
            self._group_changed("group_left", gid, user=uid)

    def _group_changed(self, kind: str, gid: str, *, user: str = "", detail: str = "") -> None:
        self.groups[gid].modified_ms = int(time.time() * 1000)
        self._record(kind, user=user, group=gid, detail=detail)

    # Order

    def shuffle(self) -> None:
        """Give both listings a new order that lasts."""
        self.dice.shuffle(self.order)
        self.dice.shuffle(self.group_order)
