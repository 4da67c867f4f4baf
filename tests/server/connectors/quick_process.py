"""A web or worker process as `rolecall web` and `rolecall worker` run it, with quick settings."""

import sys

import django
import structlog

from rolecall.server.project.config import Web
from rolecall.server.project.web import serve
from rolecall.server.project.work import work

if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    django.setup()
    if sys.argv[1] == "worker":
        work(jobs_at_once=4)
    else:
        serve(Web(bind=sys.argv[2], processes=1))
