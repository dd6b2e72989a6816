"""What counts as interest online counts in training, and nothing else does."""

import uuid
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from apps.profiles.contracts import SCOPES, Caller
from apps.recommend.features.extract import apply_events
from apps.recommend.features.history import read_state
from apps.recommend.training.dataset import load_training_data
from apps.recommend.training.recipes import DEFAULT_RECIPE
from apps.tracking import api as tracking
from apps.tracking.contracts import Envelope
from tests.apps.recommend.training.ranges import (
    item_id,
    open_shop,  # noqa: F401 - the fixture "shop"
)
from tests.apps.recommend.training.small_model import NOW

pytestmark = pytest.mark.django_db(transaction=True)
# By item: what one shopper does with it, oldest first.
TOLD: list[list[dict[str, Any]]] = [
    [{"type": "view"}],
    [{"type": "rate", "rating": 1.0}],
    [{"type": "rate", "rating": 2.5}],
    [{"type": "rate", "rating": 4.0}],
    [{"type": "purchase"}, {"type": "return"}],
    [{"type": "return"}, {"type": "purchase"}],
    [{"type": "purchase"}, {"type": "purchase"}, {"type": "return"}],
    [{"type": "view"}, {"type": "purchase"}, {"type": "return"}],
    [{"type": "add_to_cart"}, {"type": "remove_from_cart"}],
    [{"type": "view"}, {"type": "rate", "rating": 0.0}],
    [{"type": "impression"}],
]


def tell() -> None:
    events = [
        {
            "id": str(uuid.uuid4()),
            "time": (NOW - timedelta(minutes=60 - number - 20 * turn)).isoformat(),
            "customer_id": "anna",
            "item_id": item_id(number // 6, number % 6),
            "order_id": "o1",
            "unit_price": 10,
            "currency": "GBP",
            "consent": ["history_personalisation"],
        }
        | step
        for number, steps in enumerate(TOLD)
        for turn, step in enumerate(steps)
    ]
    caller = Caller(key_id="k", site_id="lens-lane", kind="secret", scopes=frozenset(SCOPES))
    answer = tracking.ingest(
        caller=caller,
        envelope=Envelope(events=[msgspec.Raw(msgspec.json.encode(one)) for one in events]),
        received_at=NOW,
    )
    assert answer.dropped == 0, answer.results
    tracking.drain(stop=lambda: tracking.status()["table"] == 0)


class TestInterest:
    def test_online_and_training_agree(self, shop: str) -> None:
        tell()
        with tracking.read_history(since=NOW - timedelta(days=1)) as kept:
            history = [event for part in kept.batches for event in part]
        (state,) = apply_events({}, history, now=NOW.timestamp()).states.values()
        online = set(read_state(state, now=NOW.timestamp()).item_ids)
        data = load_training_data(site_id=shop, recipe=DEFAULT_RECIPE, now=NOW)
        learned = {data.item_ids[row] for row in data.sequences.item.tolist()}
        assert learned == online
        assert learned == {item_id(number // 6, number % 6) for number in (0, 3, 5, 6, 7, 9)}

    def test_a_purchase_for_each_return_is_left_out(self, shop: str) -> None:
        tell()
        data = load_training_data(site_id=shop, recipe=DEFAULT_RECIPE, now=NOW)
        weight = DEFAULT_RECIPE.event_weights["purchase"]
        bought = [data.item_ids[row] for row in data.all_events.item[data.all_events.weight == weight].tolist()]
        assert sorted(bought) == [item_id(0, 5), item_id(1, 0)]
