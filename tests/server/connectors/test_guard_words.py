"""What a sync that looks like a loss is said to be."""

import pytest

from rolecall.server.access.intake import Preview, Shift
from rolecall.server.connectors.guard import Held, judge


def test_what_would_end_is_called_by_its_name(monkeypatch):
    """Fourteen assignments of roles, and not fourteen roles; likewise memberships and members."""
    most, none = (Shift(before=23, added=0, changed=0, ended=ended) for ended in (14, 0))
    preview = Preview(
        accounts=most, resources=none, grants={"role": most, "group": most}, overlap=1.0
    )

    monkeypatch.setattr(Preview, "examples", lambda _self, _limit: [])

    with pytest.raises(Held) as held:
        judge(preview, shrink_percent=50, overlap_check=False)

    assert held.value.message == (
        "14 of 23 members and 14 of 23 role assignments and 14 of 23 group memberships would end. "
        "Nothing was applied."
    )
