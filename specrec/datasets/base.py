"""What a public data set becomes: lines for the import door and events for the collector, in the wire formats."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from specrec.kernel.errors import Invalid

WINDOW = timedelta(days=59)
_NAMESPACE = uuid.UUID("b0a7d1a2-19f5-4f0b-9e43-6f4bb6a3c0de")


@dataclass(frozen=True)
class Share:
    """Which shoppers of a data set are meant, so that several processes may send at once, each its own.

    rows: so many events at the most, of all shares together: the newest, where the data has times of its own
    """

    number: int = 0
    of: int = 1
    rows: int | None = None

    def holds(self, shopper: int) -> bool:
        """Return whether this is one of the shoppers, by their running number."""
        return shopper % self.of == self.number


WHOLE = Share()


@dataclass(frozen=True)
class Dataset:
    """A data set on its way in.

    items: one dictionary an item, as `/v1/items` takes it
    events: one dictionary an event, as `/v1/events` takes it; ids are derived, so that loading twice counts once
    event_count: how many `events` yields, for progress
    """

    name: str
    items: list[dict[str, Any]]
    events: Iterator[dict[str, Any]]
    event_count: int


def event_id(*parts: object) -> str:
    """Return the id that this event of a data set always has."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(str(part) for part in parts)))


def generic_item(
    item_id: str, *, name: str, attributes: dict[str, Any], currency: str, brand: str = ""
) -> dict[str, Any]:
    """Return an item of type "generic" that can always be had, since these data sets know no stock and few prices."""
    return {
        "item_id": item_id,
        "item_type": "generic",
        "name": {"en": name},
        "brand": brand,
        "attributes": attributes,
        "stock_managed": False,
        "source": "dataset",
        "variants": [{"sku": f"{item_id}-1", "prices": [{"amount": "1.00", "currency": currency}]}],
    }


def spread_times(count: int, *, offset: float, end: datetime) -> Iterator[str]:
    """Yield `count` increasing times, evenly over the 59 days before `end`, shifted by `offset` (0 to 1) of a step.

    For data without times: only the order within a shopper is real; spreading keeps it and lets a split by time cut
    through every shopper.
    """
    step = WINDOW / max(count, 1)
    start = end - WINDOW
    for position in range(count):
        yield (start + step * (position + offset)).isoformat()


def window_end(now: datetime) -> datetime:
    """Return the midnight before `now` (UTC), so that loading twice on a day gives the same times."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def single_file(folder: Path, pattern: str) -> Path:
    """Return the one file that matches; raises Invalid saying what is missing."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        message = f"{folder} holds {len(found)} files {pattern}, one is needed. See docs/how-to/load-a-dataset.md."
        raise Invalid(message, code="dataset_file", field="path")
    return found[0]


def read_lines(path: Path) -> list[str]:
    """Return the lines of the file; raises Invalid when it is not text in UTF-8."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise Invalid(f"{path.name} is not text in UTF-8: {error}.", code="dataset_file", field="path") from error


def read_json(path: Path) -> Any:
    """Return the parsed file; raises Invalid when it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Invalid(f"{path.name} is not JSON: {error}.", code="dataset_file", field="path") from error
