"""Connectors, what they are allowed to know, and the tasks they carry out.

Every sync, test, probe and change is a task row. A job of the queue carries only the task's id;
whoever takes the task raises `attempt`, and may finish it only under that number: a worker that
was swept and wakes up finds another number there, and its work is void.
"""

from rolecall.server.connectors.models.clients import AccessToken, Client, Host, UsedAssertion
from rolecall.server.connectors.models.connectors import Connector, Secret
from rolecall.server.connectors.models.tasks import Hold, LogLine, Task, Upload

__all__ = [
    "AccessToken",
    "Client",
    "Connector",
    "Hold",
    "Host",
    "LogLine",
    "Secret",
    "Task",
    "Upload",
    "UsedAssertion",
]
