"""`manage.py revoke_key uk KEY_ID`."""

from typing import Any

from django.core.management.base import CommandParser

from apps.profiles import api
from specrec.kernel import clock, commands


class Command(commands.Command):
    help = "End a key at once; processes that know it notice within ten seconds."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("site_id")
        parser.add_argument("key_id", help="the middle part of the key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke the key."""
        api.revoke_key(site_id=options["site_id"], key_id=options["key_id"], now=clock.now())
        self.stdout.write(f"Key {options['key_id']} is revoked.")
