"""All of the API, put together; `project/urls.py` puts it under `/api/`."""

from rolecall.server.api import (
    accounts,
    apps,
    audit,
    connectors,
    entitlements,
    history,
    installation,
    me,
    people,
    search,
    tasks,
    users,
)
from rolecall.server.api.door import door

__all__ = ["api"]

api = door()
for _path, _router in (
    ("/me", me.router),
    ("/users", users.router),
    ("/people", people.router),
    ("/audit", audit.router),
    ("/apps", apps.router),
    ("/apps", accounts.of_apps),
    ("/apps", entitlements.of_apps),
    ("/apps", history.of_apps),
    ("/accounts", accounts.router),
    ("/entitlements", entitlements.router),
    ("/entitlements", history.of_entitlements),
    ("/connectors", connectors.router),
    ("/connectors", tasks.of_connectors),
    ("/tasks", tasks.router),
    ("/search", search.router),
    ("/installation", installation.router),
):
    api.add_router(_path, _router)
