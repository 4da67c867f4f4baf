"""The addresses of seats."""

from django.urls import path

from rolecall.server.seats.pages import app, overview

__all__ = ["app_name", "urlpatterns"]

app_name = "seats"
urlpatterns = [
    path("seats/", overview.overview, name="overview"),
    path("apps/<str:app_id>/seats", app.app, name="app"),
    path("apps/<str:app_id>/seats/price", app.set_price, name="set_price"),
    path("apps/<str:app_id>/seats/forget", app.forget_price, name="forget_price"),
]
