"""Dead letters: records that could not be written are kept with their reason, and copied to where others look."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from apps.tracking.models import DeadLetter
from apps.tracking.services.rows import Dead
from apps.tracking.stream.base import Letter, Stream

logger = logging.getLogger(__name__)

_REASON = 1_000


def bury(stream: Stream, dead: Sequence[Dead]) -> None:
    """Keep the records as dead letters, in the caller's transaction. Raises Unavailable."""
    if not dead:
        return
    logger.error("%d records became dead letters, the first because: %s", len(dead), dead[0].reason[:200])
    # Before the transaction ends: what comes again after a crash is a copy too many, never one too few.
    stream.park([Letter(one.record, one.reason) for one in dead])
    DeadLetter.objects.bulk_create(_letter(one) for one in dead)


def refresh(reasons: Mapping[int, str]) -> None:
    """Write anew why these letters, by their number, are dead."""
    letters = list(DeadLetter.objects.filter(id__in=reasons))
    for letter in letters:
        letter.reason = _reason(reasons[letter.pk])
    DeadLetter.objects.bulk_update(letters, ["reason"])


def forget(*, before: datetime) -> int:
    """Delete the letters of before that moment: no site keeps what they hold any longer. Return how many."""
    gone, _ = DeadLetter.objects.filter(failed_at__lt=before).delete()
    if gone:
        logger.warning("%d dead letters were deleted after retention, never replayed", gone)
    return gone


def _reason(text: str) -> str:
    return _clean(text)[:_REASON]


def _clean(text: str) -> str:
    """Return the text as PostgreSQL can hold it."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}")


def _letter(dead: Dead) -> DeadLetter:
    return DeadLetter(
        kind=_clean(dead.record.kind),
        key=_clean(dead.record.key),
        payload=dead.record.payload,
        cause=dead.cause,
        reason=_reason(dead.reason),
    )
