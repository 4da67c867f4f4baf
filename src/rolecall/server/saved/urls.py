"""The addresses of saved views and chosen columns."""

from django.urls import path

from rolecall.server.saved import pages

__all__ = ["app_name", "urlpatterns"]

app_name = "saved"
urlpatterns = [
    path("", pages.save, name="save"),
    path("columns", pages.choose_columns, name="choose_columns"),
    path("<str:view_id>", pages.view, name="view"),
    path("<str:view_id>/change", pages.change, name="change"),
    path("<str:view_id>/delete", pages.delete, name="delete"),
]
