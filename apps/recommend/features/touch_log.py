"""The touch log: what shoppers did lately, in the order in which the store took it in, for models to go on from.

An entry is written in one piece with the states that it changed, so it is there exactly when they are. A touch is in
one entry, whatever comes twice. Entries of a site have running numbers, so that a reader knows of any that it misses.
They are kept for `conf.LOGGED_FOR` after the next one came, and at most `conf.LOG_ENTRIES` of a site: what is older
goes with the next entry, or all of it when none came for so long.
"""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from apps.recommend.features.state import Touch

# A shopper's id as bytes, and the touch.
Logged = tuple[bytes, Touch]
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Logged])


class LogEntry(msgspec.Struct, frozen=True):
    """What one write brought. place: opaque, to go on behind it; number: from 1 on, since the log was begun."""

    place: str
    number: int
    touches: list[tuple[UUID, Touch]]


class LogPage(msgspec.Struct, frozen=True):
    """Entries behind a place, and what must be known to tell whether any is missing before them.

    ground: of the store, as `FeatureStore.ground`; where it is another than before, so is the log
    since: seconds since 1970; whatever was received since then was told to this log. None: there is no log
    first_number, first_time: of the oldest entry that is kept, and when it was written; where none is kept any more, of
        the next one, and when the last was written; 0 where there was none
    """

    ground: str | None
    since: float | None
    first_number: int
    first_time: float
    entries: list[LogEntry]


def pack(touches: Iterable[Logged]) -> bytes:
    """Return touches as an entry holds them."""
    return _ENCODER.encode(list(touches))


def unpack(packed: bytes) -> list[tuple[UUID, Touch]]:
    """Return the touches of an entry; raises msgspec.MsgspecError."""
    return [(UUID(bytes=shopper), touch) for shopper, touch in _DECODER.decode(packed)]
