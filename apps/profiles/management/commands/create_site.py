"""`manage.py create_site uk --name "United Kingdom" --locale en-GB --currency GBP --time-zone Europe/London`."""

from typing import Any

from django.core.management.base import CommandParser

from apps.profiles import api
from apps.profiles.contracts import SiteInfo
from specrec.kernel import commands


class Command(commands.Command):
    help = "Create a site, or bring it to these values."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("site_id", help='short name used in every call, such as "uk"')
        parser.add_argument("--name", required=True, help="name for people")
        parser.add_argument("--locale", required=True, help="such as en-GB")
        parser.add_argument("--currency", required=True, help="ISO 4217, such as GBP")
        parser.add_argument("--time-zone", required=True, help="IANA name, such as Europe/London")
        parser.add_argument("--event-retention-days", type=int, default=400, help="default: 400")

    def handle(self, *args: Any, **options: Any) -> None:
        """Translate the arguments and ensure the site."""
        given = {name: options[name] for name in SiteInfo.__struct_fields__}
        site = api.ensure_site(site=SiteInfo(**given))
        self.stdout.write(f"Site {site.site_id} is there. Next: manage.py create_key {site.site_id} --kind secret")
