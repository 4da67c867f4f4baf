"""Login links: kept without the signature that makes them work.

A row of the outbox is read by auditors, and is in every dump of the database. What opens an account
is signed as the mail leaves, with a key that is in neither.
"""

from typing import Final

from django.core.signing import BadSignature, Signer

__all__ = ["LOGIN", "complete", "row_of", "signed"]

LOGIN: Final = "/login/link/"
"""The path that login links begin with; the rest is the id of the row, and the signature."""
_SALT: Final = "mail.links"


def signed(row: str) -> str:
    """The path that logs in.

    Args:
        row: public id of the link's row.
    """
    return LOGIN + Signer(salt=_SALT, sep=".").sign(row)


def row_of(token: str) -> str | None:
    """The public id that a link was signed for; None where it was not signed by us."""
    try:
        return Signer(salt=_SALT, sep=".").unsign(token)
    except BadSignature:
        return None


def complete(path: str) -> str:
    """A path as it goes into the mail: a login link gets its signature, any other stays."""
    return signed(path.removeprefix(LOGIN)) if path.startswith(LOGIN) else path
