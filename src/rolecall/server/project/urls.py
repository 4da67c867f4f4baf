"""Every address of the pages, by noun."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from rolecall.server.api.urls import api
from rolecall.server.project import installed, pages

__all__ = ["live", "ready", "urlpatterns"]


def live(_request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(_request: HttpRequest) -> HttpResponse:
    """The database answers too."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns = [
    path("live", live),
    path("ready", ready),
    path("", pages.home, name="home"),
    path("appearance", pages.appearance, name="appearance"),
    path("settings/", installed.settings, name="settings"),
    path("settings/mail", installed.outbox, name="outbox"),
    path("", include("rolecall.server.notifications.urls")),
    path("login/", include("rolecall.server.people.login.urls")),
    path("", include("rolecall.server.people.urls")),
    path("audit/", include("rolecall.server.people.audit_urls")),
    path("", include("rolecall.server.access.urls")),
    path("", include("rolecall.server.seats.urls")),
    path("", include("rolecall.server.policies.urls")),
    path("", include("rolecall.server.orders.urls")),
    path("connectors/", include("rolecall.server.connectors.urls")),
    path("api/", api.urls),
    path("views/", include("rolecall.server.saved.urls")),
    path("search/", include("rolecall.server.search.urls")),
    path("", include("rolecall.server.evidence.urls")),
]
