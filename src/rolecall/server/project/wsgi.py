"""What gunicorn loads."""

import os

from django.core.wsgi import get_wsgi_application
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

__all__ = ["application"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rolecall.server.project.settings")
application = get_wsgi_application()


def _many_small_queries(connection: BaseDatabaseWrapper, **_more: object) -> None:
    """Pages are asked for by many at once: helpers for one of them are taken from the others."""
    with connection.cursor() as cursor:
        cursor.execute("set max_parallel_workers_per_gather = 0; set jit = off")


connection_created.connect(_many_small_queries)
