"""A controller process as `rolecall controller` runs it, with quick settings."""

import sys

import django
import structlog

from rolecall.server import clock

if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    django.setup()
    from rolecall.server.connectors.controller.serving import Place, run

    run(Place(bind=f"localhost:{sys.argv[1]}", certificate=sys.argv[2], key=sys.argv[3]), clock.now)
