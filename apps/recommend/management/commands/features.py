"""`manage.py features list|show|backfill|export`: what is known of shoppers, items and placements."""

import signal
import sys
import threading
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterable, Sequence
from types import FrameType
from typing import Any

import msgspec
from django.core.management.base import CommandError
from tqdm import tqdm

from apps.recommend import api
from apps.recommend.contracts.features import FeatureReport
from apps.recommend.contracts.serving import ShopperInput
from specrec.kernel import clock, commands

_COLUMNS = ("name", "entity", "type", "source", "window", "half_life", "sensitivity", "purpose", "description")


class Command(commands.Command):
    help = "List the features, show their values, rebuild them from the event table, or export what states count."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name what to do, and of whom."""
        actions = parser.add_subparsers(dest="action", required=True)
        every = _action(actions, "list", "every feature with its entity, window, sensitivity and purpose")
        every.add_argument("--markdown", action="store_true", help="as the table of the documentation")
        show = _action(actions, "show", "the values of one shopper, item or placement now")
        show.add_argument("site", help="the site's slug")
        whom = show.add_mutually_exclusive_group(required=True)
        for name in ("customer-id", "anonymous-id", "item", "placement"):
            whom.add_argument(f"--{name}")
        _action(actions, "backfill", "build states and counts anew from the event table; consumers may run beside it")
        export = _action(actions, "export", "what the state of every shopper counts, as JSON lines")
        export.add_argument("site", help="the site's slug")

    def handle(self, *_: Any, action: str, **options: Any) -> None:
        """Do it."""
        if action == "list":
            self._list(markdown=options["markdown"])
        elif action == "show":
            self._show(options)
        elif action == "backfill":
            self._backfill(quiet=options["verbosity"] == 0)
        else:
            self._export(options["site"])

    def _list(self, *, markdown: bool) -> None:
        features = [msgspec.structs.asdict(feature) for feature in api.list_features()]
        rows = [[feature[name] or "-" for name in _COLUMNS] for feature in features]
        if not markdown:
            self._table([_COLUMNS, *rows])
            return
        named = ([f"`{name}`", *rest] for name, *rest in rows)
        for cells in ([name.replace("_", "-") for name in _COLUMNS], ["---"] * len(_COLUMNS), *named):
            self.stdout.write(f"| {' | '.join(cells)} |")

    def _show(self, options: dict[str, Any]) -> None:
        report = _report_of(options)
        self._table([(name, _words(value)) for name, value in report.values.items()])
        for name, purposes in report.left_out.items():
            self.stdout.write(f"left out: {name} (no consent to {', '.join(purposes)})")

    def _backfill(self, *, quiet: bool) -> None:
        stopping = threading.Event()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        count = 0
        with tqdm(unit=" events", file=sys.stderr, disable=quiet) as bar:

            def advance(added: int, total: int) -> None:
                nonlocal count
                count += added
                bar.total = total
                bar.update(added)

            if not api.rebuild_features(now=clock.now(), stop=stopping.is_set, progress=advance):
                message = (
                    "Stopped: the features are not whole. A consumer that runs rebuilds them, or this command again."
                )
                raise CommandError(message)
        self.stdout.write(f"rebuilt from {count:,} events")

    def _export(self, site: str) -> None:
        for state in api.export_states(site_id=site):
            self.stdout.write(msgspec.json.encode(state).decode())

    def _table(self, rows: Iterable[Sequence[str]]) -> None:
        """Write the rows with their columns below one another."""
        found = list(rows)
        widths = [max(map(len, column)) for column in zip(*found, strict=True)]
        for row in found:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())


def _action(actions: "_SubParsersAction[Any]", name: str, description: str) -> ArgumentParser:
    parser: ArgumentParser = actions.add_parser(name, help=description, description=description)
    return parser


def _report_of(options: dict[str, Any]) -> FeatureReport:
    site, now = options["site"], clock.now()
    if options["item"] is not None:
        return api.show_item_features(site_id=site, item_id=options["item"], now=now)
    if options["placement"] is not None:
        return api.show_placement_features(site_id=site, placement=options["placement"], now=now)
    shopper = ShopperInput(anonymous_id=options["anonymous_id"], customer_id=options["customer_id"])
    return api.show_shopper_features(site_id=site, shopper=shopper, now=now)


def _words(value: float | dict[str, float] | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{key} {amount:.4g}" for key, amount in value.items()) or "-"
    return f"{value:.6g}"
