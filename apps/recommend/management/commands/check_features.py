"""`manage.py check_features`: whether the features are what the event table says."""

import sys
from typing import Any

import msgspec
from django.core.management.base import CommandError
from tqdm import tqdm

from apps.recommend import api
from specrec.kernel import clock, commands


class Command(commands.Command):
    """Print one JSON object; ends with an error where something differs."""

    help = (
        "Rebuild all features from the event table beside those in use, compare every state and every count, and print "
        "what differs and how much memory a shopper needs. What comes in meanwhile differs."
    )

    def handle(self, *_: Any, **options: Any) -> None:
        """Compare; the progress goes to standard error."""
        with tqdm(unit=" events", desc="rebuild", file=sys.stderr, disable=options["verbosity"] == 0) as bar:

            def advance(added: int, total: int) -> None:
                bar.total = total
                bar.update(added)

            found = api.check_features(now=clock.now(), progress=advance)
        self.stdout.write(msgspec.json.encode(found).decode())
        if found.differing_states or found.differing_counts:
            message = f"{found.differing_states:,} states and {found.differing_counts:,} counts differ."
            raise CommandError(message)
