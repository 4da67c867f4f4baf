"""What the database lets its roles do."""

import psycopg
import pytest

from rolecall.server.project.embedded.roles import Role


@pytest.mark.parametrize("role", [Role.WEB, Role.WORKER])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET reason = 'another'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event CASCADE",
        "UPDATE audit_seal SET sha256 = ''",
        "DELETE FROM audit_seal",
        "TRUNCATE audit_seal",
        "DROP TABLE audit_seal",
        "ALTER TABLE audit_event ADD COLUMN more text",
        "CREATE TABLE mine (id int)",
        "DELETE FROM django_migrations",
        "CREATE ROLE mine",
    ],
)
def test_no_daily_role_may(database, role, statement):
    """What happened cannot be changed, and neither can the schema, by web or worker."""
    with (
        psycopg.connect(database.url(role)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_only_the_worker_seals(database):
    """The web process cannot forge a link of the chain; the worker's attempt fails on the key."""
    seal = "INSERT INTO audit_seal (sequence, event_id, sha256, sealed_at) VALUES (1, 1, '', now())"
    with (
        psycopg.connect(database.url(Role.WEB)) as web,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        web.execute(seal)
    with psycopg.connect(database.url(Role.WORKER)) as worker:
        worker.execute(seal)
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            worker.commit()


@pytest.mark.parametrize("role", [Role.WEB, Role.WORKER])
def test_daily_roles_do_the_daily_work(database, role):
    """Both may write the audit row of a deed, and defer the job that carries it out."""
    with psycopg.connect(database.url(role)) as connection:
        connection.execute(
            "INSERT INTO audit_event (public_id, at, actor_kind, actor_id, actor_name, action,"
            " target_kind, target_id, target_name, scope, reason, detail, request_id) VALUES"
            " ('evt_x', now(), 'system', '', '', 'a:b:c', '', '', '', '', '', '{}', '')"
        )
        job = connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'x')"
            " RETURNING id"
        ).fetchone()
        connection.rollback()

    assert job is not None
