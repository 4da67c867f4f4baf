"""Who has a task of a self-hosted connector: by which credential, and on which machine."""

from rolecall.server.connectors.models import Client, Task

__all__ = ["holds", "taker"]


def taker(client: Client, host: str) -> str:
    """As it stands in the task; a client id holds no space."""
    return f"{client.client_id} {host}"


def holds(task: Task, host: str) -> bool:
    """Whether this machine has the task; by which of the connector's credentials is all the same.

    A credential may be replaced while a task is carried out.
    """
    return task.state == Task.State.RUNNING and task.worker.partition(" ")[2] == host
