"""`manage.py count_days`: the daily counts."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from apps.tracking import api
from specrec.kernel import commands


class Command(commands.Command):
    """Bring the daily counts up to what is in the event table."""

    help = "Count the days of which events came since they were last counted; with --site, the named days anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which days."""
        parser.add_argument("--site", help="count days of this site, changed or not")
        parser.add_argument("--since", type=date.fromisoformat, metavar="DATE", help="from this day (UTC) on")
        parser.add_argument("--until", type=date.fromisoformat, metavar="DATE", help="up to and with this day")

    def handle(self, *, site: str | None, since: date | None, until: date | None, **_: Any) -> None:
        """Count and say how many."""
        if site is None and since is None and until is None:
            counted = api.count_days()
        elif site is None or since is None or until is None or until < since:
            raise CommandError("To count days anew give --site, --since and --until, in this order of time.")
        else:
            with tqdm(total=(until - since).days + 1, unit=" days", desc="days") as bar:
                counted = api.recount_days(site_id=site, since=since, until=until, progress=bar.update)
        self.stdout.write(f"{counted:,} days counted")
