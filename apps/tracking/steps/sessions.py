"""Which visit an event belongs to, where the client does not say: silence, midnight and campaigns end one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

KEPT = 4  # sessions of a shopper that a late event may still fall into
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Session(msgspec.Struct, array_like=True):
    """A visit: the second that names it, its first and last moment (milliseconds since 1970), its campaign."""

    name: int
    first: int
    last: int
    campaign: str | None


class Moment(NamedTuple):
    """When an event happened (milliseconds since 1970), and by which campaign the shopper came."""

    at: int
    campaign: str | None


class Days:
    """The days of a time zone. Looks the calendar up once for all events of a day."""

    def __init__(self, time_zone: str) -> None:
        self._zone = ZoneInfo(time_zone)
        self._begin = self._end = 0

    def is_same(self, one: int, other: int) -> bool:
        """Return whether both moments lie on one day."""
        if not self._begin <= one < self._end:
            self._begin, self._end = self._bounds(one)
        return self._begin <= other < self._end

    def _bounds(self, at: int) -> tuple[int, int]:
        day = datetime.fromtimestamp(at // 1_000, self._zone).date()
        return self._midnight(day.toordinal()), self._midnight(day.toordinal() + 1)

    def _midnight(self, ordinal: int) -> int:
        day = datetime.fromordinal(ordinal)
        return milliseconds(day.replace(tzinfo=self._zone))


class Limits(NamedTuple):
    """What ends a session at a site. `days`: None where midnight does not."""

    gap: int  # milliseconds
    days: Days | None
    by_campaign: bool


def milliseconds(moment: datetime) -> int:
    """Return the moment as milliseconds since 1970."""
    return (moment - _EPOCH) // _MILLISECOND


def stitch(known: Sequence[Session], moments: Sequence[Moment], limits: Limits) -> tuple[list[Session], list[Session]]:
    """Return the session of each moment, and the newest sessions afterwards; `known` stays as it is.

    Moments are worked in order of time, whatever theirs is here. A late one joins the session that it falls into, or
    next to, as if it had come in time; but sessions that have a name are neither split nor put together.
    """
    sessions = [Session(one.name, one.first, one.last, one.campaign) for one in known]
    found: list[Session | None] = [None] * len(moments)
    for index in sorted(range(len(moments)), key=lambda index: moments[index].at):
        found[index] = _join(sessions, moments[index], limits)
    sessions.sort(key=lambda session: session.first)
    return [session for session in found if session is not None], sessions[-KEPT:]


def session_id(shopper_id: UUID, session: Session) -> str:
    """Return the session's id: short, and the same whenever it is made again from shopper and second."""
    return blake2b(shopper_id.bytes + session.name.to_bytes(8, "big", signed=True), digest_size=8).hexdigest()


def _join(sessions: list[Session], moment: Moment, limits: Limits) -> Session:
    later: Session | None = None
    for session in sorted(sessions, key=lambda one: one.first, reverse=True) if len(sessions) > 1 else sessions:
        if session.first <= moment.at <= session.last:
            return session
        if moment.at > session.last:  # the one before it: with those further back lies another visit between
            if _continues(session, moment, limits):
                session.last = moment.at
                return session
            break
        later = session if _precedes(session, moment, limits) else None
    if later is not None:
        later.first = moment.at
        later.campaign = later.campaign or moment.campaign
        return later
    session = Session(moment.at // 1_000, moment.at, moment.at, moment.campaign)
    sessions.append(session)
    return session


def _continues(session: Session, moment: Moment, limits: Limits) -> bool:
    changed = limits.by_campaign and moment.campaign not in {None, session.campaign}
    return not changed and _is_near(session.last, moment.at, limits)


def _precedes(session: Session, moment: Moment, limits: Limits) -> bool:
    changed = limits.by_campaign and session.campaign not in {None, moment.campaign}
    return not changed and _is_near(moment.at, session.first, limits)


def _is_near(earlier: int, later: int, limits: Limits) -> bool:
    return later - earlier < limits.gap and (limits.days is None or limits.days.is_same(earlier, later))
