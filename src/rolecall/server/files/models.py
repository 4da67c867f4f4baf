"""Files in the database: a head, and chunks of 1 MiB."""

from django.db import models

from rolecall.server.ids import PublicIdField

__all__ = ["CHUNK_BYTES", "Chunk", "File"]

CHUNK_BYTES = 1 << 20


class File(models.Model):
    """What is known of some bytes; complete only with its digest."""

    public_id = PublicIdField(prefix="fil")
    kind = models.CharField(max_length=16)
    """c1z, log or export."""
    name = models.CharField(max_length=200)
    bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    """Hex; empty while chunks are still being written."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name


class Chunk(models.Model):
    """At most 1 MiB of a file; the last may be shorter."""

    file = models.ForeignKey(File, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("file", "position"), name="files_chunk_place"),
        )

    def __str__(self) -> str:
        return f"chunk {self.position} of {self.file_id}"
