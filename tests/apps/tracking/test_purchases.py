"""Purchases as columns: who bought what together, and where."""

from datetime import timedelta
from typing import Any

import pytest

from apps.tracking import api
from apps.tracking.contracts import EVENT_TYPES
from tests.apps.tracking.scene import HISTORY, NOW, drain_all, ingest, make_event, open_site

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()


def bought(item_id: str, *, minutes: int = 1, kind: str = "purchase", **changes: Any) -> dict[str, Any]:
    """Return a purchase of so many minutes ago."""
    time = (NOW - timedelta(minutes=minutes)).isoformat()
    given = {"order_id": "o-1", "unit_price": "9.50", "currency": "GBP", "consent": HISTORY}
    return make_event(type=kind, item_id=item_id, time=time, **(given | changes))


def load(**changes: Any) -> api.StoreColumns:
    asked: dict[str, Any] = {"site_id": "uk", "since": NOW - timedelta(days=1), "until": NOW}
    return api.load_purchases(**(asked | changes))


class TestLoadPurchases:
    def test_one_order_is_one_basket(self) -> None:
        ingest(bought("a", minutes=3), bought("b", minutes=2), bought("c", minutes=1, order_id="o-2"))
        drain_all()
        found, _, _ = load()
        assert [found.item_ids[item] for item in found.item] == ["a", "b", "c"]
        assert found.session.tolist() == [0, 0, 1]
        assert found.shopper.tolist() == [0, 0, 0]

    def test_says_in_which_store(self) -> None:
        ingest(bought("a", minutes=2, context={"channel": "store", "store_id": "soho"}), bought("b"))
        drain_all()
        _, store_ids, store = load()
        assert (store_ids, store.tolist()) == (["soho"], [0, -1])

    def test_marks_what_was_taken_back(self) -> None:
        ingest(bought("a", minutes=2), bought("a", kind="return"))
        drain_all()
        assert [EVENT_TYPES[kind] for kind in load()[0].type] == ["purchase", "return"]

    def test_views_are_none(self) -> None:
        ingest(make_event(type="view", item_id="a"))
        drain_all()
        assert (len(load()[0].time), load()[0].item_ids) == (0, [])

    def test_other_sites_and_times_are_left_out(self) -> None:
        ingest(bought("a"))
        drain_all()
        assert len(load(site_id="de")[0].time) == 0
        assert len(load(until=NOW - timedelta(hours=1))[0].time) == 0
