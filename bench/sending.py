"""Clients that send batches of events as fast as they are answered, and remember what they were promised."""

import http.client
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol

import msgspec

from bench.client import Client, Failed

ITEMS = 2_000
VARIANTS = 8  # so many events of a shopper are encoded, each of another item
_GIVE_UP = 90.0
_RETRY = 0.1


class Outcome(msgspec.Struct):
    """What became of one event."""

    status: str


class Answer(msgspec.Struct):
    """What of the answer to a batch is looked at."""

    accepted: int
    results: list[Outcome]


_ANSWERS = msgspec.json.Decoder(Answer)


@dataclass(slots=True)
class Promised:
    """What a client was told: the ids of accepted events, the time each batch took, and how its calls ended."""

    ids: list[bytes] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    retries: int = 0
    refused: int = 0
    unanswered: list[bytes] = field(default_factory=list)


def now() -> str:
    """Return the time as events carry it, always of one width."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Source(Protocol):
    """Where batches come from."""

    def make(self) -> tuple[list[bytes], bytes]:
        """Return the ids (16 bytes each) and the body of a new batch."""


class Batches:
    """Bodies of view events of consented shoppers: encoded beforehand, with fresh ids each time."""

    def __init__(self, *, seed: int, size: int, shoppers: int, consent: bool = False) -> None:
        self._random = random.Random(seed)
        self._shoppers = shoppers
        self._consent = consent
        self._tails = [self._tail(number) for number in range(max(size, VARIANTS * shoppers))]
        self._size = size

    def _tail(self, number: int) -> bytes:
        shopper = number % self._shoppers
        event = {
            "type": "view",
            "time": now(),
            "anonymous_id": f"browser-{shopper}",
            "session_id": f"session-{shopper}",
            "item_id": f"item-{self._random.randrange(ITEMS)}",
            "context": {"placement": "home", "position": self._random.randint(1, 12)},
        } | ({"consent": ["history_personalisation"]} if self._consent else {})
        return b'",' + msgspec.json.encode(event)[1:]

    def make(self) -> tuple[list[bytes], bytes]:
        """Return the ids (16 bytes each) and the body of a new batch."""
        ids = [os.urandom(16) for _ in range(self._size)]
        start = self._random.randrange(len(self._tails) - self._size + 1)
        events = (b'{"id":"' + _text(one) + tail for one, tail in zip(ids, self._tails[start:], strict=False))
        return ids, b'{"events":[' + b",".join(events) + b"]}"

    def make_all(self) -> list[tuple[list[bytes], bytes]]:
        """Return batches in which every shopper occurs."""
        found = []
        for start in range(0, self._shoppers, self._size):
            tails = self._tails[start : start + self._size]
            ids = [os.urandom(16) for _ in tails]
            events = (b'{"id":"' + _text(one) + tail for one, tail in zip(ids, tails, strict=True))
            found.append((ids, b'{"events":[' + b",".join(events) + b"]}"))
        return found


def _text(one: bytes) -> bytes:
    name = one.hex()
    return f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}".encode()


class Sender(threading.Thread):
    """One client with one connection. It sends a batch again, with the same ids, until it is answered with 202."""

    def __init__(self, client: Callable[[], Client], batches: Source, until: float) -> None:
        super().__init__(daemon=True)
        self._make_client = client
        self._client = client()
        self._batches = batches
        self._until = until
        self.promised = Promised()
        self.error: Exception | None = None

    def run(self) -> None:
        """Send until the time is over; the last batch is still brought home. What ends it sooner is kept as `error`."""
        try:
            while time.monotonic() < self._until:
                self.send(*self._batches.make())
        except Exception as error:  # noqa: BLE001 - raised again by whoever joins this thread
            self.error = error

    def send(self, ids: list[bytes], body: bytes) -> None:
        """Send one batch until it is answered."""
        give_up = max(self._until, time.monotonic()) + _GIVE_UP
        while time.monotonic() < give_up:
            started = time.perf_counter()
            answer = self._try(body)
            if answer is not None:
                self.promised.milliseconds.append((time.perf_counter() - started) * 1_000)
                self._note(ids, answer)
                return
            self.promised.retries += 1
            time.sleep(_RETRY)
        self.promised.unanswered += ids

    def _try(self, body: bytes) -> Answer | None:
        try:
            status, answer = self._client.request("POST", "/v1/events", body)
        except (OSError, http.client.HTTPException):  # not answered, or cut off in the middle of it
            self._client = self._make_client()
            return None
        if status == HTTPStatus.ACCEPTED:
            return _ANSWERS.decode(answer)
        if status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS:
            message = f"the collector answered {status}: {answer[:300]!r}"
            raise Failed(message)
        return None

    def _note(self, ids: list[bytes], answer: Answer) -> None:
        if answer.accepted == len(ids):
            self.promised.ids += ids
            return
        for one, outcome in zip(ids, answer.results, strict=True):
            if outcome.status == "accepted":
                self.promised.ids.append(one)
            else:
                self.promised.refused += 1


def consent_all(client: Callable[[], Client], *, seed: int, shoppers: int) -> Promised:
    """Have every shopper consent to personalisation by history, through the front door."""
    sender = Sender(client, Batches(seed=seed, size=500, shoppers=shoppers, consent=True), until=0.0)
    for ids, body in Batches(seed=seed, size=500, shoppers=shoppers, consent=True).make_all():
        sender.send(ids, body)
    return sender.promised
