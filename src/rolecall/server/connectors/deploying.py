"""How a self-hosted connector is started: the files of `deploy/` and a shell line, filled in.

Nothing of it is kept: whoever rotates a credential reads it once, with the secret in its place. The
token of Notion is never among it, because it stays on the connector's machine.
"""

import json
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.template.loader import render_to_string

__all__ = ["Recipe", "authority", "recipes"]

_RECIPES: Final = (
    ("secrets", "Kubernetes: secrets", "rolecall-notion-secrets.yaml"),
    ("volume", "Kubernetes: volume", "rolecall-notion-volume.yaml"),
    ("deployment", "Kubernetes: deployment", "rolecall-notion.yaml"),
    ("compose", "Compose", "compose.yaml"),
    ("shell", "Shell", ""),
)
"""Template → title, and the name to save it under."""
_CA: Final = "rolecall-ca.pem"
_QUOTED: Final = ("client_id", "client_secret", "provisioning")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One file or line to copy."""

    key: str
    title: str
    file: str
    """What to call it; empty for what is typed."""
    text: str = field(repr=False)
    """Holds the client secret."""


def authority(certificate: str) -> str:
    """Who must be believed for a controller's certificate, as PEM; "" if no file says so.

    Authorities that machines know already are seldom in a chain; one of our own is its last link.

    Args:
        certificate: the file with the chain.
    """
    try:
        last = x509.load_pem_x509_certificates(Path(certificate).read_bytes())[-1]
    except (OSError, ValueError):
        return ""
    return last.public_bytes(Encoding.PEM).decode() if last.issuer == last.subject else ""


def recipes(
    client_id: str, client_secret: str, *, provisioning: bool = False, trusted: str = ""
) -> list[Recipe]:
    """Everything that starts a connector with this credential.

    Args:
        client_id: as it was made.
        client_secret: likewise; it stands in what is returned, and nowhere else.
        provisioning: whether the connector is allowed to change Notion.
        trusted: the authority that its machine does not know, as PEM.
    """
    made = [Recipe(key="ca", title="Certificate authority", file=_CA, text=trusted)]
    values = {
        "authority": trusted.strip(),
        "indented": textwrap.indent(trusted.strip(), 4 * " "),
        "client_id": json.dumps(client_id),
        "client_secret": json.dumps(client_secret),
        "provisioning": json.dumps("true" if provisioning else "false"),
    }
    return [
        *(made if trusted else []),
        *(
            Recipe(key=key, title=title, file=file, text=_filled(key, values))
            for key, title, file in _RECIPES
        ),
    ]


def _filled(key: str, values: dict[str, str]) -> str:
    """A JSON string is a YAML string; Compose reads `$` as a variable unless there are two."""
    if key == "compose":
        values = {name: text.replace("$", "$$") for name, text in values.items()}
    if key == "shell":
        values |= {name: _quoted(values[name]) for name in _QUOTED}
    suffix = "sh" if key == "shell" else "yaml"
    rendered = render_to_string(f"connectors/deploy/{key}.{suffix}", values)
    return rendered.strip() + "\n"  # plain text again: Django calls what it rendered safe HTML


def _quoted(text: str) -> str:
    """For a shell, in which nothing has a meaning between single quotes but their end."""
    plain: str = json.loads(text)
    return "'" + plain.replace("'", "'\\''") + "'"
