"""`manage.py rotate_key uk KEY_ID --overlap-hours 24`."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from apps.profiles import api
from specrec.kernel import clock, commands


class Command(commands.Command):
    help = "Make a successor of a key and print it; the old key works on for the overlap."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("site_id")
        parser.add_argument("key_id", help="the middle part of the key")
        parser.add_argument("--overlap-hours", type=float, default=168.0, help="default: 168, a week")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate the key and print the new one alone on standard output."""
        issued = api.rotate_key(
            site_id=options["site_id"],
            key_id=options["key_id"],
            overlap=timedelta(hours=options["overlap_hours"]),
            now=clock.now(),
        )
        self.stderr.write(f"Key {issued.key_id} follows {options['key_id']}; it is not shown again:")
        self.stdout.write(issued.secret)
