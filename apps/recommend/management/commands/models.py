"""`manage.py models ACTION SITE [STAMP]`: see the model versions of a site and choose which one answers."""

from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Mapping
from typing import Any

import msgspec

from apps.recommend import api
from apps.recommend.contracts.models import ModelComparison, ModelInfo
from specrec.kernel import clock, commands


class Command(commands.Command):
    help = "List the model versions of a site, look at one, compare two, and choose which one answers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name what to do, and with which version."""
        actions = parser.add_subparsers(dest="action", required=True)
        _action(actions, "list", "every version with its state and why it has it, newest first")
        _action(actions, "show", "all that is recorded of one version, as JSON", "stamp")
        _action(actions, "promote", "answer with this version from now on, whatever the gate said", "stamp")
        _action(actions, "rollback", "answer with the version that was promoted before")
        _action(actions, "shadow", "let this version score a share of the requests and answer none", "stamp")
        _action(
            actions, "compare", "two versions side by side, also on what neither has learned from", "stamp", "other"
        )
        _action(actions, "retire", "take this version out of what may be promoted by itself", "stamp")

    def handle(self, *_: Any, action: str, site: str, **options: Any) -> None:
        """Do it."""
        now, stamp = clock.now(), options.get("stamp", "")
        if action == "list":
            self._tell(*api.list_models(site_id=site))
        elif action == "show":
            found = msgspec.json.encode(api.show_model(site_id=site, stamp=stamp))
            self.stdout.write(msgspec.json.format(found, indent=2).decode())
        elif action == "promote":
            self._tell(api.promote_model(site_id=site, stamp=stamp, now=now))
        elif action == "rollback":
            self._tell(api.roll_back(site_id=site, now=now))
        elif action == "shadow":
            self._tell(api.shadow_model(site_id=site, stamp=stamp, now=now))
        elif action == "retire":
            self._tell(api.retire_model(site_id=site, stamp=stamp))
        else:
            self._compare(api.compare_models(site_id=site, stamp=stamp, other=options["other"], now=now))

    def _tell(self, *models: ModelInfo) -> None:
        for model in models:
            figure = model.metrics.get("ndcg@10")
            shown = "not measured" if figure is None else f"NDCG@10 {figure:.4f}"
            self.stdout.write(f"{model.stamp}  {model.state:9} {shown}  {model.note}")

    def _compare(self, found: ModelComparison) -> None:
        self.stdout.write(f"{'':30} {found.stamp:>24} {found.other:>24}")
        self._rows("when trained:", *found.recorded)
        if found.measured is None or found.gain is None:
            words = "too few to ask both on what neither has learned from"
            self.stdout.write(f"since both were trained {found.cases:,} shoppers went on to another item: {words}")
            return
        self._rows(f"on {found.cases:,} shoppers since:", *found.measured)
        low, mean, high = found.gain
        self.stdout.write(f"{found.stamp} has {mean:+.4f} NDCG@10 more ({low:+.4f} to {high:+.4f}, 95 % confidence)")

    def _rows(self, title: str, own: Mapping[str, float], other: Mapping[str, float]) -> None:
        self.stdout.write(title)
        for name in dict.fromkeys((*own, *other)):
            cells = [f"{side[name]:.4f}" if name in side else "-" for side in (own, other)]
            self.stdout.write(f"  {name:28} {cells[0]:>24} {cells[1]:>24}")


def _action(actions: "_SubParsersAction[ArgumentParser]", name: str, words: str, *stamps: str) -> None:
    parser = actions.add_parser(name, help=words)
    parser.add_argument("site", help="the site's slug")
    for stamp in stamps:
        parser.add_argument(stamp, help="the stamp of a version, as `models list` shows it")
