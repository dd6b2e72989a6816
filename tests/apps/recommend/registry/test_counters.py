"""What versions do is counted by hour, and hours long over are not kept."""

from collections.abc import Iterator

import pytest

from apps.recommend.registry import counters
from specrec.kernel.redis import client

SITE, STAMP = "lens-lane", "counted"
HOUR = 3_600
START = 490_000 * HOUR


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    counters.forget(site_id=SITE, stamp=STAMP)
    yield
    counters.forget(site_id=SITE, stamp=STAMP)


def count(hour: int, **amounts: float) -> None:
    counters.count(site_id=SITE, stamp=STAMP, at=START + hour * HOUR, amounts=amounts)
    counters.flush()


class TestRead:
    def test_hours_are_summed_by_name(self) -> None:
        count(0, slates=1.0, empty=1.0)
        count(1, slates=2.0)
        assert counters.read(site_id=SITE, stamp=STAMP) == {"slates": 3.0, "empty": 1.0}
        assert counters.read(site_id=SITE, stamp=STAMP, since=START + HOUR) == {"slates": 2.0}
        assert counters.read(site_id=SITE, stamp=STAMP, until=START + HOUR) == {"slates": 1.0, "empty": 1.0}

    def test_hours_that_are_over_for_nine_days_are_removed(self) -> None:
        for hour in (0, 1, 9 * 24 + 1):
            count(hour, slates=1.0)
        assert counters.read(site_id=SITE, stamp=STAMP) == {"slates": 2.0}
        assert client().hlen(f"models:live:{SITE}:{STAMP}") == 2
