"""The addresses of connectors."""

from django.urls import path

from rolecall.server.connectors.pages import (
    adding,
    clients,
    connector,
    connectors,
    credentials,
    deeds,
    holds,
    runs,
    settings,
)

__all__ = ["app_name", "urlpatterns"]

app_name = "connectors"
urlpatterns = [
    path("", connectors.connectors, name="list"),
    path("add", adding.choose, name="add"),
    path("add/<str:kind>", adding.set_up, name="set_up"),
    path("runs/<str:task_id>", runs.run, name="run"),
    path("runs/<str:task_id>/file", runs.download, name="download"),
    path("<str:connector_id>/", connector.connector, name="connector"),
    path("<str:connector_id>/live", connector.live, name="live"),
    path("<str:connector_id>/runs", runs.runs, name="runs"),
    path("<str:connector_id>/runs/<str:task_id>/cancel", deeds.cancel, name="cancel"),
    path("<str:connector_id>/settings", settings.settings, name="settings"),
    path("<str:connector_id>/settings/owners", settings.set_owners, name="set_owners"),
    path("<str:connector_id>/settings/<str:what>", settings.change, name="change"),
    path("<str:connector_id>/delete", settings.delete, name="delete"),
    path("<str:connector_id>/credentials", credentials.credentials, name="credentials"),
    path("<str:connector_id>/credentials/test", deeds.test_credentials, name="test"),
    path("<str:connector_id>/credentials/tested", credentials.tested, name="tested"),
    path("<str:connector_id>/credentials/rotate", clients.rotate, name="rotate"),
    path("<str:connector_id>/credentials/clients/<str:client>/end", clients.end_client,
         name="end_client"),
    path("<str:connector_id>/credentials/save/<str:task_id>", credentials.save, name="save"),
    path("<str:connector_id>/credentials/<str:slot>/remove", deeds.remove_credential,
         name="remove_credential"),
    path("<str:connector_id>/audit", connector.audit, name="audit"),
    path("<str:connector_id>/sync", deeds.sync_now, name="sync_now"),
    path("<str:connector_id>/pause", deeds.pause, name="pause"),
    path("<str:connector_id>/resume", deeds.resume, name="resume"),
    path("<str:connector_id>/holds/<str:hold_id>", holds.difference, name="difference"),
    path("<str:connector_id>/holds/<str:hold_id>/confirm", deeds.confirm, name="confirm"),
    path("<str:connector_id>/holds/<str:hold_id>/reject", deeds.reject, name="reject"),
]  # fmt: skip
