"""What rules did that somebody should know, counted: slates left empty, pins that could not be shown.

Counting costs a request a few dictionary steps, and only where there is something to say; the thread that refreshes
sites writes what came together. Failure policy: while Postgres is away a process goes on counting in memory, up to a
bound; what a crash takes is lost, for the next slates say the same again.
"""

import threading
from collections.abc import Iterable
from datetime import UTC, date, datetime

from django.db import transaction
from django.db.models import F

from apps.recommend.models import RuleReport

_KINDS_HELD = 10_000
_Key = tuple[str, str, str, date]  # site, rule, placement, day


def note(*, site_id: str, placement: str, at: datetime, emptied: Iterable[str], unshown: Iterable[str]) -> None:
    """Count a slate that these rules left empty, or that lacks the pins of those."""
    _COUNTS.add(site_id, placement, at.astimezone(UTC).date(), (tuple(emptied), tuple(unshown)))


def flush() -> None:
    """Write what was counted in this process since the last time; raises DatabaseError, and then nothing is lost."""
    _COUNTS.flush()


class _Counts:
    """Counts of one process on their way to the table."""

    def __init__(self) -> None:
        self._held: dict[_Key, list[int]] = {}
        self._lock = threading.Lock()

    def add(self, site_id: str, placement: str, day: date, told: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
        with self._lock:
            for place, rules in enumerate(told):
                for rule in rules:
                    self._count((site_id, rule, placement, day), place, 1)

    def flush(self) -> None:
        with self._lock:
            held, self._held = self._held, {}
        if not held:
            return
        try:
            with transaction.atomic():
                for key in sorted(held):
                    _write(key, *held[key])
        except BaseException:
            with self._lock:
                for key, (emptied, unshown) in held.items():
                    self._count(key, 0, emptied)
                    self._count(key, 1, unshown)
            raise

    def _count(self, key: _Key, place: int, amount: int) -> None:
        if key in self._held or len(self._held) < _KINDS_HELD:
            self._held.setdefault(key, [0, 0])[place] += amount


def _write(key: _Key, emptied: int, unshown: int) -> None:
    site_id, rule, placement, day = key
    row, _ = RuleReport.objects.get_or_create(site_id=site_id, rule=rule, placement=placement, day=day)
    RuleReport.objects.filter(pk=row.pk).update(emptied=F("emptied") + emptied, unshown=F("unshown") + unshown)


_COUNTS = _Counts()
