"""`manage.py load_dataset amazon-beauty PATH`: a public data set through import and collector, with a progress bar."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from tqdm import tqdm

from apps.profiles import api as profiles
from apps.profiles.contracts import SiteInfo
from specrec.datasets import journey, load, senders, sequences, sessions
from specrec.datasets.base import Share
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
        parser.add_argument("--senders", type=int, default=1, help="processes that send events at once")
        parser.add_argument("--rows", type=int, help="send so many events only: the newest, if they have times")
        parser.add_argument("--events-only", action="store_true", help="leave the catalogue as it is")

    def handle(self, *, dataset: str, path: Path, site: str | None, currency: str, **options: Any) -> None:
        now = clock.now()
        site_id = site or dataset
        known = {one.site_id: one.currency for one in profiles.list_sites()}
        data = LOADERS[dataset](path, currency=known.get(site_id, currency), now=now)
        if site_id not in known:
            info = SiteInfo(site_id=site_id, name=dataset, locale="en-GB", currency=currency, time_zone="UTC")
            profiles.ensure_site(site=info)
        if not options["events_only"]:
            status = load.load_items(site_id=site_id, dataset=data, now=now)
            self.stdout.write(
                f"items: {status.lines_done:,} of {status.lines_total:,}, {status.lines_failed:,} refused"
            )
        sending = senders.Sending(dataset, path, site_id, known.get(site_id, currency), now, options["rows"])
        total = min(data.event_count, options["rows"] or data.event_count)
        with tqdm(total=total, unit=" events", desc="events") as bar:
            if options["senders"] == 1:
                events = senders.read_share(sending, Share(rows=options["rows"]))
                accepted, messages = load.send(site_id=site_id, events=events, progress=bar.update)
            else:
                accepted, messages = senders.send_at_once(sending, senders=options["senders"], progress=bar.update)
        self.stdout.write(f"events: {accepted:,} of {total:,} accepted")
        for message in messages:
            self.stdout.write(f"  dropped: {message}")
        self.stdout.write(f"When the table consumer has drained them: manage.py train {site_id}")
