"""A certificate authority of our own, for an installation that has no certificate.

`ca.pem` is what connectors are told to trust (SSL_CERT_FILE); its key signs one certificate, for
the names that the controller is called by, which is made anew 120 days before it ends. Controllers
read it again each hour.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rolecall.server.project.processes import SystemUser, give

__all__ = ["Certificate", "Kept", "prepare"]

_ROOT_LASTS: Final = timedelta(days=3650)
_LASTS: Final = timedelta(days=397)
_ANEW_BEFORE: Final = timedelta(days=120)
_LOOKED_AT_EACH: Final = timedelta(hours=1)
_EARLIER: Final = timedelta(days=1)
"""Another machine's clock may be behind ours."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Where the files are."""

    root: Path
    """What connectors must trust."""
    certificate: Path
    key: Path


def prepare(
    folder: Path, names: Sequence[str], user: SystemUser | None, now: datetime
) -> Certificate:
    """What the controller shows; made if it is not there, ends soon, or is for other names.

    Args:
        folder: where the files are kept; made if it is not there.
        names: host names and addresses that the controller is called by.
        user: who shows the certificate, and so reads its key; None is whoever we are.
        now: the moment.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o711)  # stays our own: under root nobody else may put a link where we write
    found = Certificate(
        root=folder / "ca.pem", certificate=folder / "server.pem", key=folder / "server.key"
    )
    root_key = folder / "ca.key"
    if not (found.root.exists() and root_key.exists()):
        _make_root(found.root, root_key, now)
        found.certificate.unlink(missing_ok=True)
    if not _serves(found, names, now):
        _make(found, root_key, names=names, user=user, now=now)
    return found


class Kept:
    """A certificate that never ends, as long as somebody looks after it.

    Args:
        folder: as of `prepare`.
        names: as of `prepare`.
        user: as of `prepare`.
    """

    def __init__(self, folder: Path, names: Sequence[str], user: SystemUser | None) -> None:
        self._folder, self._names, self._user = folder, names, user
        self._due: datetime | None = None

    def look_after(self, now: datetime) -> None:
        """Make it anew if it is time; looks no more than once an hour.

        Raises:
            OSError: the files cannot be read or written.
            ValueError: they hold something else.
        """
        if self._due is None or now >= self._due:
            self._due = now + _LOOKED_AT_EACH
            prepare(self._folder, self._names, self._user, now)


def _serves(found: Certificate, names: Sequence[str], now: datetime) -> bool:
    if not (found.certificate.exists() and found.key.exists()):
        return False
    shown = x509.load_pem_x509_certificate(found.certificate.read_bytes())
    listed = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    lasts = shown.not_valid_after_utc - now > _ANEW_BEFORE
    return lasts and list(listed) == [_general(name) for name in names]


def _make_root(path: Path, key_path: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named(f"Rolecall's own authority, {now:%Y-%m-%d}")
    root = (
        _begun(name, name, key.public_key(), now=now, lasts=_ROOT_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_path, key)
    path.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    path.chmod(0o644)


def _make(
    found: Certificate,
    root_key: Path,
    *,
    names: Sequence[str],
    user: SystemUser | None,
    now: datetime,
) -> None:
    """Key and certificate, both written whole before they take the place of those before."""
    root = x509.load_pem_x509_certificate(found.root.read_bytes())
    signing = serialization.load_pem_private_key(root_key.read_bytes(), None)
    if not isinstance(signing, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is of another kind than we make")
    key = ec.generate_private_key(ec.SECP256R1())
    shown = (
        _begun(_named(names[0]), root.subject, key.public_key(), now=now, lasts=_LASTS)
        .add_extension(
            x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
            critical=False,
        )
        .sign(signing, hashes.SHA256())
    )
    chain = shown.public_bytes(serialization.Encoding.PEM)
    new_key, new_chain = found.key.with_suffix(".new"), found.certificate.with_suffix(".new.pem")
    _write_key(new_key, key)
    new_chain.write_bytes(chain + root.public_bytes(serialization.Encoding.PEM))
    give(new_key, user, 0o600)
    give(new_chain, user, 0o644)
    new_key.replace(found.key)
    new_chain.replace(found.certificate)


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    *,
    now: datetime,
    lasts: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + lasts)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
