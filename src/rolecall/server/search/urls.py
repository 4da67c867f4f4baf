"""The address of the search."""

from django.urls import path

from rolecall.server.search import pages

__all__ = ["app_name", "urlpatterns"]

app_name = "search"
urlpatterns = [path("", pages.results, name="results")]
