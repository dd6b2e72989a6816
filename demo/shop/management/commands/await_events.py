"""`manage.py await_events`: return when all consumers have caught up with the stream."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.tracking import api as tracking


class Command(BaseCommand):
    """Wait until every event that was accepted is in the table and in the features."""

    help = "Wait until the consumers of the event stream have nothing left to read."

    def add_arguments(self, parser: CommandParser) -> None:
        """How long to wait at most."""
        parser.add_argument("--seconds", type=float, default=120.0)

    def handle(self, *_: Any, **options: Any) -> None:
        """Ask five times a second."""
        deadline = time.monotonic() + float(options["seconds"])
        while any(tracking.status().values()):
            if time.monotonic() > deadline:
                raise CommandError(f"Still to be read, by consumer: {tracking.status()}")
            time.sleep(0.2)
