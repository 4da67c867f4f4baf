"""The one way in which the simulated Notion says no; knows no HTTP beyond a status number."""

__all__ = ["Refusal"]


class Refusal(Exception):
    """Notion would refuse this.

    Args:
        status: HTTP status, 400 to 599.
        detail: one sentence, as an API would put it.
        scim_type: the error keyword of RFC 7644 §3.12, where one fits.
        code: the REST API's error code (Notion: N-153), where one fits.
    """

    def __init__(self, status: int, detail: str, *, scim_type: str = "", code: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type
        self.code = code
