"""`manage.py traces list|show|replay`: how answers came about, and what they would be now."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

import msgspec
from django.core.management.base import CommandError

from apps.recommend import api
from apps.recommend.contracts.traces import Replay, TraceQuery
from specrec.kernel import commands


class Command(commands.Command):
    help = "List the kept traces of a site, show one, or ask its question again and say what is other, and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listed = actions.add_parser("list", help="the newest traces of a site")
        listed.add_argument("site_id")
        listed.add_argument("--placement", help="only those of this placement")
        listed.add_argument("--limit", type=int, default=20, help="how many, 20 unless told")
        show = actions.add_parser("show", help="one as JSON, with what was known of the shopper")
        again = actions.add_parser("replay", help="the same question again; exits with 1 where the list is another")
        for one in (show, again):
            one.add_argument("site_id")
            one.add_argument("trace_id", type=UUID, help="the recommendation_id of the answer")
        again.add_argument(
            "--against",
            choices=("now", "then"),
            default="now",
            help="what answers now (the usual), or model, rules, placement and experiments of then as far as kept",
        )

    def handle(self, *, action: str, **options: Any) -> None:
        if action == "list":
            self._list(options["site_id"], TraceQuery(placement=options["placement"], limit=options["limit"]))
        elif action == "show":
            trace = api.show_trace(site_id=options["site_id"], trace_id=options["trace_id"])
            self.stdout.write(json.dumps(msgspec.to_builtins(trace), indent=2))
        else:
            self._replay(
                api.replay_trace(site_id=options["site_id"], trace_id=options["trace_id"], against=options["against"])
            )

    def _list(self, site_id: str, query: TraceQuery) -> None:
        for one in api.list_traces(site_id=site_id, query=query).items:
            told = f"{one.strategy}, {one.items} items" + (f", fallback {one.fallback}" if one.fallback else "")
            self.stdout.write(f"{one.trace_id}  {one.at:%Y-%m-%d %H:%M:%S}  {one.placement:24} {told}")

    def _replay(self, found: Replay) -> None:
        for difference in found.differences:
            places = f"{_figure(difference.before)} -> {_figure(difference.after)}"
            why = f"  ({', '.join(difference.why)})" if difference.why else ""
            self.stdout.write(f"{difference.what:8} {difference.name:32} {places}{why}")
        for cause in found.causes:
            weight = "cause" if cause.decisive else "other, without effect"
            self.stdout.write(f"{weight}: {cause.what} {cause.name}".rstrip())
        if not found.identical:
            raise CommandError(f"The list of {found.at:%Y-%m-%d %H:%M:%S} is another {found.against}.")
        self.stdout.write(f"identical: {len(found.after)} items in the same places")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
