"""A token opens in the row that it was put into, and in no other."""

import pytest
from scenes import Scene

from rolecall.errors import BadConfig
from rolecall.server.connectors import vault
from rolecall.server.connectors.models import Secret


def test_a_token_does_not_open_in_another_row(scene: Scene):
    """Whoever can write rows cannot make one connector use another's token."""
    mine, theirs = scene.add(name="Mine"), scene.add(name="Theirs", app="Other")
    for connector, token in ((mine, "scim_" + "m" * 30), (theirs, "scim_" + "t" * 30)):
        vault.offer(connector, "scim_token", token, set_by="Ada", made_by="Ada", now=scene.now())
    taken = Secret.objects.get(connector=theirs)
    Secret.objects.filter(connector=mine).update(key_id=taken.key_id, sealed=taken.sealed)

    assert vault.open_all([taken]) == {"scim_token": "scim_" + "t" * 30}
    with pytest.raises(BadConfig, match="moved to another row"):
        vault.open_all(mine.secrets.all())
