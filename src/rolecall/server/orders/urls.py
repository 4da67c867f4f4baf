"""The addresses of decisions, orders, manual steps and drift."""

from django.urls import path

from rolecall.server.orders.pages import (
    asking,
    decision,
    decisions,
    drifts,
    order,
    orders,
    rows,
    steps,
)

__all__ = ["app_name", "urlpatterns"]

app_name = "orders"
urlpatterns = [
    path("apps/<str:app_id>/ask", asking.ask, name="ask"),
    path("apps/<str:app_id>/plan", asking.plan, name="plan"),
    path("apps/<str:app_id>/decisions", decisions.of_app, name="of_app"),
    path("decisions/", decisions.decisions, name="decisions"),
    path("decisions/<str:decision_id>", decision.decision, name="decision"),
    path("decisions/<str:decision_id>/apply", decision.apply, name="apply"),
    path("decisions/<str:decision_id>/cancel", decision.cancel, name="cancel"),
    path("decisions/<str:decision_id>/undo", decision.undo, name="undo"),
    path("decisions/<str:decision_id>/rows", rows.change_rows, name="rows"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<str:order_id>", order.order, name="order"),
    path("orders/<str:order_id>/retry", order.retry, name="retry"),
    path("orders/<str:order_id>/undo", order.undo_one, name="undo_one"),
    path("drift/", drifts.drifts, name="drifts"),
    path("drift/<str:drift_id>", drifts.drift, name="drift"),
    path("drift/<str:drift_id>/restore", drifts.restore, name="restore"),
    path("drift/<str:drift_id>/accept", drifts.accept, name="accept"),
    path("by-hand/", steps.steps, name="steps"),
    path("by-hand/<str:step_id>", steps.step, name="step"),
    path("by-hand/<str:step_id>/give", steps.give, name="give"),
    path("by-hand/<str:step_id>/done", steps.finish, name="finish"),
    path("by-hand/<str:step_id>/cannot", steps.cannot, name="cannot"),
    path("by-hand/<str:step_id>/file", steps.proof, name="proof"),
]
