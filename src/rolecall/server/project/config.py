"""What an operator sets: `rolecall.toml`, and `ROLECALL_*` variables over it.

One setting is required, the public address; hosts, cookies, CSRF origins, the passkeys' domain and
links in mail follow from it. Half a security setting is refused: nothing starts on a guess.
"""

import base64
import binascii
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from rolecall.errors import BadConfig

__all__ = ["Config", "Controller", "Keys", "Mail", "Notion", "Oidc", "Web", "Webhook", "load"]

_ADDRESS = re.compile(r"[a-zA-Z0-9._-]+(:[0-9]{1,5})?", re.ASCII)
_BIND = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+):[0-9]{1,5}", re.ASCII)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Mail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How mail leaves."""

    url: str = ""
    """`smtp://user:password@host:587` (STARTTLS), `smtps://…:465`, or empty: mail is only kept."""
    sender: str = ""
    """The From of all mail, an address."""


class Notion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where hosted connectors may go."""

    allowed_hosts: tuple[str, ...] = ()
    """`host` or `host:port` beside api.notion.com; for a proxy, or a simulator on this machine."""
    scim_url: str = ""
    """Where SCIM is for connectors that say nothing else; empty: where Notion has it."""
    rest_url: str = ""
    """The same for the public API."""


class Oidc(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Login by an identity provider."""

    issuer: str
    """The provider's address; its `/.well-known/openid-configuration` is read."""
    client_id: str
    client_secret_file: str
    """A file that holds the secret, so that this one can be shown to others."""
    name: str = "Single sign-on"
    """What the button says."""

    def app(self) -> dict[str, Any]:
        """The same as allauth wants it.

        Raises:
            BadConfig: the secret cannot be read, or the issuer is plain http on another machine.
        """
        url = urlsplit(self.issuer)
        if url.scheme != "https" and url.hostname not in LOOPBACK:
            raise BadConfig(
                "oidc.issuer is not https.", hint="Correct it: whoever is in between could log in."
            )
        try:
            secret = Path(self.client_secret_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadConfig(
                f"oidc.client_secret_file cannot be read: {error.strerror}.",
                hint="Put the secret there, readable by the user that Rolecall runs as.",
            ) from error
        return {
            "provider_id": "sso",
            "name": self.name,
            "client_id": self.client_id,
            "secret": secret,
            "settings": {"server_url": self.issuer},
        }


class Web(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the pages are served."""

    bind: str = "127.0.0.1:8010"
    """Address and port that the web processes listen on; TLS is a proxy's business."""
    processes: int = 2
    behind_proxy: bool = False
    """Whether a proxy of yours sets X-Forwarded-For and X-Forwarded-Proto, and drops others'."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where messages for programs may go."""

    allowed_hosts: tuple[str, ...] = ()
    """`host` or `host:port`; pages choose an address on one of them, and on no other."""


class Controller(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where self-hosted connectors call."""

    address: str = ""
    """`host` or `host:port` as connectors reach it; part of every client id. Empty: the public
    host, and the port of `bind`."""
    bind: str = "127.0.0.1:8443"
    """Address and port for everything, with TLS."""
    certificate: str = ""
    """A PEM file with the chain for the host; `rolecall up` makes one of its own CA."""
    key: str = ""
    """The PEM file with its key."""
    token_bind: str = ""
    """Behind a proxy that has the TLS: where `/auth/v1/token` is served, as plain HTTP."""
    grpc_bind: str = ""
    """The same for gRPC, as plain HTTP/2."""


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys file: JSON, mode 0600, never in the database's backup."""

    active: str
    """The id of the key that encrypts from now on."""
    keys: dict[str, str]
    """Key id → 32 bytes in base64; those that are no longer active still decrypt."""
    signing: list[str]
    """What sessions and links are signed with, the first; the others are still accepted."""
    evidence: str = ""
    """What evidence files are signed with: 32 bytes in base64, the private half of Ed25519."""

    def material(self) -> dict[str, bytes]:
        """The keys as bytes.

        Raises:
            BadConfig: a key is not 32 bytes of base64, or the active one is missing.
        """
        try:
            made = {name: base64.b64decode(text, validate=True) for name, text in self.keys.items()}
        except binascii.Error as error:
            raise BadConfig(
                "A key in the keys file is not base64.",
                hint="Restore the keys file from its backup.",
            ) from error
        if self.active not in made or any(len(one) != 32 for one in made.values()):  # noqa: PLR2004
            raise BadConfig(
                "The keys file has no active key, or one that is not 32 bytes.",
                hint="Restore the keys file from its backup.",
            )
        return made

    def evidence_seed(self) -> bytes:
        """What evidence files are signed with, as bytes.

        Raises:
            BadConfig: the file has no such key, or it is not 32 bytes of base64.
        """
        try:
            seed = base64.b64decode(self.evidence, validate=True)
        except binascii.Error:
            seed = b""
        if len(seed) != 32:  # noqa: PLR2004
            raise BadConfig(
                "The keys file has no key to sign evidence with.",
                hint="Run `rolecall keys evidence --new` on the installation, which makes one.",
            )
        return seed


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything an operator can set."""

    public_url: str = ""
    """`https://rolecall.example.com`: what people type. Plain http only for localhost."""
    database_url: str = ""
    """`postgresql://role:password@host/name` of this process's role."""
    keys_file: str = ""
    """Where the keys are; `rolecall up` makes one in its data folder."""
    audit_checkpoints: str = ""
    """A file outside the database where the worker notes the audit chain's last link."""
    mail: Mail = Mail()
    notion: Notion = Notion()
    oidc: Oidc | None = None
    web: Web = Web()
    webhook: Webhook = Webhook()
    controller: Controller = Controller()

    @property
    def controller_address(self) -> str:
        """Where self-hosted connectors call: `host`, or `host:port` if that is not 443."""
        own, port = self.controller, self.controller.bind.rpartition(":")[2]
        return own.address or (self.host if port == "443" else f"{self.host}:{port}")

    @property
    def host(self) -> str:
        """The public host, without the port."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def secure(self) -> bool:
        """Whether people come by https."""
        return self.public_url.startswith("https://")

    def read_keys(self) -> Keys:
        """The keys file.

        Raises:
            BadConfig: it is missing, not readable, readable by others, or not a keys file.
        """
        path = Path(self.keys_file)
        try:
            mode, text = path.stat().st_mode, path.read_bytes()
            keys = msgspec.json.decode(text, type=Keys)
        except OSError as error:
            raise BadConfig(
                f"The keys file {path} cannot be read: {error.strerror}.",
                hint="Restore it from its backup; `rolecall up` makes one in a new data folder.",
            ) from error
        except msgspec.DecodeError as error:
            raise BadConfig(
                f"The keys file {path} is not a keys file.", hint="Restore it from its backup."
            ) from error
        if mode & 0o077:
            raise BadConfig(
                f"The keys file {path} can be read by other users of this machine.",
                hint=f"Run: chmod 600 {path}",
            )
        keys.material()
        return keys


_VARIABLES = {
    "ROLECALL_PUBLIC_URL": ("public_url",),
    "DATABASE_URL": ("database_url",),
    "ROLECALL_KEYS_FILE": ("keys_file",),
    "ROLECALL_AUDIT_CHECKPOINTS": ("audit_checkpoints",),
    "ROLECALL_MAIL_URL": ("mail", "url"),
    "ROLECALL_MAIL_SENDER": ("mail", "sender"),
    "ROLECALL_NOTION_SCIM_URL": ("notion", "scim_url"),
    "ROLECALL_NOTION_REST_URL": ("notion", "rest_url"),
    "ROLECALL_BIND": ("web", "bind"),
    "ROLECALL_CONTROLLER_ADDRESS": ("controller", "address"),
    "ROLECALL_CONTROLLER_BIND": ("controller", "bind"),
    "ROLECALL_CONTROLLER_CERTIFICATE": ("controller", "certificate"),
    "ROLECALL_CONTROLLER_KEY": ("controller", "key"),
    "ROLECALL_CONTROLLER_TOKEN_BIND": ("controller", "token_bind"),
    "ROLECALL_CONTROLLER_GRPC_BIND": ("controller", "grpc_bind"),
}

_LISTS = {
    "ROLECALL_NOTION_ALLOWED_HOSTS": ("notion", "allowed_hosts"),
    "ROLECALL_WEBHOOK_ALLOWED_HOSTS": ("webhook", "allowed_hosts"),
}
"""Commas between their values."""


def load(environ: Mapping[str, str]) -> Config:
    """The settings of this process.

    Raises:
        BadConfig: something required is missing, unknown, contradictory or only half set.
    """
    settings = _file(environ.get("ROLECALL_CONFIG", ""))
    for variable, path in _VARIABLES.items():
        if value := environ.get(variable):
            _put(settings, path, value)
    for variable, path in _LISTS.items():
        if value := environ.get(variable):
            _put(settings, path, value.split(","))
    try:
        config = msgspec.convert(settings, Config)
    except msgspec.ValidationError as error:
        raise BadConfig(
            f"The settings are wrong: {error}.",
            hint="See docs/reference/settings.md for all of them.",
        ) from error
    _judge(config)
    return config


def _file(path: str) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadConfig(
            f"The settings file {path} cannot be read: {error.strerror}.",
            hint="Correct ROLECALL_CONFIG, or the file's rights.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(
            f"The settings file {path} is not TOML: {error}.", hint="Correct it."
        ) from error


def _put(settings: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for name in path[:-1]:
        settings = settings.setdefault(name, {})
    settings[path[-1]] = value


def _judge(config: Config) -> None:
    url = urlsplit(config.public_url)
    if url.scheme not in {"http", "https"} or not url.hostname or url.path not in {"", "/"}:
        raise BadConfig(
            "public_url is missing, or is not an address without a path.",
            hint='Set public_url = "https://rolecall.example.com" in rolecall.toml, '
            "or ROLECALL_PUBLIC_URL.",
        )
    if url.scheme == "http" and url.hostname not in LOOPBACK:
        raise BadConfig(
            "public_url is plain http, and not on this machine.",
            hint="Passwords would travel readable: put a proxy with TLS before it, and say https.",
        )
    if bool(config.mail.url) != bool(config.mail.sender):
        raise BadConfig(
            "Of mail.url and mail.sender only one is set.",
            hint="Set both, or neither: then mail is kept and not sent.",
        )
    if config.mail.url and urlsplit(config.mail.url).scheme not in {"smtp", "smtps"}:
        raise BadConfig("mail.url is neither smtp:// nor smtps://.", hint="Correct mail.url.")
    _judge_controller(config.controller)
    for name in ("database_url", "keys_file"):
        if not getattr(config, name):
            variable = "DATABASE_URL" if name == "database_url" else "ROLECALL_KEYS_FILE"
            raise BadConfig(
                f"{name} is not set.",
                hint=f"Set {variable}, or run `rolecall up --data DIR`, which takes care of it.",
            )


def _judge_controller(controller: Controller) -> None:
    for one, other in (("certificate", "key"), ("token_bind", "grpc_bind")):
        if bool(getattr(controller, one)) != bool(getattr(controller, other)):
            raise BadConfig(
                f"Of controller.{one} and controller.{other} only one is set.",
                hint="Set both, or neither.",
            )
    if controller.address and not _ADDRESS.fullmatch(controller.address):
        raise BadConfig(
            "controller.address is neither host nor host:port.",
            hint="Leave out https:// and paths.",
        )
    for name in ("bind", "token_bind", "grpc_bind"):
        if (bind := getattr(controller, name)) and not _BIND.fullmatch(bind):
            raise BadConfig(
                f"controller.{name} is not address:port.", hint="For example 0.0.0.0:8443."
            )
