"""Several processes that send a data set at once, each the events of its own shoppers, in their order."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import django

from specrec.datasets import journey, load, sequences, sessions
from specrec.datasets.base import Share

_PARTS = 40  # so many shares, for the progress and for an even end


class ShareOf(Protocol):
    """How the events of some of the shoppers of a data set are read."""

    def __call__(self, folder: Path, *, currency: str, now: datetime, share: Share) -> Iterator[dict[str, Any]]:
        """Return them."""


SHARES: dict[str, ShareOf] = {
    "amazon-beauty": sequences.share_of,
    "complete-journey": journey.share_of,
    "diginetica": sessions.share_of,
}


@dataclass(frozen=True)
class Sending:
    """What is sent where."""

    dataset: str
    folder: Path
    site_id: str
    currency: str
    now: datetime
    rows: int | None = None


def send_at_once(sending: Sending, *, senders: int, progress: Callable[[int], object]) -> tuple[int, list[str]]:
    """Send all events from several processes.

    Returns how many were accepted and the first messages of those dropped.
    """
    shares = [Share(number, _PARTS, sending.rows) for number in range(_PARTS)]
    accepted = 0
    messages: list[str] = []
    spawn = multiprocessing.get_context("spawn")  # not by fork: connections to the database must not be shared
    with ProcessPoolExecutor(max_workers=senders, mp_context=spawn, initializer=django.setup) as pool:
        for done in as_completed([pool.submit(send_share, sending, share) for share in shares]):
            sent, taken, dropped = done.result()
            accepted += taken
            messages += dropped[: 10 - len(messages)]
            progress(sent)
    return accepted, messages


def read_share(sending: Sending, share: Share) -> Iterator[dict[str, Any]]:
    """Return the events of some of the shoppers."""
    return SHARES[sending.dataset](sending.folder, currency=sending.currency, now=sending.now, share=share)


def send_share(sending: Sending, share: Share) -> tuple[int, int, list[str]]:
    """Send the events of some of the shoppers; returns how many there were, and what `send_at_once` does."""
    counts: list[int] = []
    events = read_share(sending, share)
    accepted, messages = load.send(site_id=sending.site_id, events=events, progress=counts.append)
    return sum(counts), accepted, messages
