"""A small optician's shop with a model whose answers are known by heart."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemInput, PriceInput, StockInput, StoreInput, VariantInput, WriteResult
from apps.profiles import api as profiles
from apps.profiles.contracts import ConsentSignal, ShopperRef, SiteInfo
from apps.recommend import api
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.serving import Answer, Request, ShopperInput
from apps.recommend.features.extract import apply_events
from apps.recommend.features.redis_store import RedisStore
from apps.recommend.registry.loaded import forget_loaded
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.serving import reading, sites
from apps.tracking.contracts import TrackedEvent
from specrec.kernel.ids import shopper_id
from specrec.kernel.redis import client
from tests.apps.recommend.small_engine import make_engine, make_params

SITE = "lens-lane"
OTHER = "brillenhaus"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FRAMES = ["frame-a", "frame-b", "frame-c", "frame-d", "frame-e"]
ANNA = ShopperInput(anonymous_id="anna")


def make_item(item_id: str, *, item_type: Any = "frame", on_hand: int = 5, age: int = 0, **changes: Any) -> ItemInput:
    """Return an item whose names follow from its id."""
    word = item_id.replace("-", " ")
    values: dict[str, Any] = {
        "name": {"en-GB": word.title(), "de-DE": f"{word.title()} (de)"},
        "brand": "Lumen",
        "released_at": NOW - timedelta(days=age),
        "variants": [
            VariantInput(
                sku=f"{item_id}-52",
                prices=[PriceInput(amount=Decimal("129.5"), currency="GBP")],
                stock=[StockInput(on_hand=on_hand)],
            )
        ],
    }
    return ItemInput(item_id=item_id, item_type=item_type, **(values | changes))


def open_shop() -> None:
    """Make the site with five frames (frame-a is the newest), a pair of sunglasses and a bottle of solution."""
    profiles.ensure_site(
        site=SiteInfo(site_id=SITE, name="Lens Lane", locale="en-GB", currency="GBP", time_zone="Europe/London")
    )
    frames = [make_item(item_id, age=number) for number, item_id in enumerate(FRAMES)]
    others = [make_item("sun-a", item_type="sunglasses", age=8), make_item("solution-a", item_type="solution", age=9)]
    put_items(*frames, *others)
    for strategy in ("for_you", "similar", "also_viewed", "popular", "recently_viewed", "new_in"):
        put_placement(strategy.replace("_", "-"), strategy)


def put_items(*items: ItemInput, site_id: str = SITE) -> None:
    """Write the items and insist that all were taken."""
    outcomes = catalog.upsert_items(site_id=site_id, items=items, now=NOW)
    assert all(isinstance(outcome, WriteResult) for outcome in outcomes), outcomes


def put_store(store_id: str) -> None:
    """Write a store."""
    catalog.upsert_stores(site_id=SITE, stores=[StoreInput(store_id=store_id, name=store_id)], now=NOW)


def put_placement(placement: str, strategy: str, **changes: Any) -> None:
    """Write a placement of four."""
    values: dict[str, Any] = {"title": placement, "strategy": strategy, "size": 4} | changes
    api.ensure_placement(site_id=SITE, placement=PlacementInfo(placement=placement, **values))


def known_model() -> LoadedModel:
    """After a come b, then c. Like a are d, then e. Popular are e, d, c, b, a; the solution leads to b as well."""
    items = [*FRAMES, "solution-a"]
    return LoadedModel(
        stamp="known",
        item_ids=items,
        row_of={item: row for row, item in enumerate(items)},
        engine=make_engine(
            [0.2, 0.4, 0.6, 0.8, 1.0, 0.0],
            after=[(0, 1, 1.0), (0, 2, 0.5), (5, 1, 1.0)],
            alike=[(0, 3, 1.0), (0, 4, 0.5)],
        ),
        params=make_params(),
    )


def consent(anonymous_id: str = "anna", *purposes: str, at: datetime = NOW) -> None:
    """Record what a shopper consents to; nothing named withdraws everything."""
    signal = ConsentSignal(ref=ShopperRef(anonymous_id=anonymous_id), granted=frozenset(purposes), at=at, source="test")
    profiles.record_consents(site_id=SITE, signals=[signal])


def remember(anonymous_id: str, *touches: tuple[str, str, float]) -> None:
    """Put (item, type, days ago) into the stored history, as the consumer would."""
    store = RedisStore(client())
    key = (SITE, shopper_id(SITE, "anonymous", anonymous_id))
    events = [
        TrackedEvent(
            site_id=SITE, event_id=UUID(int=number), day=NOW.date(), type=kind, time=NOW - timedelta(days=days),
            received_at=NOW, shopper_id=key[1], session_id=None, item_id=item, sku=None, quantity=1, unit_price=None,
            currency=None, order_id=None, query=None, rating=None, placement=None, position=None,
            recommendation_id=None, channel="web", store_id=None,
        )
        for number, (item, kind, days) in enumerate(touches, start=1)
    ]  # fmt: skip
    changes = apply_events({key: store.read([key])[0]}, events, now=NOW.timestamp())
    assert store.write(changes, ground=None, expected={}, positions={})


def ask(placement: str, **asked: Any) -> Answer:
    """Ask for a placement."""
    request = Request(placement=placement, **asked)
    return api.recommend(site_id=SITE, request=request, now=NOW)


def ids(answer: Answer) -> list[str]:
    """Return the items of the slate."""
    return [item.item_id for item in answer.items]


@pytest.fixture(name="shop")
def open_lens_lane(db: None) -> Iterator[None]:
    """An open shop without a model."""
    forget_loaded()
    sites.forget_ready()
    open_shop()
    yield
    sites.forget_ready()


@pytest.fixture(name="model")
def answer_with_known_model(shop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop answers with the known model."""
    loaded = known_model()
    monkeypatch.setattr(reading, "get_loaded", lambda _site_id: loaded)
