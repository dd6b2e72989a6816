"""Events of many types of consented shoppers, whose ids say what they are: totals can be computed from ids alone."""

import os
import random
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from bench.client import Client
from bench.sending import Sender
from specrec.kernel import ids

ITEMS = 2_000
# What a shopper does, in turn: the share of a type is how often it stands here.
WHEEL = (
    *("view", "impression", "view", "click", "view", "impression", "view", "add_to_cart", "impression", "view"),
    *("click", "wishlist", "view", "impression", "remove_from_cart", "view", "search", "view", "purchase", "rate"),
)
_FIELDS: dict[str, dict[str, object]] = {
    "purchase": {"order_id": "order-1", "unit_price": "79.90", "currency": "GBP"},
    "search": {"query": "round titanium"},
    "rate": {"rating": 4.0},
}
_PATTERN = struct.Struct(">I")
_REPEATED = 0.05


class Mixture:
    """Bodies of batches. The first four bytes of an id are the number of the event's pattern, the others are random."""

    def __init__(self, *, seed: int, size: int, shoppers: int) -> None:
        self._random = random.Random(seed)
        self._size = size
        self._shoppers = shoppers
        self._tails = [self._tail(number, {}) for number in range(shoppers * len(WHEEL))]

    def make(self) -> tuple[list[bytes], bytes]:
        """Return the ids (16 bytes each) and the body of a new batch."""
        start = self._random.randrange(len(self._tails) - self._size + 1)
        return self._batch(range(start, start + self._size), self._tails[start : start + self._size])

    def consents(self) -> Iterable[tuple[list[bytes], bytes]]:
        """Yield batches in which every shopper views something and consents to personalisation by history."""
        for start in range(0, self._shoppers, self._size):
            numbers = range(start, min(start + self._size, self._shoppers))
            yield self._batch(numbers, [self._tail(one, {"consent": ["history_personalisation"]}) for one in numbers])

    def _batch(self, numbers: Iterable[int], tails: Iterable[bytes]) -> tuple[list[bytes], bytes]:
        made = [_PATTERN.pack(number) + os.urandom(12) for number in numbers]
        events = (f'{{"id":"{UUID(bytes=one)}'.encode() + tail for one, tail in zip(made, tails, strict=True))
        return made, b'{"events":[' + b",".join(events) + b"]}"

    def _tail(self, number: int, more: dict[str, object]) -> bytes:
        shopper, kind = _meaning(number, self._shoppers)
        event = {
            "type": kind,
            "time": datetime.now(UTC).isoformat(),
            "anonymous_id": f"browser-{shopper}",
            "session_id": f"session-{shopper}",
            "item_id": f"item-{self._random.randrange(ITEMS)}",
            "context": {"placement": "home", "position": self._random.randint(1, 12)},
            **_FIELDS.get(kind, {}),
            **more,
        }
        return b'",' + msgspec.json.encode(event)[1:]


class SteadySender(Sender):
    """A client that sends so many batches a second, and now and then one again that was answered already."""

    def __init__(
        self, client: Callable[[], Client], source: Mixture, until: float, *, batches_per_s: float, seed: int
    ) -> None:
        super().__init__(client, source, until)
        self._every = 1.0 / batches_per_s
        self._choice = random.Random(seed)
        self.repeated = 0

    def end(self) -> None:
        """Send no further batch than the one on its way."""
        self._until = 0.0

    def send(self, ids: list[bytes], body: bytes) -> None:
        """Send one batch until it is answered; one in twenty is sent again, as by a client that lost the answer."""
        started = time.monotonic()
        super().send(ids, body)
        if self._choice.random() < _REPEATED:
            super().send(ids, body)
            self.repeated += 1
        # After an outage the pace stays what it is: nobody catches up.
        time.sleep(max(0.0, started + self._every - time.monotonic()))


def totals(accepted: Iterable[bytes], *, site_id: str, shoppers: int) -> dict[str, dict[str, int]]:
    """Return, by shopper id, how many of these events there are of each type; an id that comes twice counts once."""
    found: dict[int, Counter[str]] = {}
    for one in set(accepted):
        shopper, kind = _meaning(_PATTERN.unpack_from(one)[0], shoppers)
        found.setdefault(shopper, Counter())[kind] += 1
    return {
        str(ids.shopper_id(site_id, "anonymous", f"browser-{shopper}")): dict(counts)
        for shopper, counts in found.items()
    }


def _meaning(number: int, shoppers: int) -> tuple[int, str]:
    """Return the shopper and the type of event that a pattern stands for."""
    return number % shoppers, WHEEL[number // shoppers % len(WHEEL)]
