"""Background work by name, so that no service imports a task; `tests/architecture` checks that every name exists."""

from functools import partial
from typing import Any

import kombu.exceptions
from celery import current_app
from django.db import transaction

from specrec.kernel.errors import Unavailable


def enqueue(name: str, **kwargs: Any) -> None:
    """Send the task with keyword arguments once the current transaction has committed (at once outside of one).

    Raises Unavailable (inside of a transaction: at its end, with the data committed) when the queue does not answer
    within seconds. Where the work is found again by schedule, log it and go on.
    """
    transaction.on_commit(partial(_send, name, kwargs))


def _send(name: str, kwargs: dict[str, Any]) -> None:
    try:
        # Nobody here waits for a result: without this, a connection that listens for one would be opened.
        current_app.send_task(name, kwargs=kwargs, ignore_result=True)
    except kombu.exceptions.OperationalError as error:
        message = "The queue of background work does not answer. Try again in a moment."
        raise Unavailable(message, code="queue_unavailable", retry_after=1.0) from error
