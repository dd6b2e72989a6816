"""Background work by name, so that no service imports a task; `tests/architecture` checks that every name exists."""

from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction


def enqueue(name: str, **kwargs: Any) -> None:
    """Send the task with keyword arguments once the current transaction has committed (at once outside of one)."""
    transaction.on_commit(partial(current_app.send_task, name, kwargs=kwargs))
