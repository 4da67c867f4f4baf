"""The addresses of oneself, of users, and of the company's people."""

from django.urls import path

from rolecall.server.people.pages import me, persons, roster, sessions, unsent, users

__all__ = ["app_name", "urlpatterns"]

app_name = "people"
urlpatterns = [
    path("me/", me.me, name="me"),
    path("me/save", me.save, name="me_save"),
    path("me/sessions/", sessions.sessions, name="sessions"),
    path("me/sessions/elsewhere", sessions.elsewhere, name="me_elsewhere"),
    path("me/sessions/<str:session>/end", sessions.end, name="end_session"),
    path("me/unsent", unsent.look, name="unsent"),
    path("me/unsent/drop", unsent.drop, name="drop_unsent"),
    path("me/keys", me.make_key, name="make_key"),
    path("me/keys/<str:key>/end", me.end_key, name="end_key"),
    path("users/", users.listing, name="users"),
    path("users/invite", users.invite, name="invite"),
    path("users/<str:user_id>", users.user, name="user"),
    path("users/<str:user_id>/again", users.again, name="invite_again"),
    path("users/<str:user_id>/rename", users.rename, name="rename_user"),
    path("users/<str:user_id>/roles", users.assign, name="assign_role"),
    path("users/<str:user_id>/roles/end", users.end_role, name="end_role"),
    path("users/<str:user_id>/deactivate", users.deactivate, name="deactivate"),
    path("users/<str:user_id>/activate", users.activate, name="activate"),
    path("users/<str:user_id>/sessions/end", users.end_sessions, name="end_sessions"),
    path("users/<str:user_id>/keys/<str:key>/end", users.end_key, name="end_user_key"),
    path("people/", persons.listing, name="persons"),
    path("people/add", persons.add, name="add_person"),
    path("people/roster", roster.upload, name="roster_upload"),
    path("people/roster/<str:file_id>", roster.preview, name="roster"),
    path("people/roster/<str:file_id>/apply", roster.apply, name="roster_apply"),
    path("people/<str:person_id>", persons.person, name="person"),
    path("people/<str:person_id>/edit", persons.edit, name="edit_person"),
    path("people/<str:person_id>/leave", persons.leave, name="leave"),
    path("people/<str:person_id>/return", persons.return_, name="return"),
]
