"""What is touched after an item in the same session: co-visitation, added up as it happens."""

from datetime import timedelta

from apps.recommend import conf
from apps.recommend.features.counts import PAIR_DAYS_KEPT, PAIRS
from apps.recommend.features.define import CountDefinition, CountReading, Span

_SPAN = Span(PAIRS, "d", PAIR_DAYS_KEPT)


def neighbours(reading: CountReading) -> dict[str, float]:
    """Return the items that followed, the most frequent first, with the amounts counted."""
    counted = sorted(reading.fields[_SPAN].items(), key=lambda pair: (-pair[1], pair[0]))
    return {item: float(amount) for item, amount in counted[: conf.NEIGHBOURS_NAMED] if amount > 0}


DEFINED = (
    CountDefinition(
        name="followed_by",
        entity="item",
        type="weights",
        window=timedelta(days=_SPAN.length),
        description="Items touched later in the same session: 8 for the next one, then 4, 2, 1, added up.",
        spans=(_SPAN,),
        compute=neighbours,
    ),
)
