"""Until when the entries in Redis may be trusted, though Redis could not be told of every change.

A change that Redis could not be told of leaves a `Lapse` in its own transaction. Entries are trusted only under a
*lease*: a key in Redis with a tag, which lives for two seconds and which any reader renews from Postgres. An entry
counts only when it bears the tag of the lease. The tag is a number, which grows when lapses are found, and the run of
the Redis server: a server that comes back may have lost what it was told.

So after a lapse is committed no lease is given under which older entries count, and none that was given before lives
longer than two seconds (its end is reckoned from before Postgres was asked). `outlast` waits for that. Nobody needs to
have noticed that Redis was away. Readers without a lease ask Postgres.
"""

import time
from typing import Any

from django.db import connection

from specrec.kernel.quick_redis import ask

KEY = "shopper:lease"
SECONDS = 2.0
TAG_LENGTH = 32
_RUN_ID = b"run_id:"

_NUMBER = """
SELECT coalesce((SELECT number FROM profiles_generation), 0), EXISTS (SELECT FROM profiles_lapse)
"""
_ADVANCE = """
WITH found AS (SELECT id FROM profiles_lapse ORDER BY id FOR UPDATE),
     gone AS (DELETE FROM profiles_lapse WHERE id IN (SELECT id FROM found) RETURNING id)
INSERT INTO profiles_generation (id, number)
SELECT 1, %s WHERE EXISTS (SELECT FROM gone)
ON CONFLICT (id) DO UPDATE SET number = greatest(profiles_generation.number + 1, excluded.number)
RETURNING number
"""


def renew() -> bytes | None:
    """Give the lease anew and return its tag; None when it cannot be given now. Raises RedisError, OperationalError."""
    info, moment = ask(("INFO", "server"), ("TIME",))
    number = _number()
    if number is None:
        return None
    tag = f"{number:016d}".encode() + _run_of(info)
    ask(("SET", KEY, tag, "PXAT", _milliseconds(moment) + int(SECONDS * 1_000)))
    return tag


def outlast() -> None:
    """Wait until no lease lives that was given before."""
    time.sleep(SECONDS + 0.1)


def _number() -> int | None:
    """Return the number of the generation with no lapse behind it; None when others are just seeing to it."""
    with connection.cursor() as cursor:
        for _ in range(3):
            cursor.execute(_NUMBER)
            number, lapsed = cursor.fetchone()
            if not lapsed:
                return int(number)
            cursor.execute(_ADVANCE, [time.time_ns() // 1_000])
            advanced = cursor.fetchone()
            if advanced is not None:
                return int(advanced[0])
    return None


def _run_of(info: Any) -> bytes:
    """Return 16 letters that stand for the run of the server."""
    _, _, rest = bytes(info).partition(_RUN_ID)
    return rest[:16].ljust(16, b"-")


def _milliseconds(moment: Any) -> int:
    seconds, microseconds = moment
    return int(seconds) * 1_000 + int(microseconds) // 1_000
