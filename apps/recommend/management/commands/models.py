"""`manage.py models list|promote|rollback SITE [STAMP]`: see the model versions of a site and choose among them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from apps.recommend import api
from specrec.kernel import clock, commands


class Command(commands.Command):
    help = "List the model versions of a site, promote one, or go back to the one before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=("list", "promote", "rollback"))
        parser.add_argument("site", help="the site's slug")
        parser.add_argument("stamp", nargs="?", help="the version to promote")

    def handle(self, *, action: str, site: str, stamp: str | None, **_: Any) -> None:
        if action == "list":
            models = api.list_models(site_id=site)
        elif action == "rollback":
            models = [api.roll_back(site_id=site, now=clock.now())]
        elif stamp is None:
            raise CommandError("Name the version to promote: models promote SITE STAMP. `models list SITE` shows them.")
        else:
            models = [api.promote_model(site_id=site, stamp=stamp, now=clock.now())]
        for model in models:
            figure = model.metrics.get("ndcg@10")
            shown = "not measured" if figure is None else f"NDCG@10 {figure:.4f}"
            self.stdout.write(f"{model.stamp}  {model.state:9} {shown}  {model.note}")
