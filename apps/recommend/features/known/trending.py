"""What is looked at more than it was: the newest hours against the two days before them."""

from datetime import timedelta
from math import log2

from apps.recommend import conf
from apps.recommend.features.counts import HOURS_KEPT
from apps.recommend.features.define import CountDefinition, CountReading, Span

_RECENT = 6
_SPAN = Span("item.view", "h", HOURS_KEPT, whole_site=True)


def trend(reading: CountReading) -> float:
    """Return log2 of what was seen in the newest hours over what the days before let expect, both smoothed.

    The whole site's ratio of the two takes out the time of the day: at 0 an item fares as the site does, at 1 it was
    viewed twice as often as that, at -1 half as often.
    """
    own, total = reading.own[_SPAN], reading.total[_SPAN]
    recent, before = sum(own[:_RECENT]), sum(own[_RECENT:])
    everywhere, everywhere_before = sum(total[:_RECENT]), sum(total[_RECENT:])
    expected = before * everywhere / everywhere_before if everywhere_before else 0.0
    return log2((recent + conf.TREND_STRENGTH) / (expected + conf.TREND_STRENGTH))


DEFINED = (
    CountDefinition(
        name="trending",
        entity="item",
        type="number",
        window=timedelta(hours=_SPAN.length),
        description="log2 of the views of the newest 6 hours over what the 43 before let expect, smoothed; 0 is usual.",
        spans=(_SPAN,),
        compute=trend,
    ),
)
