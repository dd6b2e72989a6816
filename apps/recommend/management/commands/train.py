"""`manage.py train SITE`: train the models of a site and say what came of it."""

import sys
from argparse import ArgumentParser
from typing import Any

from tqdm import tqdm

from apps.recommend import api
from specrec.kernel import clock, commands


class Command(commands.Command):
    help = "Train the models of a site from its catalogue and events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("site", help="the site's slug")
        parser.add_argument("--recipe", help="name or label, instead of the one of the site's schedule: shop, shop-1")
        parser.add_argument("--background", action="store_true", help="leave it to a worker and return at once")

    def handle(self, *, site: str, recipe: str | None, background: bool, verbosity: int, **_: Any) -> None:
        if background:
            api.start_training(site_id=site, now=clock.now(), recipe=recipe)
            self.stdout.write(f"training of {site} is queued")
            return
        with tqdm(total=100, unit="%", file=sys.stderr, disable=verbosity == 0, leave=False) as bar:

            def told(percent: int, step: str) -> None:
                bar.set_postfix_str(step, refresh=False)
                bar.update(percent - bar.n)

            model = api.train_site(site_id=site, now=clock.now(), recipe=recipe, told=told)
        self.stdout.write(f"{model.stamp} {model.state}: {model.note}")
        for name, value in model.metrics.items():
            self.stdout.write(f"  {name:24} {value:.4f}")
