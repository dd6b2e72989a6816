"""Sequences: one `*.txt` of lines `user item item …`, oldest first, and `*_item2attributes.json` where there is one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from specrec.datasets.base import (
    WHOLE,
    Dataset,
    Share,
    event_id,
    generic_item,
    read_json,
    read_lines,
    single_file,
    spread_times,
    window_end,
)
from specrec.kernel.errors import Invalid


@dataclass(frozen=True)
class Sequences:
    """users: shopper id -> item ids, oldest first; attributes: item id -> attribute ids (may be empty)."""

    users: dict[str, list[str]]
    attributes: dict[str, list[str]]

    def item_ids(self) -> list[str]:
        """Return every item that occurs, in order of first occurrence."""
        return list(dict.fromkeys(item for items in self.users.values() for item in items))


def read(folder: Path) -> Sequences:
    """Return the data of the folder; raises Invalid naming the file that is missing or wrong, and the line."""
    path = single_file(folder, "*.txt")
    users: dict[str, list[str]] = {}
    for number, line in enumerate(read_lines(path), start=1):
        user, *items = line.split() or [""]
        if items and user in users:
            message = f"{path.name}, line {number}: the user {user} has a line already. One line holds all of a user."
            raise Invalid(message, code="dataset_file", field="path")
        if items:
            users[user] = items
    return Sequences(users=users, attributes=_attributes(folder))


def _attributes(folder: Path) -> dict[str, list[str]]:
    paths = sorted(folder.glob("*_item2attributes.json"))
    raw = read_json(paths[0]) if paths else {}
    if not isinstance(raw, dict) or not all(isinstance(ids, list) for ids in raw.values()):
        message = f"{paths[0].name} is no object that gives each item a list of attribute ids."
        raise Invalid(message, code="dataset_file", field="path")
    return {item: [str(attribute) for attribute in ids] for item, ids in raw.items()}


def items_of(data: Sequences, *, currency: str) -> list[dict[str, Any]]:
    """Return the catalogue: every item that occurs, with its attribute ids."""
    return [
        generic_item(
            item, name=f"Item {item}", attributes={"attributes": data.attributes.get(item, [])}, currency=currency
        )
        for item in data.item_ids()
    ]


def events_of(
    users: Mapping[str, Sequence[str]], *, end: datetime, currency: str, share: Share = WHOLE
) -> Iterator[dict[str, Any]]:
    """Yield one purchase an entry, in the order of each shopper, at synthetic times that keep it.

    The first of each shopper grants the consent, because unknown means denied.
    """
    for number, (user, items) in enumerate(users.items()):
        if not share.holds(number):
            continue
        times = spread_times(len(items), offset=(number * 0.6180339887) % 1, end=end)
        for position, (item, time) in enumerate(zip(items, times, strict=True)):
            consent = {} if position else {"consent": ["history_personalisation"]}
            yield {
                "id": event_id("sequences", user, position, item),
                "type": "purchase",
                "time": time,
                "customer_id": user,
                "item_id": item,
                "order_id": f"{user}-{position}",
                "unit_price": "1.00",
                "currency": currency,
            } | consent


def load(folder: Path, *, currency: str, now: datetime) -> Dataset:
    """Return the whole data set, with nothing held out."""
    data = read(folder)
    events = events_of(data.users, end=window_end(now), currency=currency)
    count = sum(len(items) for items in data.users.values())
    return Dataset(folder.name, items_of(data, currency=currency), events, count)


_read_once = lru_cache(maxsize=1)(read)  # a sender reads share after share


def share_of(folder: Path, *, currency: str, now: datetime, share: Share) -> Iterator[dict[str, Any]]:
    """Yield the events of some of the shoppers."""
    users, left = _read_once(folder).users, share.rows
    if left is not None:
        ends = accumulate(len(items) for items in users.values())
        users = {user: items for (user, items), end in zip(users.items(), ends, strict=True) if end <= left}
    return events_of(users, end=window_end(now), currency=currency, share=share)
