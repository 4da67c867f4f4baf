"""The addresses of the audit log."""

from django.urls import path

from rolecall.server.people.pages import audit

__all__ = ["app_name", "urlpatterns"]

app_name = "audit"
urlpatterns = [
    path("", audit.events, name="events"),
    path("<str:event_id>", audit.event, name="event"),
]
