"""`manage.py list_keys uk`."""

from typing import Any

from django.core.management.base import CommandParser

from apps.profiles import api
from specrec.kernel import commands


class Command(commands.Command):
    help = "List the keys of a site, newest first; secrets are not known to anybody."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("site_id")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line a key."""
        for key in api.list_keys(site_id=options["site_id"]):
            ends = key.revoked_at or key.expires_at
            state = "works" if ends is None else f"{'revoked' if key.revoked_at else 'ends'} {ends:%Y-%m-%d %H:%M}"
            self.stdout.write(f"{key.key_id}  {key.kind:<11}  {state:<24}  {key.name}")
