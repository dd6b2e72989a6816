"""Load a data set through the faces that every caller uses: the import of the catalogue and the collector."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from apps.catalog import api as catalog
from apps.catalog.contracts import ImportStatus
from apps.profiles.contracts import SCOPES, Caller
from apps.tracking import api as tracking
from apps.tracking.contracts import Envelope, IngestResult
from specrec.datasets.base import Dataset
from specrec.kernel import clock

BATCH = 1_000
Progress = Callable[[int], object]


def load_items(*, site_id: str, dataset: Dataset, now: datetime) -> ImportStatus:
    """Import all items as one job, run here and now; the answer counts the lines and those refused."""
    lines = b"\n".join(msgspec.json.encode(item) for item in dataset.items)
    job = catalog.start_import(site_id=site_id, data=lines, now=now, background=False)
    catalog.run_import(import_id=job.import_id)
    return catalog.get_import(site_id=site_id, import_id=job.import_id)


def send(*, site_id: str, events: Iterable[dict[str, Any]], progress: Progress) -> tuple[int, list[str]]:
    """Send events through the collector; returns how many were accepted and the first messages of those dropped."""
    caller = Caller(key_id="load_dataset", site_id=site_id, kind="secret", scopes=frozenset(SCOPES))
    encode = msgspec.json.Encoder().encode
    accepted = 0
    messages: list[str] = []
    for batch in batched(events, BATCH):
        raws = [msgspec.Raw(encode(event)) for event in batch]
        result = tracking.ingest(caller=caller, envelope=Envelope(events=raws), received_at=clock.now())
        accepted += result.accepted
        messages += _messages(result)[: 10 - len(messages)]
        progress(len(batch))
    return accepted, messages


def batched(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Yield lists of at most `size` rows."""
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch


def _messages(result: IngestResult) -> list[str]:
    return [f"{row.reason} {row.field}: {row.message}" for row in result.results if row.status == "dropped"]
