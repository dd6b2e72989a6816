"""What came in, counted by site and day, and samples of it. Off the request: added up here, told to Redis by a thread.

Failure policy: open. While Redis is away the counts wait; what a crash takes (half a second's worth) is not counted.
"""

import atexit
import logging
import os
import re
import threading
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import redis
from django.conf import settings

from apps.tracking.contracts import EventContext, EventInput, InspectedEvent
from apps.tracking.steps.draft import Draft
from specrec.kernel.redis import hasty_client

logger = logging.getLogger(__name__)

TOTALS = "intake:totals"  # never expires: what an operator's monitoring reads
_FLUSH_SECONDS = 0.5
_KEPT_COUNTS = int(timedelta(days=35).total_seconds())
_KEPT_SAMPLES = int(timedelta(days=7).total_seconds())
_SAMPLES = 50
_SAMPLES_PER_BATCH = 5
_FIELDS = frozenset(EventInput.__struct_fields__) | {f"context.{name}" for name in EventContext.__struct_fields__}
# What is quoted, and all behind it: it may hold such marks itself, or be cut off before the closing one.
_QUOTED = re.compile(r"(['\"]|(?<=unknown field )`).*", re.DOTALL)
_ENCODER = msgspec.json.Encoder()

_SampleKey = tuple[str, str]  # site, "accepted" or "dropped"


def day_key(site_id: str, day: str) -> str:
    """Return where the counts of a day lie."""
    return f"intake:{site_id}:{day}"


def sample_key(site_id: str, what: str) -> str:
    """Return where the samples lie, newest first; `what` is "accepted" or "dropped"."""
    return f"intake:{site_id}:{what}"


def count(*, site_id: str, drafts: Sequence[Draft], now: datetime) -> None:
    """Add up what became of the events of a batch."""
    kept = [draft for draft in drafts if draft.reason is None and not draft.duplicate]
    dropped = [draft for draft in drafts if draft.reason is not None]
    counts = Counter(f"accepted:{draft.event.type}" for draft in kept)
    counts.update(f"dropped:{draft.reason}" for draft in dropped)
    if duplicates := len(drafts) - len(kept) - len(dropped):
        counts["duplicate"] = duplicates
    samples = {"accepted": _samples(kept, now), "dropped": _samples(_mixed(dropped), now)}
    _TALLY.add(site_id, now.astimezone(UTC).date().isoformat(), counts, samples)


def flush_counts() -> None:
    """Tell Redis what was added up until now."""
    _TALLY.flush()


class Tally:
    """Counts and samples of one process on their way to Redis."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._samples: dict[_SampleKey, deque[bytes]] = {}
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._thread_of: int | None = None

    def add(self, site_id: str, day: str, counts: Counter[str], samples: dict[str, list[bytes]]) -> None:
        """Add a batch up."""
        # Where nothing is polled (tests) nothing runs beside the requests: `flush` is called by hand.
        if self._thread_of != os.getpid() and settings.MODEL_POLL_SECONDS > 0:
            self._start()
        with self._lock:
            for name, number in counts.items():
                self._counts[site_id, day, name] += number
            for what, found in samples.items():
                self._samples.setdefault((site_id, what), deque(maxlen=_SAMPLES)).extend(found)

    def flush(self) -> None:
        """Tell Redis; what it does not take is kept for the next time."""
        with self._telling:
            with self._lock:
                counts, self._counts = self._counts, Counter()
                samples, self._samples = self._samples, {}
            if not counts and not any(samples.values()):
                return
            try:
                _tell(counts, samples)
            except BaseException as error:
                self._put_back(counts, samples)
                if not isinstance(error, redis.RedisError):
                    raise
                logger.warning("counts of the intake wait: Redis does not answer (%s)", type(error).__name__)

    def _put_back(self, counts: Counter[tuple[str, str, str]], samples: dict[_SampleKey, deque[bytes]]) -> None:
        with self._lock:
            self._counts.update(counts)
            for key, found in samples.items():
                newer = self._samples.get(key, ())
                self._samples[key] = deque([*found, *newer], maxlen=_SAMPLES)

    def _start(self) -> None:
        with self._lock:
            pid = os.getpid()
            if self._thread_of == pid:
                return
            if self._thread_of is not None:  # copied by a fork: the parent tells those
                self._counts.clear()
                self._samples.clear()
            self._thread_of = pid
        threading.Thread(target=self._run, name="intake-counts", daemon=True).start()
        atexit.register(self.flush)

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(_FLUSH_SECONDS):
            try:
                self.flush()
            except Exception:
                # Whatever it is: without this thread nothing of this process would ever be counted again.
                logger.exception("counts of the intake wait")


def _tell(counts: Counter[tuple[str, str, str]], samples: dict[_SampleKey, deque[bytes]]) -> None:
    with hasty_client().pipeline(transaction=True) as pipe:
        for (site_id, day, name), number in counts.items():
            pipe.hincrby(day_key(site_id, day), name, number)
            pipe.hincrby(TOTALS, f"{site_id} {name}", number)
        for site_id, day in {(site_id, day) for site_id, day, _ in counts}:
            pipe.expire(day_key(site_id, day), _KEPT_COUNTS)
        for (site_id, what), found in samples.items():
            if found:
                pipe.lpush(sample_key(site_id, what), *found)
                pipe.ltrim(sample_key(site_id, what), 0, _SAMPLES - 1)
                pipe.expire(sample_key(site_id, what), _KEPT_SAMPLES)
        pipe.execute()


def _mixed(drafts: Sequence[Draft]) -> list[Draft]:
    """Return the first of each reason before the others: the many must not hide the few."""
    firsts = {draft.reason: draft for draft in reversed(drafts)}
    chosen = {draft.index for draft in firsts.values()}
    return [*firsts.values(), *(draft for draft in drafts if draft.index not in chosen)]


def _samples(drafts: Iterable[Draft], now: datetime) -> list[bytes]:
    found = list(drafts)[:_SAMPLES_PER_BATCH]
    return [_ENCODER.encode(_inspected(draft, now)) for draft in found]


def _inspected(draft: Draft, now: datetime) -> InspectedEvent:
    event: EventInput | None = draft.event  # None where it could not be read
    return InspectedEvent(
        time=now,
        type=None if event is None else event.type,
        item_id=None if event is None else event.item_id,
        placement=None if event is None else event.context.placement,
        channel=None if event is None else event.context.channel,
        device=draft.device,
        reason=None if draft.reason is None else draft.reason.value,
        field=draft.field if draft.field is None or draft.field in _FIELDS else "(unknown)",
        # What the client wrote is told to the client, not shown to others.
        message=None if draft.message is None else _QUOTED.sub(r"\1…\1.", draft.message),
    )


_TALLY = Tally()
