"""Faults by schedule: which requests they hit, how often, and what they do.

They stand for what happens to real clients (Notion: N-040, N-128, N-156, N-158).

Owns rules, matching and counting. What a fault does to a socket is done by `notion_sim.server`.
A rule is a mapping, in YAML, JSON or Python:

    {name: third-page, when: {path: /Users, request: 3}, fault: 429, retry_after: 2, times: 1}
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from notion_sim import moves
from notion_sim.refusal import Refusal
from notion_sim.wire import HTML, Reply, Request, html_error, json_reply
from notion_sim.world import World

__all__ = [
    "KINDS",
    "Faults",
    "Rule",
    "answer_instead",
    "change_world",
    "parse_rules",
    "retry_after",
    "spoil",
]

KINDS: dict[str, str] = {
    "429": "Too many requests; `retry_after` is seconds (default 1) or none.",
    "500": "Internal error in the API's own form, nothing was done.",
    "502_html": "A proxy's HTML page with status 502.",
    "503_html": "A proxy's HTML page with status 503.",
    "503": "Unavailable, in the API's own form; `retry_after` as for 429 (default none).",
    "529": "Overloaded; `retry_after` as for 429 (default none).",
    "403_html": "A firewall's HTML page with status 403.",
    "slow": "The answer is held back for `ms` (default 1000) after the effect.",
    "reset_before": "TCP reset before any effect.",
    "reset_late": "TCP reset at once; the effect happens `ms` (default 200) later.",
    "lost_effect": "The answer of a success, and nothing happens.",
    "reset_after": "The effect happens, then a TCP reset instead of the answer.",
    "truncated_json": "Half of the JSON, with an honest content-length.",
    "cut_body": "The connection closes in mid-body.",
    "wrong_content_type": "The right body, called text/html.",
    "total_drift": "totalResults is off by `delta` (default 1); lists only.",
    "empty_page": "A page without resources, the total being right; lists only.",
    "join": "Somebody joins before this answer; `where`: front, back (default) or any.",
    "leave": "Somebody leaves before this answer; `where`: front, back or any (default).",
    "swap": "One leaves (`where`, default front) and one joins (`join_where`, default back).",
    "group_change": "`what`: member (default) in or out; created, deleted or swap of groups.",
    "meddle": "Before this answer another admin does what `do` says: `role` (`user`, `role`), "
    "`leave` (`user`), `invite` (`email`, `role`), `in`, `out` (`user`, `group`), "
    "`delete`, `rename` (`group`, `called`), `create` (`called`).",
    "token_revoked": "Every SCIM token is revoked before this answer.",
    "reshuffle": "Both listings get a new order before this answer.",
}
INSTEAD = ("429", "500", "502_html", "503_html", "503", "529", "403_html")
FORBIDDEN = 403
ON_LISTS = ("total_drift", "empty_page")
ENDINGS = (*INSTEAD, "reset_before", "reset_late")
WHEN = ("request", "requests", "path", "method", "probability", "after")


@dataclass(kw_only=True)
class Rule:
    """One fault and when it strikes; all given conditions must hold.

    `requests` holds request numbers from 1; `path` is a prefix of path and query, with or without
    `/scim/v2` or `/v1`; `after` means every later number; `times` 0 means without end.
    """

    name: str
    fault: str
    requests: frozenset[int] = frozenset()
    path: str = ""
    method: str = ""
    probability: float = 1.0
    after: int = 0
    times: int = 1
    args: dict[str, Any] = field(default_factory=dict)
    fired: int = 0

    def hits(self, request: Request, dice: Random) -> bool:
        """Tell whether this rule strikes a request."""
        if self.times and self.fired >= self.times:
            return False
        if self.fault in ON_LISTS and not _is_list(request, self.fault):
            return False
        wanted = (
            not self.requests or request.number in self.requests,
            request.number > self.after,
            not self.method or self.method == request.method,
            not self.path or _starts(request, self.path),
        )
        return all(wanted) and (self.probability >= 1 or dice.random() < self.probability)

    def described(self) -> dict[str, Any]:
        """Return the rule in the form in which it was given, with its count."""
        when: dict[str, Any] = {
            "requests": sorted(self.requests),
            "path": self.path,
            "method": self.method,
            "after": self.after,
        }
        when = {key: value for key, value in when.items() if value}
        if self.probability < 1:
            when["probability"] = self.probability
        return {
            "name": self.name,
            "fault": self.fault,
            "when": when,
            "times": self.times,
            **self.args,
            "fired": self.fired,
        }


def _is_list(request: Request, fault: str) -> bool:
    """Tell whether this is a listing that the fault can spoil; REST has no total."""
    if fault == "total_drift" and not request.path.startswith("/scim/"):
        return False
    return request.method == "GET" and request.path.lower().endswith(("/users", "/groups"))


def _starts(request: Request, prefix: str) -> bool:
    whole = request.path + (f"?{request.raw_query}" if request.raw_query else "")
    bare = whole.removeprefix("/scim/v2").removeprefix("/v1")
    return whole.startswith(prefix) or bare.startswith(prefix)


def parse_rules(given: object) -> list[Rule]:
    """Return the rules of a list of mappings.

    Raises:
        ValueError: with a sentence that names the rule and what is wrong.
    """
    if isinstance(given, Mapping):
        given = given.get("faults", [given] if "fault" in given else [])
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise ValueError("Faults must be a list of rules.")  # noqa: TRY004 - one error for all
    rules = [_parse_rule(item, place) for place, item in enumerate(given, 1)]
    names = [rule.name for rule in rules]
    if len(set(names)) != len(names):
        raise ValueError(f"Two fault rules have the same name: {names}.")
    return rules


def _parse_rule(item: object, place: int) -> Rule:
    if not isinstance(item, Mapping):
        raise ValueError(f"Fault rule {place} is no mapping.")  # noqa: TRY004 - as above
    rest = {str(key): value for key, value in item.items() if key != "fired"}
    fault = str(rest.pop("fault", ""))
    name = str(rest.pop("name", "") or f"{fault}-{place}")
    when = rest.pop("when", None) or {}
    if fault not in KINDS:
        raise ValueError(
            f"Fault rule {name}: there is no fault {fault!r}; there are {', '.join(KINDS)}."
        )
    unknown = set(when) - set(WHEN)
    if unknown:
        raise ValueError(
            f"Fault rule {name}: `when` takes {', '.join(WHEN)}, not {sorted(unknown)}."
        )
    numbers = [*when.get("requests", ()), *([when["request"]] if "request" in when else [])]
    return Rule(
        name=name,
        fault=fault,
        requests=frozenset(map(int, numbers)),
        path=str(when.get("path", "")),
        method=str(when.get("method", "")).upper(),
        probability=float(when.get("probability", 1.0)),
        after=int(when.get("after", 0)),
        times=int(rest.pop("times", 1)),
        args=rest,
    )


class Faults:
    """The rules in force; counts each strike."""

    def __init__(self, rules: Iterable[Rule] = (), *, seed: int = 0) -> None:
        self.rules = list(rules)
        self._dice = Random(f"faults {seed}")

    def due(self, request: Request) -> list[Rule]:
        """Return the rules that strike a request; of those that answer instead, only the first."""
        struck: list[Rule] = []
        for rule in self.rules:
            if rule.fault in ENDINGS and any(other.fault in ENDINGS for other in struck):
                continue
            if rule.hits(request, self._dice):
                rule.fired += 1
                struck.append(rule)
        return struck


def answer_instead(rule: Rule) -> Reply:
    """Return the page of a proxy that answers instead of Notion.

    Raises:
        Refusal: when it is the API itself that answers, in its own form.
    """
    status = int(rule.fault[:3])
    if rule.fault.endswith("_html"):
        return html_error(status, "Access denied" if status == FORBIDDEN else "Bad gateway")
    detail = {429: "You have been rate limited.", 529: "Overloaded."}
    raise Refusal(status, detail.get(status, "Something went wrong."))


def retry_after(rule: Rule) -> int | None:
    """Return the seconds that a rule puts into Retry-After, or None for no such header."""
    wait = rule.args.get("retry_after", 1 if rule.fault == "429" else None)
    return None if wait in {None, "none"} else int(wait)


def change_world(rule: Rule, world: World) -> None:
    """Do what a rule does to the workspace, if anything."""
    where = str(rule.args.get("where", ""))
    what = str(rule.args.get("what", "member"))
    if rule.fault == "join":
        moves.join(world, where or "back")
    elif rule.fault == "leave":
        moves.leave(world, where or "any")
    elif rule.fault == "swap":
        moves.swap(world, where or "front", str(rule.args.get("join_where", "back")))
    elif rule.fault == "group_change":
        _ = moves.change_groups(world) if what == "member" else _group_list(world, what, where)
    elif rule.fault == "meddle":
        moves.meddle(world, rule.args)
    elif rule.fault == "token_revoked":
        world.revoke_tokens()
    elif rule.fault == "reshuffle":
        world.shuffle()


def _group_list(world: World, what: str, where: str) -> str:
    return moves.change_group_list(world, what, where or "front")


def spoil(rule: Rule, reply: Reply) -> Reply:
    """Return the reply as a rule spoils it."""
    if rule.fault == "truncated_json":
        return replace(reply, body=reply.body[: len(reply.body) // 2])
    if rule.fault == "wrong_content_type":
        return replace(reply, content_type=HTML)
    if rule.fault in ON_LISTS and reply.status == 200:  # noqa: PLR2004 - HTTP
        return _spoil_list(rule, reply)
    return reply


def _spoil_list(rule: Rule, reply: Reply) -> Reply:
    page = json.loads(reply.body)
    if rule.fault == "total_drift":
        if "totalResults" in page:
            page["totalResults"] = max(0, page["totalResults"] + int(rule.args.get("delta", 1)))
    elif "Resources" in page:
        page |= {"Resources": [], "itemsPerPage": 0}
    else:
        page["results"] = []
    return replace(reply, body=json_reply(page).body)
