"""When it happened: the client's time, corrected by what its clock is off, within what is taken."""

from datetime import UTC, timedelta

from apps.tracking.contracts import DropReason
from apps.tracking.steps.draft import DAWN, MAX_AHEAD, MAX_SKEW, Batch, Draft

# How far the corrected time of an event may lie from its `day`, which is that of the client's own time.
MAX_CORRECTION = MAX_SKEW + MAX_AHEAD
_NOTHING = timedelta()


def put_time(draft: Draft, batch: Batch) -> None:
    """Put the corrected time and the day of the client's own time; drop what lies ahead or too far back.

    The day is of the time as it was sent, since an event that is sent again must have the same key. Imports tell the
    time of another clock than the one that sends them, so theirs is not corrected.
    """
    time, correction = draft.event.time, batch.correction
    if draft.event.historical or draft.event.replay:
        shift, correction = correction or _NOTHING, None
        latest, oldest = batch.latest + shift, DAWN if draft.event.historical else batch.oldest + shift
    else:
        latest, oldest = batch.latest, batch.oldest
    if time > latest:
        draft.drop(DropReason.IN_FUTURE, "time", f"The time is more than {MAX_AHEAD.seconds // 60} minutes ahead.")
    elif time < oldest:
        draft.drop(DropReason.TOO_OLD, "time", "The time lies before what is kept; imports send `historical`.")
    else:
        time = time if time.tzinfo is UTC else time.astimezone(UTC)
        draft.day = time.date()
        draft.time = min(time if correction is None else time + correction, batch.received_at)
