"""The server's settings for the type checker: no database is opened, the keys are made up."""

import base64
import json
import os
import tempfile
from pathlib import Path

_KEYS = {"active": "k1", "keys": {"k1": base64.b64encode(bytes(32)).decode()}, "signing": ["x"]}
with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as _file:
    json.dump(_KEYS, _file)
os.environ.update(
    ROLECALL_PUBLIC_URL="http://localhost",
    DATABASE_URL="postgresql://nobody@localhost/nothing",
    ROLECALL_KEYS_FILE=_file.name,
)

from rolecall.server.project.settings import *  # noqa: E402, F403 - after the environment

Path(_file.name).unlink()
