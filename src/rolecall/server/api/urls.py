"""All of the API, put together; `project/urls.py` puts it under `/api/`."""

from rolecall.server.api import (
    accounts,
    apps,
    audit,
    clients,
    connectors,
    entitlements,
    evidence,
    history,
    installation,
    matching,
    me,
    needs,
    orders,
    outcomes,
    people,
    policies,
    saved,
    search,
    seats,
    tasks,
    users,
)
from rolecall.server.api.door import door

__all__ = ["api"]

api = door()
for _path, _router in (
    ("/me", me.router),
    ("/me/needs", needs.router),
    ("/matching", matching.router),
    ("/administrators", policies.router),
    ("/seats", seats.router),
    ("/users", users.router),
    ("/people", people.router),
    ("/audit", audit.router),
    ("/apps", apps.router),
    ("/apps", accounts.of_apps),
    ("/apps", entitlements.of_apps),
    ("/apps", seats.of_apps),
    ("/apps", history.of_apps),
    ("/accounts", accounts.router),
    ("/apps", evidence.of_apps),
    ("/people", evidence.of_people),
    ("/entitlements", entitlements.router),
    ("/entitlements", history.of_entitlements),
    ("/connectors", connectors.router),
    ("/connectors", tasks.of_connectors),
    ("/connectors", clients.of_connectors),
    ("/tasks", tasks.router),
    ("/search", search.router),
    ("/views", saved.router),
    ("/installation", installation.router),
    ("/apps", orders.of_apps),
    ("/decisions", orders.router),
    ("/orders", orders.of_orders),
    ("/drift", outcomes.of_drift),
    ("/steps", outcomes.of_steps),
):
    api.add_router(_path, _router)
