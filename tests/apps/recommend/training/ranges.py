"""A shop of ranges through which shoppers walk in order, so that what comes next is known."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemInput
from apps.profiles import api as profiles
from apps.profiles.contracts import SCOPES, Caller, SiteInfo
from apps.tracking import api as tracking
from apps.tracking.contracts import Envelope
from tests.apps.recommend.training.small_model import NOW, SITE

RANGES, LENGTH = 8, 6


def item_id(family: int, place: int) -> str:
    return f"r{family}-{place}"


@pytest.fixture(name="shop")
def open_shop() -> str:
    """A site with eight ranges of six items, told apart by one attribute."""
    info = SiteInfo(site_id=SITE, name="Lens Lane", locale="en-GB", currency="GBP", time_zone="UTC")
    profiles.ensure_site(site=info)
    items: list[dict[str, Any]] = [
        {
            "item_id": item_id(family, place),
            "item_type": "generic",
            "name": {"en-GB": "Item"},
            "variants": [{"sku": f"{item_id(family, place)}-1"}],
            "attributes": {"attributes": [f"range-{family}"]},
        }
        for family in range(RANGES)
        for place in range(LENGTH)
    ]
    catalog.upsert_items(site_id=SITE, items=[msgspec.convert(item, ItemInput) for item in items], now=NOW)
    return SITE


def walk(
    shoppers: int, *, end: datetime = NOW, days: int = 20, step: timedelta = timedelta(days=1), seed: int = 5
) -> None:
    """Let each shopper walk through a range in order, by default a day a step, the last step shortly before `end`."""
    draw = np.random.default_rng(seed)
    events = []
    for shopper in range(shoppers):
        family, steps = int(draw.integers(RANGES)), int(draw.integers(3, LENGTH + 1))
        last = end - timedelta(minutes=float(draw.uniform(1, days * 1_440 / 4)))
        events += [
            {
                "id": str(uuid.UUID(int=int(draw.integers(2**62)))),
                "type": "view",
                "time": (last - step * (steps - place)).isoformat(),
                "customer_id": f"c{shopper}",
                "item_id": item_id(family, place),
                "consent": ["history_personalisation"],
                "historical": True,
            }
            for place in range(steps)
        ]
    caller = Caller(key_id="k", site_id=SITE, kind="secret", scopes=frozenset(SCOPES))
    for start in range(0, len(events), 1_000):
        raws = [msgspec.Raw(msgspec.json.encode(event)) for event in events[start : start + 1_000]]
        assert tracking.ingest(caller=caller, envelope=Envelope(events=raws), received_at=end).dropped == 0
    tracking.drain(stop=lambda: tracking.status()["table"] == 0)
