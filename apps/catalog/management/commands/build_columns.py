"""`manage.py build_columns SITE`: the base of a large catalogue, made before a web process has to."""

import time
from argparse import ArgumentParser
from typing import Any

from apps.catalog import api
from specrec.kernel import clock, commands


class Command(commands.Command):
    """Processes that run take it once much is laid over the base that they have."""

    help = "Make the base of a site's catalogue, from which web processes start in seconds however large it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the site."""
        parser.add_argument("site", help="Slug of the site, such as uk.")

    def handle(self, *_: Any, site: str, **__: Any) -> None:
        """Make it."""
        started = time.monotonic()
        base_id = api.build_columns(site_id=site, now=clock.now())
        seconds = time.monotonic() - started
        self.stdout.write(f"The base {base_id} of {site} was made in {seconds:.1f} s. Processes that start now map it.")
