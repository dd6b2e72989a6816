"""`manage.py create_key uk --kind publishable --name shop --origin https://shop.example`."""

from typing import Any

from django.core.management.base import CommandParser

from apps.profiles import api
from apps.profiles.contracts import SCOPES
from specrec.kernel import commands


class Command(commands.Command):
    help = "Create a key of a site and print it. It is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("site_id")
        parser.add_argument("--kind", choices=["publishable", "secret"], required=True)
        parser.add_argument("--name", default="command line", help="what it is for")
        parser.add_argument("--scope", action="append", choices=SCOPES, help="repeat; default: all of its kind")
        parser.add_argument("--origin", action="append", default=[], help='repeat; "*" for any (publishable only)')

    def handle(self, *args: Any, **options: Any) -> None:
        """Translate the arguments, make the key, print it alone on standard output for scripts."""
        issued = api.create_key(
            site_id=options["site_id"],
            kind=options["kind"],
            name=options["name"],
            scopes=options["scope"],
            allowed_origins=options["origin"],
        )
        self.stderr.write(f"Key {issued.key_id} of {issued.site_id}; keep what follows, it is not shown again:")
        self.stdout.write(issued.secret)
