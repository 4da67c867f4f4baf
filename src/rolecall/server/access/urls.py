"""The addresses of apps, accounts and entitlements."""

from django.urls import path

from rolecall.server.access.pages import (
    account,
    accounts,
    apps,
    deciding,
    differences,
    entitlements,
    history,
    many,
    matching,
    settings,
    unmanaged,
)

__all__ = ["app_name", "urlpatterns"]

app_name = "access"
urlpatterns = [
    path("apps/", apps.apps, name="apps"),
    path("apps/unmanaged", unmanaged.unmanaged, name="unmanaged"),
    path("apps/unmanaged/add", unmanaged.add, name="add_app"),
    path("apps/unmanaged/manage", unmanaged.manage, name="manage"),
    path("apps/unmanaged/import", unmanaged.upload, name="upload"),
    path("apps/unmanaged/import/<str:file_id>", unmanaged.preview, name="import"),
    path("apps/unmanaged/import/<str:file_id>/apply", unmanaged.apply, name="import_apply"),
    path("apps/<str:app_id>/forget", unmanaged.forget, name="forget"),
    path("apps/<str:app_id>", apps.app, name="app"),
    path("apps/<str:app_id>/accounts", accounts.accounts, name="accounts"),
    path("apps/<str:app_id>/accounts/past", accounts.past_accounts, name="past_accounts"),
    path("apps/<str:app_id>/entitlements", entitlements.entitlements, name="entitlements"),
    path("apps/<str:app_id>/changes", history.feed, name="feed"),
    path("apps/<str:app_id>/differences", differences.differences, name="differences"),
    path("apps/<str:app_id>/settings", settings.settings, name="settings"),
    path("apps/<str:app_id>/settings/describe", settings.describe, name="describe"),
    path("apps/<str:app_id>/settings/domains", settings.set_domains, name="set_domains"),
    path("apps/<str:app_id>/settings/owners", settings.set_owners, name="set_owners"),
    path("apps/<str:app_id>/as-of", history.as_of, name="as_of"),
    path("matching/", matching.matching, name="matching"),
    path("matching/accept", matching.accept_chosen, name="accept_chosen"),
    path("matching/accept-all", matching.accept_all, name="accept_all"),
    path("accounts/<str:account_id>", account.account, name="account"),
    path("apps/<str:app_id>/accounts/accept", deciding.accept_exact, name="accept_exact"),
    path("apps/<str:app_id>/accounts/chosen", many.ask_many, name="ask_many"),
    path("apps/<str:app_id>/accounts/chosen/set", many.set_many, name="set_many"),
    path("accounts/<str:account_id>/person", deciding.choose_person, name="choose_person"),
    path("accounts/<str:account_id>/person/set", deciding.set_person, name="set_person"),
    path("accounts/<str:account_id>/person/accept", deciding.accept, name="accept"),
    path("accounts/<str:account_id>/person/clear", deciding.clear_person, name="clear_person"),
    path("accounts/<str:account_id>/type", deciding.set_type, name="set_type"),
    path("accounts/<str:account_id>/past", account.past_access, name="past_access"),
    path("accounts/<str:account_id>/attributes", account.attributes, name="attributes"),
    path("accounts/<str:account_id>/history", account.history, name="history"),
    path("entitlements/<str:entitlement_id>", entitlements.entitlement, name="entitlement"),
    path("entitlements/<str:entitlement_id>/before", entitlements.past_holders,
         name="past_holders"),
]  # fmt: skip
