"""Self-hosted connectors as our callers: their keys, their tokens, the machines they run on."""

from django.db import models

from rolecall.server.connectors.models.connectors import Connector
from rolecall.server.ids import PublicIdField

__all__ = ["AccessToken", "Client", "Host", "UsedAssertion"]


class Client(models.Model):
    """A credential by which a self-hosted connector calls; we keep only its public key."""

    public_id = PublicIdField(prefix="cli")
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="clients")
    client_id = models.CharField(max_length=200, unique=True)
    """`<name>@<host>/<suffix>`, as Baton's connectors take it apart."""
    public_key = models.JSONField()
    """A JWK: OKP, Ed25519, `x`."""
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=254)
    ends_at = models.DateTimeField(null=True)
    """From when it opens nothing: set when another one replaces it."""
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.client_id


class AccessToken(models.Model):
    """A bearer token that we gave out; only its digest is kept."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="tokens")
    digest = models.BinaryField(max_length=32, unique=True)
    """SHA-256."""
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"token of {self.client_id}"


class UsedAssertion(models.Model):
    """A client assertion that was taken, until it is too old to be taken again."""

    digest = models.BinaryField(max_length=32, unique=True)
    """SHA-256 of its signature."""
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"used until {self.until}"


class Host(models.Model):
    """One running process of a self-hosted connector, by the name it gives itself."""

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="hosts")
    name = models.CharField(max_length=256)
    """BATON_HOST_ID, else the machine's name; two may share one."""
    version = models.CharField(max_length=100, blank=True)
    system = models.CharField(max_length=200, blank=True)
    capabilities = models.JSONField(default=dict)
    """What its hello said, as JSON of the message."""
    first_seen_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("-seen_at",)
        constraints = (
            models.UniqueConstraint(fields=("connector", "name"), name="connectors_host_once"),
        )

    def __str__(self) -> str:
        return self.name
