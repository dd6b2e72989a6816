"""`manage.py export_events`: events of a period as a Parquet file."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from tqdm import tqdm

from apps.tracking import api
from apps.tracking.contracts import Export
from specrec.kernel import commands


class Command(commands.Command):
    """Write the events of a site and period to a Parquet file."""

    help = "Write the events of a site, from one day to another (UTC, both included), to a Parquet file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which events, and where to."""
        parser.add_argument("site")
        parser.add_argument("--since", type=date.fromisoformat, required=True, metavar="DATE")
        parser.add_argument("--until", type=date.fromisoformat, required=True, metavar="DATE")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE.parquet")
        parser.add_argument("--with-queries", action="store_true", help="also what shoppers typed, which is free text")
        parser.add_argument("--force", action="store_true", help="replace a file that is there")

    def handle(
        self, *, site: str, since: date, until: date, out: Path, with_queries: bool, force: bool, **_: Any
    ) -> None:
        """Write the file and say how many events it has."""
        export = Export(site_id=site, since=since, until=until, path=out, with_queries=with_queries, overwrite=force)
        total = api.count_events(site_id=site, since=since, until=until)
        with tqdm(total=total, unit=" events", desc="events") as bar:
            written = api.export_events(export=export, progress=bar.update)
        self.stdout.write(f"{written:,} events in {out}")
