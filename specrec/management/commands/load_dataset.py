"""`manage.py load_dataset amazon-beauty PATH`: a public data set through import and collector, with a progress bar."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from tqdm import tqdm

from apps.profiles import api as profiles
from apps.profiles.contracts import SiteInfo
from specrec.datasets import journey, load, sequences, sessions
from specrec.kernel import clock, commands

LOADERS = {"amazon-beauty": sequences.load, "complete-journey": journey.load, "diginetica": sessions.load}


class Command(commands.Command):
    help = "Load a public data set into a site: its items by the bulk import, its events by the collector."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dataset", choices=sorted(LOADERS))
        parser.add_argument("path", type=Path, help="folder with the files of the data set")
        parser.add_argument(
            "--site", help="site to load into; made when it is not there (default: the data set's name)"
        )
        parser.add_argument("--currency", default="GBP", help="of a site that is made; one that is there keeps its own")

    def handle(self, *, dataset: str, path: Path, site: str | None, currency: str, **_: Any) -> None:
        now = clock.now()
        site_id = site or dataset
        known = {one.site_id: one.currency for one in profiles.list_sites()}
        data = LOADERS[dataset](path, currency=known.get(site_id, currency), now=now)
        if site_id not in known:
            info = SiteInfo(site_id=site_id, name=dataset, locale="en-GB", currency=currency, time_zone="UTC")
            profiles.ensure_site(site=info)
        status = load.load_items(site_id=site_id, dataset=data, now=now)
        self.stdout.write(f"items: {status.lines_done:,} of {status.lines_total:,}, {status.lines_failed:,} refused")
        with tqdm(total=data.event_count, unit=" events", desc="events") as bar:
            accepted, messages = load.load_events(site_id=site_id, dataset=data, progress=bar.update)
        self.stdout.write(f"events: {accepted:,} of {data.event_count:,} accepted")
        for message in messages:
            self.stdout.write(f"  dropped: {message}")
        self.stdout.write(f"When the table consumer has drained them: manage.py train {site_id}")
