"""Figures for an operator's monitoring, from what all processes share, so that any process tells the same."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, models

from apps.tracking.contracts import Measurements
from apps.tracking.models import DeadLetter, Event
from apps.tracking.selectors.strays import count_strays
from apps.tracking.services import inspector
from apps.tracking.stream.choice import get_stream
from specrec.kernel.errors import Unavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")


def measure() -> Measurements:
    """Return the figures; a part that does not answer leaves its own out."""
    return Measurements(
        intake=_try(inspector.read_totals),
        lag=_try(get_stream().lag),
        dead_letters=_try(_count_letters),
        strays=_try(count_strays),
        newest_event=_try(_newest),
    )


def _try(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except (Unavailable, DatabaseError, InterfaceError) as error:
        logger.warning("not measured: %s: %s", ask.__name__, error)
        return None


def _count_letters() -> dict[str, int]:
    """Return the number of dead letters by cause."""
    rows = DeadLetter.objects.order_by().values_list("cause").annotate(models.Count("id"))
    return {str(cause): 0 for cause in DeadLetter.Cause.values} | dict(rows)


def _newest() -> float | None:
    """Return when the newest event of the table was received, in seconds since 1970; None for an empty table."""
    newest = Event.objects.aggregate(newest=models.Max("received_at"))["newest"]
    return None if newest is None else float(newest.timestamp())
