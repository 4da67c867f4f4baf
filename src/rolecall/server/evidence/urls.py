"""The addresses of evidence, and of everything that a person holds."""

from django.urls import path

from rolecall.server.evidence.pages import files, made, person

__all__ = ["app_name", "urlpatterns"]

app_name = "evidence"
urlpatterns = [
    path("evidence/", files.evidence, name="files"),
    path("evidence/make", files.make, name="make"),
    path("evidence/files/<str:evidence_id>", made.file, name="file"),
    path("evidence/files/<str:evidence_id>/content", made.download, name="download"),
    path("people/<str:person_id>/access", person.person, name="person"),
]
