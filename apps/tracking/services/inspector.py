"""What came into a site: its counts and samples, as the intake of all processes told Redis."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import redis

from apps.tracking.contracts import InspectedEvent, Inspection
from apps.tracking.services import counting
from specrec.kernel.errors import Unavailable
from specrec.kernel.redis import hasty_client

_DAYS = 7
_DECODER = msgspec.json.Decoder(InspectedEvent)


def inspect(*, site_id: str, now: datetime) -> Inspection:
    """Return what came into the site lately, some half a second old. Raises Unavailable when Redis does not answer."""
    today = now.astimezone(UTC).date()
    days = [(today - timedelta(days=back)).isoformat() for back in range(_DAYS)]
    try:
        with hasty_client().pipeline(transaction=False) as pipe:
            for day in days:
                pipe.hgetall(counting.day_key(site_id, day))
            for what in ("accepted", "dropped"):
                pipe.lrange(counting.sample_key(site_id, what), 0, -1)
            answers: list[Any] = pipe.execute()
    except redis.RedisError as error:
        raise Unavailable("Redis does not answer, which keeps the counts.", code="counts_unavailable") from error
    counts = [{name.decode(): int(number) for name, number in found.items()} for found in answers[:_DAYS]]
    week: Counter[str] = Counter()
    for found in counts:
        week.update(found)
    accepted, dropped = ([_DECODER.decode(one) for one in found] for found in answers[_DAYS:])
    return Inspection(today=counts[0], week=dict(week), accepted=accepted, dropped=dropped)


def read_totals() -> list[tuple[str, str, int]]:
    """Return (site, name, number) of all that ever came in, names as in `Inspection`. Raises Unavailable."""
    try:
        found: Any = hasty_client().hgetall(counting.TOTALS)
    except redis.RedisError as error:
        raise Unavailable("Redis does not answer, which keeps the counts.", code="counts_unavailable") from error
    return [(*field.decode().split(" ", 1), int(number)) for field, number in sorted(found.items())]
