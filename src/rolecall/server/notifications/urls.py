"""The addresses of notifications: one's own choices, the webhook, and what went to it."""

from django.urls import path

from rolecall.server.notifications.pages import mine, sent, webhook

__all__ = ["app_name", "urlpatterns"]

app_name = "notifications"
urlpatterns = [
    path("me/notifications", mine.mine, name="mine"),
    path("me/notifications/choose", mine.choose, name="choose"),
    path("settings/mail/again", sent.mail_again, name="mail_again"),
    path("settings/webhook", webhook.webhook, name="webhook"),
    path("settings/webhook/set", webhook.set_up, name="set_up"),
    path("settings/webhook/secret", webhook.renew_secret, name="renew_secret"),
    path("settings/webhook/try", webhook.try_it, name="try_it"),
    path("settings/webhook/off", webhook.turn_off, name="turn_off"),
    path("settings/webhook/sent", sent.deliveries, name="deliveries"),
    path("settings/webhook/sent/again", sent.deliver_again, name="deliver_again"),
]
