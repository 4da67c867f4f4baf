"""Two workers carry the outbox out at the same time."""

import threading

import pytest
from django.db import connection, transaction
from smtp_inbox import an_inbox
from test_post import NOW, configured, told

from rolecall.server.mail.models import Message
from rolecall.server.mail.post import send_next


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_is_being_handed_over_is_nobody_elses(settings):
    """The other worker finds nothing to send, and does not wait."""
    found: list[bool] = []

    def work() -> None:
        found.append(send_next(NOW))
        connection.close()

    with an_inbox() as inbox:
        settings.CONFIG = configured(inbox.url)
        told()
        other = threading.Thread(target=work)
        with transaction.atomic():
            Message.objects.select_for_update().get()
            other.start()
            other.join(20)
        other.join()

        assert found == [False]
        assert inbox.mails == []
        assert send_next(NOW)
        assert len(inbox.mails) == 1
