"""`manage.py recipes list|show|check`: what models can be trained with."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from apps.recommend import api
from specrec.kernel import commands


class Command(commands.Command):
    help = "List the recipes of models, show one as TOML, or check a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="every recipe with its algorithms; exits with 1 where one cannot be read")
        show = actions.add_parser("show", help="one as TOML, usual values included")
        show.add_argument("name", help="name, for the newest version, or name and version: shop, shop-1")
        check = actions.add_parser("check", help="say whether a file can be used, and where not")
        check.add_argument("file", type=Path)

    def handle(self, *, action: str, **options: Any) -> None:
        if action == "show":
            self.stdout.write(api.show_recipe(name=options["name"]), ending="")
        elif action == "check":
            self.stdout.write(f"{api.check_recipe(path=options['file']).recipe}: fine")
        else:
            self._list()

    def _list(self) -> None:
        found = api.list_recipes()
        for info in found:
            told = info.fault or f"{info.description} ({', '.join(info.algorithms)})"
            self.stdout.write(f"{info.recipe:20} {'own' if info.own else 'specrec':8} {told}")
        if any(info.fault for info in found):
            raise CommandError("A recipe cannot be read.")
