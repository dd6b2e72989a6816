"""Every strategy on the shop of the demo, over HTTP: what its list must be, whatever is in it."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args
from uuid import uuid4

import pytest

from apps.recommend.contracts.placements import Strategy
from demo.catalogue.products import Product
from demo.run import run_demo
from tests.journeys.demo_shop import HEALTH, HISTORY, SIZE, DemoShop, codes, open_demo
from tests.journeys.door import eventually, everywhere, ids

pytestmark = pytest.mark.usefixtures("shop")
MILLIMETRES = {"front_width_mm": 4.0, "dbl_mm": 1.5, "a_mm": 2.5, "b_mm": 3.0, "temple_mm": 5.0}


@pytest.fixture(scope="module", name="shop")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoShop]:
    """The demo, filled and trained."""
    with run_demo(tmp_path_factory.mktemp("demo"), port=None, size=SIZE) as demo:
        opened = open_demo(demo)
        assert everywhere(lambda: opened.ask("home-trending")["model"], until=lambda stamp: stamp is not None)
        yield opened


@pytest.fixture(name="visitor")
def make_visitor() -> dict[str, str]:
    """Somebody whom nobody has seen before."""
    return {"anonymous_id": f"visitor-{uuid4()}"}


def steps_apart(one: Product, other: Product) -> float:
    """Return the mean squared difference in millimetres, each measured by what is one step."""
    mine, theirs = one.pieces[0].attributes, other.pieces[0].attributes
    return mean([((mine[name] - theirs[name]) / step) ** 2 for name, step in MILLIMETRES.items()])


def same_style(one: Product, other: Product) -> float:
    names = ("shape", "rim", "materials")
    return mean([float(one.attributes[name] == other.attributes[name]) for name in names])


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def seen(shop: DemoShop, placement: str, visitor: dict[str, str]) -> dict[str, Any]:
    """Ask until what the visitor did has come through."""
    return eventually(lambda: shop.ask(placement, shopper=visitor), until=lambda answer: bool(answer["items"]))


class TestLookAlike:
    @pytest.mark.parametrize("item_type", ["frame", "sunglasses"])
    def test_is_closer_in_millimetres_and_style_than_chance(self, shop: DemoShop, item_type: str) -> None:
        every = list(shop.all_of(item_type))
        dice = random.Random(6)
        near, far, alike, unlike = list[float](), list[float](), list[float](), list[float]()
        for frame in dice.sample(every, 8):
            answer = shop.ask("product-look", item_ids=[frame.item_id], limit=4)
            found, others = shop.of(answer), dice.sample(every, 40)
            assert {product.item_type for product in found} == {item_type}
            assert (len(found), codes(answer), answer["fallback"]) == (4, {"looks_like"}, None)
            near += [steps_apart(frame, one) for one in found]
            far += [steps_apart(frame, one) for one in others]
            alike += [same_style(frame, one) for one in found]
            unlike += [same_style(frame, one) for one in others]
        assert mean(near) < mean(far) / 2
        assert mean(alike) > mean(unlike) + 0.2

    def test_of_what_has_no_measures_is_what_is_described_alike(self, shop: DemoShop) -> None:
        answer = shop.ask("product-look", item_ids=[shop.any_of("contact_lens").item_id], limit=4)
        assert {product.item_type for product in shop.of(answer)} == {"contact_lens"}


class TestSimilar:
    def test_is_more_alike_than_chance(self, shop: DemoShop) -> None:
        frame, every = shop.any_of("frame"), list(shop.all_of("frame"))
        answer = shop.ask("product-similar", item_ids=[frame.item_id], limit=6)
        found = shop.of(answer)
        assert (answer["fallback"], codes(answer)) == (None, {"similar_to"})
        assert {product.item_type for product in found} <= {"frame", "sunglasses"}
        assert mean([same_style(frame, one) for one in found]) > mean([same_style(frame, one) for one in every])


class TestCompleteThePair:
    @pytest.mark.parametrize("item_type", ["frame", "sunglasses", "contact_lens"])
    def test_a_complement_is_no_substitute(self, shop: DemoShop, item_type: str) -> None:
        answer = shop.ask("product-complete", item_ids=[shop.any_of(item_type).item_id])
        found = {product.item_type for product in shop.of(answer)}
        assert found
        assert found <= {"accessory", "solution", "lens_option", "service"}
        assert (answer["fallback"], codes(answer)) == (None, {"goes_with"})

    def test_solution_suits_the_lens(self, shop: DemoShop) -> None:
        lens = shop.any_of("contact_lens", modality="monthly")
        found = shop.of(shop.ask("product-complete", item_ids=[lens.item_id]))
        care = [product.attributes["solution_type"] for product in found if product.item_type == "solution"]
        assert set(care) & {"multipurpose", "peroxide"}
        assert "rgp" not in care

    def test_a_lens_of_one_day_needs_no_solution(self, shop: DemoShop) -> None:
        lens = shop.any_of("contact_lens", modality="daily")
        found = shop.of(shop.ask("product-complete", item_ids=[lens.item_id]))
        care = {product.attributes["solution_type"] for product in found if product.item_type == "solution"}
        assert care <= {"drops", "saline"}

    def test_of_a_basket_offers_no_second_case(self, shop: DemoShop) -> None:
        basket = [shop.any_of("frame").item_id, shop.any_of("accessory", kind="case").item_id]
        found = shop.of(shop.ask("basket-complete", item_ids=basket))
        assert found
        assert "case" not in {product.attributes.get("kind") for product in found}


class TestBundle:
    def test_items_go_together_and_the_price_is_their_sum(self, shop: DemoShop) -> None:
        frame = shop.any_of("frame", rx_able=True)
        answer = shop.ask("product-bundle", item_ids=[frame.item_id])
        bundle = answer["bundle"]
        assert bundle["item_ids"] == [frame.item_id, *ids(answer)]
        kinds = {(one.item_type, one.attributes.get("kind")) for one in shop.of(answer)}
        assert len(kinds) == 2
        assert not {item_type for item_type, _ in kinds} & {"frame", "sunglasses"}
        prices = [Decimal(item["price"]) for item in answer["items"]]
        own = Decimal(shop.item(frame.item_id)["variants"][0]["prices"][0]["amount"])
        assert Decimal(bundle["price"]) == own + sum(prices)
        assert (bundle["currency"], codes(answer)) == ("GBP", {"bundle"})

    def test_there_is_none_without_an_item(self, shop: DemoShop) -> None:
        answer = shop.ask("product-bundle")
        assert (answer["items"], answer["bundle"]) == ([], None)


class TestAlsoBought:
    def test_leads_from_everyday_goods_to_nothing_of_health(self, shop: DemoShop) -> None:
        asked = [product.item_id for product in shop.all_of("frame")]
        answers = [shop.ask("product-bought", item_ids=[item_id], limit=4) for item_id in asked[:80]]
        learned = [
            item for answer in answers for item in answer["items"] if item["reasons"][0]["code"] == "also_bought"
        ]
        assert learned
        assert {item["item_type"] for item in learned} <= {"frame", "sunglasses", "accessory"}


class TestBuyAgain:
    def test_is_due_and_says_when(self, shop: DemoShop, visitor: dict[str, str]) -> None:
        lens = shop.any_of("contact_lens", modality="daily")  # the first pack is one of 30 days
        other = shop.any_of("contact_lens", modality="monthly")  # of 90 days
        told = [("purchase", lens, 54.0), ("purchase", lens, 25.0), ("purchase", other, 20.0)]
        shop.did(visitor["anonymous_id"], *told, consent=(HISTORY, HEALTH))
        wanted = {f"You may need more of this in {days} days" for days in (4, 5, 6)}
        answer = eventually(
            lambda: shop.ask("home-again", shopper=visitor),  # until the second pack has come through as well
            until=lambda found: bool(found["items"]) and found["items"][0]["reasons"][0]["text"] in wanted,
        )
        assert ids(answer) == [lens.item_id]
        (reason,) = answer["items"][0]["reasons"]
        assert (reason["code"], reason["text"] in wanted) == ("buy_again", True)

    def test_says_no_date_of_lenses_without_that_consent(self, shop: DemoShop, visitor: dict[str, str]) -> None:
        lens = shop.any_of("contact_lens", modality="daily")
        shop.did(visitor["anonymous_id"], ("purchase", lens, 25.0))
        answer = seen(shop, "home-again", visitor)
        assert ids(answer) == [lens.item_id]
        assert answer["items"][0]["reasons"][0]["text"] == "Time to order again?"

    def test_a_frame_is_not_bought_again(self, shop: DemoShop, visitor: dict[str, str]) -> None:
        lens = shop.any_of("contact_lens", modality="daily")
        told = [("purchase", shop.any_of("frame"), 40.0), ("purchase", lens, 25.0)]
        shop.did(visitor["anonymous_id"], *told)
        assert ids(seen(shop, "home-again", visitor)) == [lens.item_id]

    def test_a_guest_has_nothing_to_buy_again(self, shop: DemoShop, visitor: dict[str, str]) -> None:
        answer = shop.ask("home-again", shopper=visitor)
        assert (answer["items"], answer["personalised"]) == ([], False)


class TestBecauseYouViewed:
    def test_one_item_leads_to_all(self, shop: DemoShop, visitor: dict[str, str]) -> None:
        old, new = list(shop.all_of("frame"))[:2]
        shop.did(visitor["anonymous_id"], ("view", old, 0.02), ("view", new, 0.01))
        answer = eventually(
            lambda: shop.ask("home-because", shopper=visitor, limit=4), until=lambda found: found["personalised"]
        )
        leaders = {reason["item_id"] for item in answer["items"] for reason in item["reasons"]}
        assert len(leaders) == 1
        assert leaders < {old.item_id, new.item_id}
        assert codes(answer) == {"because_viewed"}
        assert not set(ids(answer)) & leaders

    def test_of_a_session_of_a_guest(self, shop: DemoShop) -> None:
        frame = shop.any_of("frame", shape="round")
        answer = shop.ask("home-because", history=[frame.item_id], limit=4)
        assert {item["reasons"][0]["item_id"] for item in answer["items"]} == {frame.item_id}


class TestContinueShopping:
    def test_is_what_was_in_hand_and_not_bought(self, shop: DemoShop, visitor: dict[str, str]) -> None:
        viewed, carted, bought, stale = list(shop.all_of("frame"))[:4]
        told = [("view", stale, 45.0), ("add_to_cart", bought, 3.0), ("purchase", bought, 2.9)]
        shop.did(visitor["anonymous_id"], *told, ("view", viewed, 0.3), ("add_to_cart", carted, 0.2))
        answer = seen(shop, "home-continue", visitor)
        assert set(ids(answer)) == {carted.item_id, viewed.item_id}
        assert codes(answer) == {"continue_shopping"}

    def test_is_short_rather_than_filled(self, shop: DemoShop, visitor: dict[str, str]) -> None:
        assert shop.ask("home-continue", shopper=visitor)["items"] == []


class TestTrending:
    def test_is_there_for_everybody(self, shop: DemoShop) -> None:
        answer = shop.ask("home-trending")
        assert (len(answer["items"]), answer["personalised"]) == (12, False)
        assert answer["items"][0]["reasons"][0]["code"] == "trending"


class TestBestsellers:
    def test_of_a_category_are_in_it(self, shop: DemoShop) -> None:
        answer = shop.ask("listing-bestsellers", category_id="sunglasses", limit=5)
        assert {product.item_type for product in shop.of(answer)} == {"sunglasses"}
        assert codes(answer) == {"bestseller"}

    def test_of_a_store_are_its_own(self, shop: DemoShop) -> None:
        market = ids(shop.ask("home-bestsellers"))
        there = ids(shop.ask("home-bestsellers", store_id="uk-covent"))
        assert len(there) == 12
        assert there != market


class TestOnOffer:
    def test_costs_less_than_before(self, shop: DemoShop) -> None:
        answer = shop.ask("home-offers")
        assert len(answer["items"]) == 12
        for shown in answer["items"]:
            variants = shop.item(shown["item_id"])["variants"]
            price = next(variant for variant in variants if variant["sku"] == shown["sku"])["prices"][0]
            assert Decimal(price["compare_at"]) > Decimal(price["amount"]) == Decimal(shown["price"])
        assert (answer["fallback"], codes(answer)) == (None, {"on_offer"})


class TestNewIn:
    def test_is_in_the_order_of_coming_in(self, shop: DemoShop) -> None:
        ages = [product.age_days for product in shop.of(shop.ask("home-new"))]
        assert ages == sorted(ages)


class TestPopular:
    def test_is_the_same_for_everybody(self, shop: DemoShop, visitor: dict[str, str]) -> None:
        answer = shop.ask("home-popular")
        assert (codes(answer), answer["personalised"]) == ({"popular_here"}, False)
        assert ids(shop.ask("home-popular", shopper=visitor)) == ids(answer)


class TestForYou:
    def test_follows_a_session(self, shop: DemoShop) -> None:
        suns = [product.item_id for product in list(shop.all_of("sunglasses"))[:3]]
        found = shop.of(shop.ask("home-for-you", history=suns))
        assert sum(product.item_type == "sunglasses" for product in found) > len(found) / 2


class TestAlsoViewed:
    def test_names_the_item_of_the_page(self, shop: DemoShop) -> None:
        popular = ids(shop.ask("home-popular"))[0]
        answer = shop.ask("product-also", item_ids=[popular], limit=4)
        assert (codes(answer), popular in ids(answer)) == ({"also_viewed"}, False)


class TestRecentlyViewed:
    def test_is_newest_first(self, shop: DemoShop) -> None:
        frames = [product.item_id for product in list(shop.all_of("frame"))[:3]]
        assert ids(shop.ask("home-recent", history=frames)) == frames[::-1]


class TestNextBestAction:
    def test_is_a_service(self, shop: DemoShop) -> None:
        answer = shop.ask("home-next", item_ids=[shop.any_of("frame").item_id])
        assert answer["items"]
        assert {item["item_type"] for item in answer["items"]} == {"service"}
        assert codes(answer) == {"next_step"}

    def test_follows_what_was_bought_and_when(self, shop: DemoShop, visitor: dict[str, str]) -> None:
        lens = shop.any_of("contact_lens", modality="monthly")
        told = [("purchase", lens, 270.0), ("purchase", lens, 180.5), ("purchase", lens, 90.0)]
        shop.did(visitor["anonymous_id"], *told, consent=(HISTORY, HEALTH))
        answer = eventually(lambda: shop.ask("home-next", shopper=visitor), until=lambda found: found["personalised"])
        assert shop.of(answer)[0].attributes["kind"] == "contact_lens_check"

    def test_nothing_follows_from_lenses_without_that_consent(self, shop: DemoShop, visitor: dict[str, str]) -> None:
        lens = shop.any_of("contact_lens", modality="monthly")
        shop.did(visitor["anonymous_id"], ("purchase", lens, 200.0))
        seen(shop, "home-recent", visitor)
        kinds = {product.attributes["kind"] for product in shop.of(shop.ask("home-next", shopper=visitor))}
        assert not kinds & {"contact_lens_check", "contact_lens_fitting"}

    def test_not_what_was_had_lately(self, shop: DemoShop, visitor: dict[str, str]) -> None:
        lens, check = shop.any_of("contact_lens", modality="monthly"), shop.any_of("service", kind="contact_lens_check")
        told = [("purchase", lens, 270.0), ("purchase", check, 60.0), ("purchase", lens, 40.0)]
        shop.did(visitor["anonymous_id"], *told, consent=(HISTORY, HEALTH))
        seen(shop, "home-recent", visitor)
        found = shop.of(shop.ask("home-next", shopper=visitor))
        assert "contact_lens_check" not in {product.attributes["kind"] for product in found}


class TestSearchContext:
    @pytest.mark.parametrize(("words", "name", "value"), [("round", "shape", "round"), ("aviator", "shape", "aviator")])
    def test_fits_the_words(self, shop: DemoShop, words: str, name: str, value: str) -> None:
        answer = shop.ask("search", search=f"{words} frames", limit=6)
        assert {product.attributes[name] for product in shop.of(answer)} == {value}
        assert codes(answer) == {"matches_search"}

    def test_of_words_that_mean_nothing_is_empty(self, shop: DemoShop) -> None:
        assert shop.ask("search", search="qqzzx")["items"] == []


class TestHandPicked:
    def test_is_the_list_in_its_order(self, shop: DemoShop) -> None:
        placement = next(one for one in shop.server.must("GET", "/v1/placements") if one["placement"] == "home-picked")
        shown = ids(shop.ask("home-picked"))
        assert shown
        assert shown == [item for item in placement["item_ids"] if item in shown]


def test_every_strategy_has_a_placement_in_the_demo(shop: DemoShop) -> None:
    used = {one["strategy"] for one in shop.server.must("GET", "/v1/placements")}
    assert used == set(get_args(Strategy))
