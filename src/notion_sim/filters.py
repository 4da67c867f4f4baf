"""The few filters that Notion answers: one attribute, `eq`, one value (Notion: N-043 to N-048).

Pure. Everything else is refused with `invalidFilter`, because nothing else is documented.
"""

import re
from dataclasses import dataclass

from notion_sim.refusal import Refusal

__all__ = ["GROUP_ATTRIBUTES", "USER_ATTRIBUTES", "Filter", "parse_filter"]

USER_ATTRIBUTES = ("email", "given_name", "family_name", "userName")
GROUP_ATTRIBUTES = ("displayName",)
_SHAPE = re.compile(r"\s*([A-Za-z_]+)\s+[eE][qQ]\s+(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\"]+))\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """`attribute eq "value"`; the value of an address is lower-case already."""

    attribute: str
    value: str


def parse_filter(text: str, allowed: tuple[str, ...]) -> Filter:
    """Return the filter that `text` holds; the value may stand in quotes or bare.

    Raises:
        Refusal: 400 invalidFilter for any other attribute, operator or shape.
    """
    match = _SHAPE.fullmatch(text)
    names = {name.lower(): name for name in allowed}
    if match is None or match[1].lower() not in names:
        raise Refusal(400, f"The filter is not supported: {text}", scim_type="invalidFilter")
    attribute = names[match[1].lower()]
    value = match[3] if match[2] is None else re.sub(r"\\(.)", r"\1", match[2])
    if attribute in {"email", "userName"}:
        value = value.lower()
    return Filter(attribute=attribute, value=value)
