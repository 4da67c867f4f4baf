"""The addresses of the login, under `/login/`: allauth's views that we use, and no others.

Names are allauth's, which looks them up. There is no sign-up, and nobody changes their address.
"""

from allauth.account import views as account
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.urls import include, path

from rolecall.server.people.login import pages

__all__ = ["urlpatterns"]

urlpatterns = [
    path("", account.login, name="account_login"),
    path("out/", account.logout, name="account_logout"),
    path("again/", account.reauthenticate, name="account_reauthenticate"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("password/", account.password_change, name="account_change_password"),
    path("password/first/", account.password_set, name="account_set_password"),
    path("forgotten/", pages.forgotten, name="account_reset_password"),
    path("link/<str:token>", pages.link, name="login_link"),
    path("factors/", include("allauth.mfa.urls")),
    path("sso/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("sso/error/", social.login_error, name="socialaccount_login_error"),
    path("<str:provider_id>/", oidc.login, name="openid_connect_login"),
    path("<str:provider_id>/callback/", oidc.callback, name="openid_connect_callback"),
]
