"""Sources that need no training, on a small shop: each list is what it says."""

from decimal import Decimal
from typing import Any

import pytest

from apps.catalog.contracts import PriceInput, StockInput, VariantInput
from apps.recommend.retrieval import reduced
from tests.apps.recommend.serving.lens_lane import (
    ANNA,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    consent,
    ids,
    make_item,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
    put_items,
    put_placement,
    remember,
)

pytestmark = pytest.mark.usefixtures("shop")
HISTORY = "history_personalisation"


def sold_at(item_id: str, *prices: PriceInput) -> list[VariantInput]:
    return [VariantInput(sku=f"{item_id}-52", prices=list(prices), stock=[StockInput(on_hand=5)])]


def price(amount: str, before: str | None = None, **changes: Any) -> PriceInput:
    compare_at = None if before is None else Decimal(before)
    return PriceInput(amount=Decimal(amount), currency="GBP", compare_at=compare_at, **changes)


class TestHandPicked:
    def test_keeps_the_order_and_leaves_out_what_is_not_there(self) -> None:
        put_placement("picked", "hand_picked", item_ids=("frame-d", "nowhere", "frame-a"), fallback=())
        assert ids(ask("picked")) == ["frame-d", "frame-a"]


class TestOnOffer:
    def test_the_greatest_reduction_comes_first(self) -> None:
        put_items(make_item("frame-b", variants=sold_at("frame-b", price("90", "100"))))
        put_items(make_item("frame-c", variants=sold_at("frame-c", price("50", "100"))))
        put_placement("offers", "on_offer", size=2)
        answer = ask("offers")
        assert (ids(answer), answer.fallback) == (["frame-c", "frame-b"], None)

    def test_goes_on_until_the_slate_is_full(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reduced, "_LOOKED_AT", 1)
        put_items(make_item("frame-b", variants=sold_at("frame-b", price("90", "100"))))
        put_items(make_item("frame-c", variants=sold_at("frame-c", price("50", "100"))))
        put_placement("offers", "on_offer", size=2)
        assert ids(ask("offers")) == ["frame-c", "frame-b"]

    def test_a_price_that_was_lower_before_is_no_offer(self) -> None:
        put_items(make_item("frame-b", variants=sold_at("frame-b", price("90", "80"))))
        put_placement("offers", "on_offer", size=2)
        assert ask("offers").fallback == "new_in"


class TestContinueShopping:
    def test_the_basket_before_what_was_looked_at(self) -> None:
        consent("anna", HISTORY)
        remember("anna", ("frame-a", "view", 0.3), ("frame-b", "add_to_cart", 0.4), ("frame-c", "view", 40.0))
        put_placement("continue", "continue_shopping", fallback=())
        assert set(ids(ask("continue", shopper=ANNA))) == {"frame-a", "frame-b"}

    def test_not_what_was_bought(self) -> None:
        consent("anna", HISTORY)
        remember("anna", ("frame-a", "add_to_cart", 50.0), ("frame-a", "purchase", 49.0), ("frame-b", "view", 1.0))
        put_placement("continue", "continue_shopping", fallback=(), exclude_purchased_days=0)
        assert ids(ask("continue", shopper=ANNA)) == ["frame-b"]

    def test_of_a_guest_is_what_the_caller_names(self) -> None:
        put_placement("continue", "continue_shopping", fallback=())
        assert ids(ask("continue", history=["frame-a", "frame-b"])) == ["frame-b", "frame-a"]

    def test_without_a_history_is_short(self) -> None:
        put_placement("continue", "continue_shopping", fallback=())
        assert ids(ask("continue")) == []


@pytest.mark.usefixtures("model")
class TestBecauseYouViewed:
    def test_the_newest_item_leads(self) -> None:
        put_placement("because", "because_you_viewed", size=2)
        answer = ask("because", history=["frame-c", "frame-a"])
        assert {reason.item_id for item in answer.items for reason in item.reasons} == {"frame-a"}

    def test_an_item_that_must_not_be_named_leads_only_alone(self) -> None:
        put_placement("because", "because_you_viewed", size=2)
        answer = ask("because", history=["frame-a", "solution-a"])
        assert {reason.item_id for item in answer.items for reason in item.reasons} == {"frame-a"}
        alone = ask("because", history=["solution-a"])
        assert {reason.item_id for item in alone.items for reason in item.reasons} == {None}


class TestLookAlike:
    def test_measures_and_shape_decide(self) -> None:
        sizes = {"frame-a": 138.0, "frame-b": 139.0, "frame-c": 150.0, "frame-d": 138.0}
        for item_id, width in sizes.items():
            facts = {"shape": "aviator" if item_id == "frame-d" else "round"}
            variant = sold_at(item_id, price("99"))[0]
            measured = VariantInput(
                sku=variant.sku, prices=variant.prices, stock=variant.stock, attributes={"front_width_mm": width}
            )
            put_items(make_item(item_id, attributes=facts, variants=[measured]))
        put_placement("look", "look_alike", size=2, fallback=())
        answer = ask("look", item_ids=["frame-a"])
        assert ids(answer) == ["frame-b", "frame-c"]
        assert {item.reasons[0].code for item in answer.items} == {"looks_like"}
