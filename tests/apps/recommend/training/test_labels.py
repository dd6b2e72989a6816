"""Labels of the past: nothing of their moment or of what came later is in features or choices."""

import uuid
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pytest

from apps.profiles.contracts import SCOPES, Caller
from apps.recommend.training.dataset import load_interactions, load_training_data
from apps.recommend.training.labels import Drawing, Labelled, draw_labels, read_labelled
from apps.recommend.training.recipes import DEFAULT_RECIPE
from apps.tracking import api as tracking
from apps.tracking.contracts import EVENT_TYPES, Envelope, Interactions
from tests.apps.recommend.training.ranges import item_id, open_shop, walk  # noqa: F401 - the fixture "shop"
from tests.apps.recommend.training.small_model import NOW, SITE

ANNA, ANN, BEN = UUID(int=1), UUID(int=2), UUID(int=3)


def told(*events: tuple[float, UUID | None, str, str]) -> Interactions:
    """Return events as (time, shopper, item, type), as the table gives them."""
    shoppers = list(dict.fromkeys(who for _, who, _, _ in events if who is not None))
    items = list(dict.fromkeys(item for _, _, item, _ in events))
    return Interactions(
        shopper_ids=shoppers,
        shopper=np.array([-1 if who is None else shoppers.index(who) for _, who, _, _ in events], dtype=np.int32),
        session=np.zeros(len(events), dtype=np.int32),
        item_ids=items,
        item=np.array([items.index(item) for _, _, item, _ in events], dtype=np.int32),
        type=np.array([EVENT_TYPES.index(kind) for *_, kind in events], dtype=np.int8),
        time=np.array([time for time, *_ in events]),
        **({"mark": np.arange(len(events), dtype=np.uint64)} if "mark" in Interactions.__annotations__ else {}),
    )


def drawn(interactions: Interactions, aliases: dict[UUID, UUID] | None = None, **how: int) -> Labelled:
    return draw_labels(interactions, aliases or {}, DEFAULT_RECIPE, Drawing(**how), seed=1)


class TestDrawLabels:
    def test_others_come_from_strictly_before(self) -> None:
        found = drawn(told((1.0, BEN, "a", "view"), (2.0, None, "now", "view"), (2.0, ANNA, "b", "view")), others=9)
        assert [label.item_id for label in found.labels] == ["a", "b", "a"]
        assert found.chosen.tolist() == [True, True, False]
        assert found.moment.tolist() == [0, 1, 1]

    def test_what_was_chosen_is_not_among_the_others(self) -> None:
        found = drawn(told((1.0, BEN, "a", "view"), (2.0, ANNA, "a", "view")))
        assert [label.item_id for label in found.labels] == ["a", "a"]
        assert found.chosen.all()

    def test_the_newest_of_each_shopper(self) -> None:
        events = told((1.0, ANNA, "a", "view"), (2.0, ANNA, "b", "view"), (3.0, ANNA, "c", "view"))
        assert [label.item_id for label in drawn(events, per_shopper=2, others=0).labels] == ["b", "c"]

    def test_merged_shoppers_are_one(self) -> None:
        events = told((1.0, ANN, "a", "view"), (2.0, ANNA, "b", "view"))
        (label,) = drawn(events, {ANN: ANNA}, others=0).labels
        assert (label.shopper_id, label.alias_ids, label.item_id) == (ANNA, (ANN,), "b")

    def test_what_takes_back_is_no_choice(self) -> None:
        events = told((1.0, ANNA, "a", "add_to_cart"), (2.0, ANNA, "a", "remove_from_cart"))
        assert [label.time.timestamp() for label in drawn(events).labels] == [1.0]

    def test_nobody_chooses_nothing(self) -> None:
        assert drawn(told((1.0, None, "a", "view"))).labels == []

    def test_no_events(self) -> None:
        found = drawn(told())
        assert found.labels == []
        assert found.chosen.dtype == np.bool_
        assert found.moment.dtype == np.int32

    def test_the_same_seed_draws_the_same(self) -> None:
        events = told(*((float(time), UUID(int=time % 9), f"i{time % 7}", "view") for time in range(1, 60)))
        one, same = drawn(events, moments=4), drawn(events, moments=4)
        assert one.labels == same.labels
        assert int(one.moment.max()) == 3


def ingest(*events: dict[str, Any], at: datetime) -> None:
    caller = Caller(key_id="k", site_id=SITE, kind="secret", scopes=frozenset(SCOPES))
    given = [{"id": str(uuid.uuid4()), "historical": True} | event for event in events]
    raws = [msgspec.Raw(msgspec.json.encode(event)) for event in given]
    assert tracking.ingest(caller=caller, envelope=Envelope(events=raws), received_at=at).dropped == 0
    tracking.drain(stop=lambda: tracking.status()["table"] == 0)


def view(item: str, time: datetime, who: str) -> dict[str, Any]:
    consent = ["history_personalisation"]
    return {"type": "view", "time": time.isoformat(), "customer_id": who, "item_id": item, "consent": consent}


def nobody(kind: str, item: str, time: datetime) -> dict[str, Any]:
    return {"type": kind, "time": time.isoformat(), "item_id": item}


@pytest.mark.django_db(transaction=True)
class TestReadLabelled:
    def read(self, shop: str) -> Labelled:
        return read_labelled(site_id=shop, recipe=DEFAULT_RECIPE, now=NOW, drawing=Drawing(moments=20))

    def test_what_comes_later_changes_nothing(self, shop: str) -> None:
        walk(12)
        before = self.read(shop)
        later = [view(item_id(family, 0), NOW + timedelta(minutes=family), f"c{family}") for family in range(8)]
        ingest(*later, at=NOW + timedelta(hours=1))
        after = self.read(shop)
        assert after.labels == before.labels
        assert np.array_equal(after.values, before.values, equal_nan=True)
        assert np.isfinite(before.values).any()

    def test_what_happens_at_the_moment_changes_nothing(self, shop: str) -> None:
        walk(12)
        before = self.read(shop)
        last = max(before.labels, key=lambda label: label.time)
        kinds = ("impression", "click", "view", "wishlist")
        ingest(*(nobody(kind, last.item_id, last.time) for kind in kinds for _ in range(20)), at=NOW)
        after = self.read(shop)
        assert after.labels == before.labels
        assert np.array_equal(after.values, before.values, equal_nan=True)

    def test_what_came_before_is_in_it(self, shop: str) -> None:
        walk(12)
        before = self.read(shop)
        first = min(label.time for label in before.labels)
        items = {label.item_id for label in before.labels}
        ingest(*(nobody("impression", item, first - timedelta(hours=1)) for item in items for _ in range(8)), at=NOW)
        assert not np.array_equal(self.read(shop).values, before.values, equal_nan=True)

    def test_training_data_end_before_now(self, shop: str) -> None:
        walk(12)
        ingest(view(item_id(0, 0), NOW, "late"), at=NOW + timedelta(hours=1))
        data = load_training_data(site_id=shop, recipe=DEFAULT_RECIPE, now=NOW)
        assert data.all_events.time.max() < NOW.timestamp()
        again = load_interactions(site_id=shop, recipe=DEFAULT_RECIPE, now=NOW + timedelta(seconds=1))
        assert again.time.max() == NOW.timestamp()
