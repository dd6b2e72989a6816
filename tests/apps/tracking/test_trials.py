"""What is counted of shoppers and stores that saw slates of an experiment."""

import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from apps.profiles import api as profiles
from apps.tracking import api
from apps.tracking.contracts import Exposure
from apps.tracking.models import Event
from apps.tracking.services import rules
from tests.apps.tracking.scene import HISTORY, NOW, drain_all, ingest, make_event, open_site

pytestmark = pytest.mark.django_db(transaction=True)
LABELS = ("order:control", "order:new")
FACTS = ("slates", "clicked", "sessions", "visitors", "carted", "bought", "revenue", "pieces", "returned")
BEGAN = NOW - timedelta(days=2)


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()
    rules.forget_rules()


def tell(kind: str, who: str, *, hours_ago: float = 1.0, **changes: Any) -> None:
    """Let a shopper who consents do something."""
    time = (NOW - timedelta(hours=hours_ago)).isoformat()
    event = make_event(type=kind, anonymous_id=who, time=time, consent=HISTORY, **changes)
    assert ingest(event).dropped == 0


def shopper_of(who: str) -> UUID:
    tell("view", who, hours_ago=47.9, item_id=who)
    drain_all()
    found = Event.objects.get(item_id=who).shopper_id
    assert found is not None
    return found


def show(who: str, label: str, *, hours_ago: float = 1.0, seen: bool = True, session: str = "visit-1") -> UUID:
    """Serve a slate on a side, and let it be seen; return its id."""
    slate_id, time = uuid.uuid4(), NOW - timedelta(hours=hours_ago)
    slate = Exposure("uk", slate_id, time, "home", KNOWN[who], ["a"], "for_you", None, None, "web", "oslo", [label])
    api.record_exposures(exposures=[slate])
    if seen:
        met(slate_id, "impression", who, hours_ago=hours_ago, session_id=session)
    return slate_id


def met(slate_id: UUID, kind: str, who: str, *, hours_ago: float, **changes: Any) -> None:
    context = {"placement": "home", "recommendation_id": str(slate_id), "position": 1, "store_id": "oslo"}
    tell(kind, who, hours_ago=hours_ago, item_id="a", context=context, **changes)


def pay(who: str, *, hours_ago: float, order: str, kind: str = "purchase", **changes: Any) -> None:
    money = {"unit_price": "20.00", "currency": "GBP", "order_id": order, "quantity": 2} | changes
    tell(kind, who, hours_ago=hours_ago, item_id="a", **money)


def become_customer(who: str) -> None:
    drain_all()
    merged = profiles.merge_shoppers(site_id="uk", anonymous_id=who, customer_id=f"customer-{who}", now=NOW)
    assert merged.alias_ids == (KNOWN[who],)
    KNOWN[who] = merged.shopper_id


KNOWN: dict[str, UUID] = {}


def count(*, window: float = 5.0, by_store: bool = False) -> list[tuple[str, int, dict[str, float], dict[str, float]]]:
    """Return label, sides, and what is not 0, in the experiment and before, of every unit."""
    drain_all()
    rows = api.count_units(
        site_id="uk",
        labels=LABELS,
        since=BEGAN,
        until=NOW,
        window=timedelta(hours=window),
        currency="GBP",
        by_store=by_store,
    )
    named = [(row[0], row[1], dict(zip(FACTS, row[2:11], strict=True)), _named(row[11:])) for row in rows]
    return [(label, sides, {k: v for k, v in facts.items() if v}, before) for label, sides, facts, before in named]


def _named(values: tuple[float, ...]) -> dict[str, float]:
    return {name: value for name, value in zip(FACTS, values, strict=True) if value}


class TestCountUnits:
    @pytest.fixture(autouse=True)
    def _known(self) -> None:
        KNOWN.clear()
        for who in ("ada", "bob"):
            KNOWN[who] = shopper_of(who)

    def test_what_was_served_and_not_seen_does_not_count(self) -> None:
        show("ada", "order:new", seen=False)
        show("bob", "other:new")
        assert count() == []

    def test_slates_sessions_and_clicks_within_the_window(self) -> None:
        first = show("ada", "order:new", hours_ago=20)
        second = show("ada", "order:new", hours_ago=10, session="visit-2")
        met(first, "click", "ada", hours_ago=19.5)
        met(second, "click", "ada", hours_ago=1)
        facts = {"slates": 2.0, "clicked": 1.0, "sessions": 2.0, "visitors": 1.0}
        assert count() == [("order:new", 1, facts, {})]

    def test_money_within_the_window_counts_and_before_the_sight_not(self) -> None:
        show("ada", "order:control", hours_ago=20)
        pay("ada", hours_ago=19, order="o1")
        pay("ada", hours_ago=21, order="o2")
        pay("ada", hours_ago=2, order="o3")
        pay("ada", hours_ago=18, order="o4", currency="EUR")
        pay("bob", hours_ago=19, order="o5")
        seen = {"slates": 1.0, "sessions": 1.0, "visitors": 1.0}
        assert count() == [("order:control", 1, {**seen, "bought": 1.0, "revenue": 40.0, "pieces": 4.0}, {})]

    def test_returns_of_orders_that_count_are_counted_whenever_they_come(self) -> None:
        show("ada", "order:control", hours_ago=20)
        pay("ada", hours_ago=19, order="o1")
        pay("ada", hours_ago=1, order="o1", kind="return", quantity=1)
        pay("ada", hours_ago=1, order="o2", kind="return", quantity=1)
        assert count()[0][2]["returned"] == 1.0

    def test_what_was_before_is_told_apart(self) -> None:
        tell("add_to_cart", "ada", hours_ago=60)
        pay("ada", hours_ago=70, order="o0")
        pay("ada", hours_ago=100, order="long-ago")
        show("ada", "order:new")
        before = {"sessions": 1.0, "visitors": 1.0, "carted": 1.0, "bought": 1.0, "revenue": 40.0, "pieces": 2.0}
        assert count() == [("order:new", 1, {"slates": 1.0, "sessions": 1.0, "visitors": 1.0}, before)]

    def test_who_was_on_two_sides_is_told(self) -> None:
        show("ada", "order:new")
        show("ada", "order:control")
        show("bob", "order:control")
        assert sorted((label, sides) for label, sides, *_ in count()) == [("order:control", 1), ("order:control", 2)]

    def test_what_a_guest_saw_and_did_counts_for_the_customer_that_the_guest_became(self) -> None:
        tell("add_to_cart", "ada", hours_ago=60)
        show("ada", "order:new", hours_ago=20)
        become_customer("ada")
        pay("ada", hours_ago=19, order="o1")
        facts = {"slates": 1.0, "sessions": 1.0, "visitors": 1.0, "bought": 1.0, "revenue": 40.0, "pieces": 2.0}
        before = {"sessions": 1.0, "visitors": 1.0, "carted": 1.0}
        assert count() == [("order:new", 1, facts, before)]

    def test_a_guest_and_the_customer_on_two_sides_are_one_unit_on_two_sides(self) -> None:
        show("ada", "order:new")
        become_customer("ada")
        show("ada", "order:control")
        assert [sides for _, sides, *_ in count()] == [2]

    def test_by_store_a_guest_and_the_customer_are_one_visitor(self) -> None:
        show("ada", "order:new")
        become_customer("ada")
        show("ada", "order:new")
        assert [facts["visitors"] for _, _, facts, _ in count(by_store=True)] == [1.0]

    def test_by_store_what_its_shoppers_did_is_one_unit(self) -> None:
        show("ada", "order:new")
        show("bob", "order:new", session="visit-2")
        pay("bob", hours_ago=0.5, order="o1", context={"channel": "store", "store_id": "oslo"})
        facts = {"slates": 2.0, "sessions": 2.0, "visitors": 2.0, "bought": 1.0, "revenue": 40.0, "pieces": 2.0}
        assert [(label, found) for label, _, found, _ in count(by_store=True)] == [("order:new", facts)]
