"""The controller process: what self-hosted connectors call."""

from rolecall.errors import BadConfig
from rolecall.server.project.config import Controller

__all__ = ["control"]


def control(settings: Controller) -> None:
    """Serve until SIGTERM.

    Raises:
        BadConfig: there is no certificate, it cannot be used, or the port is taken.
    """
    from rolecall.server import clock  # noqa: PLC0415 - Django is set up by now
    from rolecall.server.connectors.controller.serving import Place, run  # noqa: PLC0415 - the same

    if not settings.certificate and not settings.token_bind:
        raise BadConfig(
            "The controller has no certificate.",
            hint="Set controller.certificate and controller.key; behind a proxy that has TLS, "
            "controller.token_bind and controller.grpc_bind instead.",
        )
    place = Place(
        bind=settings.bind,
        certificate=settings.certificate,
        key=settings.key,
        token_bind=settings.token_bind,
        grpc_bind=settings.grpc_bind,
    )
    try:
        run(place, clock.now)
    except OSError as error:
        raise BadConfig(
            f"The controller cannot listen on {place.token_bind or place.bind}: {error.strerror}.",
            hint="Set controller.bind to an address and a port that are free.",
        ) from error
