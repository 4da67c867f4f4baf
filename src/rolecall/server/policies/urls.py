"""The addresses of administrators and of the policies about them."""

from django.urls import path

from rolecall.server.policies.pages import administrators, policy

__all__ = ["app_name", "urlpatterns"]

app_name = "policies"
urlpatterns = [
    path("administrators/", administrators.overview, name="administrators"),
    path("administrators/policy", policy.edit, name="edit"),
    path("administrators/policy/save", policy.save, name="save"),
    path("administrators/policy/<str:policy_id>/end", policy.end, name="end"),
]
