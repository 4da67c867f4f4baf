"""A Notion workspace on your laptop; rolecall and this package never import each other.

    from notion_sim import Options, Simulator

    with Simulator(Options(users=120, groups=12, seed=7)) as sim:
        ...  # sim.scim_url, sim.scim_token

`Simulator` is imported when it is first asked for: it needs the extra `sim`.
"""

from typing import TYPE_CHECKING, Any

from notion_sim.options import Options

if TYPE_CHECKING:
    from notion_sim.simulator import Simulator

__all__ = ["Options", "Simulator"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the module protocol of PEP 562
    if name != "Simulator":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from notion_sim.simulator import Simulator  # noqa: PLC0415 - needs the extra `sim`

    return Simulator
