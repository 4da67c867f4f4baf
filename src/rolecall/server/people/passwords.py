"""Passwords: what one must be like. Hashing and checking are Django's."""

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from rolecall.errors import Invalid
from rolecall.server.people.models import User

__all__ = ["set_password"]


def set_password(user: User, password: str) -> None:
    """Give a user this password; every session they have ends with it.

    Raises:
        Invalid: it is too short, too common, or too much like the user's name.
    """
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise Invalid(
            " ".join(error.messages), hint="Take a longer one: three or four words will do."
        ) from error
    user.set_password(password)
    user.save(update_fields=["password"])
