"""Sessions: `train_sessions.txt`, one session a line, oldest first, and `test_prefixes.tsv`: prefix, tab, next item."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from specrec.datasets.base import (
    WHOLE,
    WINDOW,
    Dataset,
    Share,
    event_id,
    generic_item,
    read_lines,
    single_file,
    window_end,
)
from specrec.kernel.errors import Invalid


@dataclass(frozen=True)
class Sessions:
    """train: sessions of item ids, oldest session first; prefixes: (prefix, next item) to be asked."""

    train: list[list[str]]
    prefixes: list[tuple[list[str], str]]

    def item_ids(self) -> list[str]:
        """Return every item that occurs in training, in order of first occurrence."""
        return list(dict.fromkeys(item for items in self.train for item in items))


def read(folder: Path) -> Sessions:
    """Return the data of the folder; raises Invalid naming the file that is missing or wrong, and the line."""
    train = [line.split() for line in read_lines(single_file(folder, "train_sessions.txt"))]
    path = single_file(folder, "test_prefixes.tsv")
    prefixes = [_prefix(path, number, line) for number, line in enumerate(read_lines(path), start=1) if line.strip()]
    return Sessions(train=[items for items in train if items], prefixes=prefixes)


def _prefix(path: Path, number: int, line: str) -> tuple[list[str], str]:
    parts = line.split("\t")
    if len(parts) != 2 or not parts[0].split() or len(parts[1].split()) != 1:  # noqa: PLR2004 - prefix and next item
        message = f"{path.name}, line {number}: it is not a prefix of items, a tab, and the next item."
        raise Invalid(message, code="dataset_file", field="path")
    return parts[0].split(), parts[1].strip()


def items_of(data: Sessions, *, currency: str) -> list[dict[str, Any]]:
    """Return the catalogue: every item that occurs in training."""
    return [generic_item(item, name=f"Item {item}", attributes={}, currency=currency) for item in data.item_ids()]


def events_of(data: Sessions, *, end: datetime, share: Share = WHOLE) -> Iterator[dict[str, Any]]:
    """Yield one view an entry: sessions in the file's order over 59 days, a second between their views.

    The first of each session grants the consent, because unknown means denied.
    """
    step = WINDOW / max(len(data.train), 1)
    for number, items in enumerate(data.train):
        if not share.holds(number):
            continue
        start = end - WINDOW + step * number
        for position, item in enumerate(items):
            consent = {} if position else {"consent": ["history_personalisation"]}
            yield {
                "id": event_id("sessions", number, position, item),
                "type": "view",
                "time": (start + timedelta(seconds=position)).isoformat(),
                "anonymous_id": f"s{number}",
                "session_id": f"s{number}",
                "item_id": item,
            } | consent


def load(folder: Path, *, currency: str, now: datetime) -> Dataset:
    """Return the training sessions as a data set."""
    data = read(folder)
    count = sum(len(items) for items in data.train)
    return Dataset(folder.name, items_of(data, currency=currency), events_of(data, end=window_end(now)), count)


_read_once = lru_cache(maxsize=1)(read)  # a sender reads share after share


def share_of(folder: Path, *, currency: str, now: datetime, share: Share) -> Iterator[dict[str, Any]]:  # noqa: ARG001 - as other data sets are asked
    """Yield the events of some of the sessions."""
    data, left = _read_once(folder), share.rows
    if left is not None:
        ends = accumulate(len(items) for items in data.train)
        data = Sessions([items for items, end in zip(data.train, ends, strict=True) if end <= left], data.prefixes)
    return events_of(data, end=window_end(now), share=share)
