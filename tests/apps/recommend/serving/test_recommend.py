"""What is answered, and what never is."""

from datetime import timedelta
from decimal import Decimal

import pytest
import redis

from apps.catalog import api as catalog
from apps.catalog.contracts import PriceInput, StockInput, StockUpdate, VariantInput
from apps.profiles import api as profiles
from apps.profiles.contracts import SiteInfo
from apps.recommend.contracts.serving import ShopperInput
from apps.recommend.features import redis_store
from apps.recommend.serving import context
from apps.recommend.serving.breaker import Breaker
from specrec.kernel.errors import Invalid, NotFound
from tests.apps.recommend.serving.lens_lane import (
    ANNA,
    NOW,
    OTHER,
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    consent,
    ids,
    make_item,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
    put_items,
    put_placement,
    put_store,
    remember,
)

HISTORY = "history_personalisation"


@pytest.mark.usefixtures("shop")
class TestWithoutAModel:
    def test_the_newest_items_answer(self) -> None:
        answer = ask("for-you")
        assert ids(answer) == ["frame-a", "frame-b", "frame-c", "frame-d"]
        assert (answer.fallback, answer.personalised, answer.model) == ("new_in", False, None)

    def test_recently_viewed_still_works(self) -> None:
        answer = ask("recently-viewed", history=["frame-d", "frame-b"], limit=2)
        assert ids(answer) == ["frame-b", "frame-d"]
        assert (answer.fallback, answer.personalised) == (None, True)


@pytest.mark.usefixtures("model")
class TestStrategies:
    def test_popular(self) -> None:
        answer = ask("popular")
        assert ids(answer) == ["frame-e", "frame-d", "frame-c", "frame-b"]
        assert {reason.code for item in answer.items for reason in item.reasons} == {"popular_here"}

    def test_for_you_follows_the_history_and_says_why(self) -> None:
        answer = ask("for-you", history=["frame-a"], limit=2)
        assert ids(answer) == ["frame-b", "frame-c"]
        (reason,) = answer.items[0].reasons
        assert (reason.code, reason.item_id, reason.text) == (
            "because_viewed",
            "frame-a",
            "Because you looked at Frame A",
        )

    def test_similar_is_by_content(self) -> None:
        answer = ask("similar", item_ids=["frame-a"], limit=2)
        assert ids(answer) == ["frame-d", "frame-e"]
        assert answer.items[0].reasons[0].text == "Similar to Frame A"

    def test_also_viewed_is_by_behaviour(self) -> None:
        answer = ask("also-viewed", item_ids=["frame-a"], limit=2)
        assert ids(answer) == ["frame-b", "frame-c"]
        assert (answer.personalised, answer.items[0].reasons[0].code) == (False, "also_viewed")

    def test_new_in(self) -> None:
        assert ids(ask("new-in", limit=2)) == ["frame-a", "frame-b"]

    def test_recently_viewed_without_fallback_stays_short(self) -> None:
        put_placement("recent-only", "recently_viewed", fallback=())
        assert ids(ask("recent-only", history=["frame-a"])) == ["frame-a"]


@pytest.mark.usefixtures("model")
class TestFallback:
    def test_what_the_strategy_leaves_open_is_filled_in_order(self) -> None:
        answer = ask("for-you", history=["frame-a"])
        assert ids(answer) == ["frame-b", "frame-c", "frame-d", "frame-e"]
        assert answer.fallback is None

    def test_the_first_that_fills_in_is_named(self) -> None:
        put_placement("pair", "also_viewed", fallback=("popular",))
        answer = ask("pair", item_ids=["frame-a"])
        assert ids(answer) == ["frame-b", "frame-c", "frame-e", "frame-d"]
        assert answer.fallback == "popular"

    def test_scores_never_rise(self) -> None:
        put_placement("pair", "also_viewed", fallback=("popular",))
        scores = [item.score for item in ask("pair", item_ids=["frame-a"], limit=7).items]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] == 1.0

    def test_positions_count_from_one(self) -> None:
        assert [item.position for item in ask("popular").items] == [1, 2, 3, 4]

    def test_the_same_question_has_the_same_answer(self) -> None:
        assert ids(ask("for-you", history=["frame-a"])) == ids(ask("for-you", history=["frame-a"]))


@pytest.mark.usefixtures("model")
class TestConsent:
    def test_with_consent_the_stored_history_counts(self) -> None:
        consent("anna", HISTORY)
        remember("anna", ("frame-a", "view", 1))
        answer = ask("for-you", shopper=ANNA, limit=2)
        assert (ids(answer), answer.personalised) == (["frame-b", "frame-c"], True)

    def test_without_a_word_it_does_not(self) -> None:
        remember("anna", ("frame-a", "view", 1))
        answer = ask("for-you", shopper=ANNA, limit=2)
        assert (ids(answer), answer.personalised) == (["frame-e", "frame-d"], False)

    def test_withdrawn_consent_ends_it(self) -> None:
        consent("anna", HISTORY, at=NOW - timedelta(days=1))
        remember("anna", ("frame-a", "view", 1))
        consent("anna", at=NOW)
        answer = ask("for-you", shopper=ANNA, limit=2)
        assert (ids(answer), answer.personalised) == (["frame-e", "frame-d"], False)

    def test_profile_none_uses_nothing_of_the_shopper(self) -> None:
        consent("anna", HISTORY)
        remember("anna", ("frame-a", "view", 1))
        answer = ask("for-you", shopper=ANNA, history=["frame-a"], profile="none", limit=2)
        assert (ids(answer), answer.personalised) == (["frame-e", "frame-d"], False)

    def test_merged_shoppers_are_one(self) -> None:
        consent("anna", HISTORY)
        remember("anna", ("frame-a", "view", 1))
        profiles.merge_shoppers(site_id=SITE, anonymous_id="anna", customer_id="c-1", now=NOW)
        answer = ask("for-you", shopper=ShopperInput(customer_id="c-1"), limit=2)
        assert (ids(answer), answer.personalised) == (["frame-b", "frame-c"], True)


@pytest.mark.usefixtures("model")
class TestEligible:
    def test_a_hidden_item_is_gone(self) -> None:
        put_items(make_item("frame-e", published=False))
        assert ids(ask("popular", limit=2)) == ["frame-d", "frame-c"]

    def test_a_sold_out_item_is_gone(self) -> None:
        catalog.update_stock(site_id=SITE, updates=[StockUpdate(sku="frame-e-52", on_hand=0)], now=NOW)
        assert ids(ask("popular", limit=2)) == ["frame-d", "frame-c"]

    def test_an_item_without_a_price_is_not_shown(self) -> None:
        put_items(make_item("frame-0", variants=[VariantInput(sku="frame-0-52", stock=[StockInput(on_hand=1)])]))
        assert ids(ask("new-in", limit=1)) == ["frame-a"]

    def test_a_store_shows_what_it_has(self) -> None:
        put_store("soho")
        stock = StockUpdate(sku="frame-c-52", on_hand=1, store_id="soho")
        catalog.update_stock(site_id=SITE, updates=[stock], now=NOW)
        assert ids(ask("popular", store_id="soho")) == ["frame-c"]

    def test_a_deleted_item_is_gone(self) -> None:
        catalog.delete_item(site_id=SITE, item_id="frame-e", now=NOW)
        assert ids(ask("popular", limit=2)) == ["frame-d", "frame-c"]

    def test_a_placement_shows_its_types_only(self) -> None:
        put_placement("sun", "popular", item_types=("sunglasses",))
        assert ids(ask("sun")) == ["sun-a"]

    def test_a_placement_shows_its_categories_only(self) -> None:
        put_items(make_item("frame-b", category_ids=["sale"]))
        put_placement("sale", "popular", category_ids=("sale",))
        assert ids(ask("sale")) == ["frame-b"]

    def test_what_the_page_is_about_is_not_shown(self) -> None:
        assert "frame-e" not in ids(ask("popular", item_ids=["frame-e"], limit=7))

    def test_excluded_items_are_not_shown_and_unknown_ones_ignored(self) -> None:
        assert ids(ask("popular", exclude_item_ids=["frame-e", "nowhere"], limit=1)) == ["frame-d"]

    def test_history_is_shown_again_unless_the_placement_says_no(self) -> None:
        put_placement("fresh", "popular", exclude_history=True)
        assert ids(ask("popular", history=["frame-e"], limit=1)) == ["frame-e"]
        assert ids(ask("fresh", history=["frame-e"], limit=1)) == ["frame-d"]

    def test_what_was_just_bought_is_not_shown(self) -> None:
        consent("anna", HISTORY)
        remember("anna", ("frame-e", "purchase", 29), ("frame-d", "purchase", 31))
        answer = ask("popular", shopper=ANNA, limit=1)
        assert (ids(answer), answer.personalised) == (["frame-d"], True)

    def test_a_purchase_is_remembered_as_long_as_a_placement_may_ask(self) -> None:
        put_placement("year", "popular", exclude_purchased_days=400)
        consent("anna", HISTORY)
        remember("anna", ("frame-e", "purchase", 399))
        assert ids(ask("year", shopper=ANNA, limit=1)) == ["frame-d"]

    def test_no_days_shows_a_purchase_at_once(self) -> None:
        put_placement("refill", "popular", exclude_purchased_days=0)
        consent("anna", HISTORY)
        remember("anna", ("frame-e", "purchase", 1))
        assert ids(ask("refill", shopper=ANNA, limit=1)) == ["frame-e"]

    def test_a_dismissed_item_is_not_shown(self) -> None:
        consent("anna", HISTORY)
        remember("anna", ("frame-e", "dismiss", 90))
        assert ids(ask("popular", shopper=ANNA, limit=1)) == ["frame-d"]


@pytest.mark.usefixtures("model")
class TestBadInput:
    def test_an_unknown_placement_names_the_known_ones(self) -> None:
        with pytest.raises(NotFound) as caught:
            ask("nowhere")
        assert (caught.value.code, caught.value.field) == ("unknown_placement", "placement")
        assert "for-you" in caught.value.extra["known"]

    def test_an_unknown_item_of_the_page_is_named(self) -> None:
        with pytest.raises(Invalid) as caught:
            ask("similar", item_ids=["frame-a", "nowhere"])
        assert (caught.value.code, caught.value.field) == ("unknown_item", "item_ids[1]")

    def test_another_sites_item_is_unknown(self) -> None:
        profiles.ensure_site(
            site=SiteInfo(site_id=OTHER, name="B", locale="de-DE", currency="EUR", time_zone="Europe/Berlin")
        )
        put_items(make_item("brille-1"), site_id=OTHER)
        with pytest.raises(Invalid) as caught:
            ask("similar", item_ids=["brille-1"])
        assert caught.value.code == "unknown_item"

    def test_unknown_items_of_a_history_are_ignored(self) -> None:
        assert ids(ask("for-you", history=["nowhere", "frame-a"], limit=1)) == ["frame-b"]


@pytest.mark.usefixtures("model")
class TestWords:
    def test_names_and_reasons_in_the_asked_language(self) -> None:
        item = ask("for-you", history=["frame-a"], locale="de-DE").items[0]
        assert (item.name, item.reasons[0].text) == ("Frame B (de)", "Weil Sie sich Frame A (de) angesehen haben")

    def test_a_language_nobody_wrote_falls_back_to_the_sites(self) -> None:
        item = ask("popular", locale="ja-JP").items[0]
        assert (item.name, item.reasons[0].text) == ("Frame E", "Popular right now")

    def test_another_region_of_a_language_is_near_enough(self) -> None:
        assert ask("popular", locale="de-AT").items[0].name == "Frame E (de)"

    def test_a_reason_never_names_what_touches_health(self) -> None:
        (reason,) = ask("for-you", history=["solution-a"], limit=1).items[0].reasons
        assert (reason.code, reason.item_id, reason.text) == ("because_viewed", None, "Based on what you looked at")

    def test_the_price_is_that_of_the_store(self) -> None:
        put_store("soho")
        prices = [
            PriceInput(amount=Decimal("129.5"), currency="GBP"),
            PriceInput(amount=Decimal(99), currency="GBP", store_id="soho"),
        ]
        stock = [StockInput(on_hand=1), StockInput(on_hand=1, store_id="soho")]
        put_items(make_item("frame-e", variants=[VariantInput(sku="frame-e-52", prices=prices, stock=stock)]))
        assert ask("popular", limit=1).items[0].price == "129.50"
        assert ask("popular", limit=1, store_id="soho").items[0].price == "99.00"


@pytest.mark.usefixtures("model")
class TestPartsAway:
    def test_redis_away_means_no_stored_history_and_is_not_asked_again_at_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        consent("anna", HISTORY)
        remember("anna", ("frame-a", "view", 1))
        asked = []

        def away(*_commands: object, **_how: object) -> list[object]:
            asked.append(1)
            raise redis.ConnectionError

        monkeypatch.setattr(redis_store, "ask", away)
        monkeypatch.setattr(context, "REDIS", Breaker("redis", seconds=60))
        assert ids(ask("for-you", shopper=ANNA, limit=2)) == ["frame-e", "frame-d"]
        assert ids(ask("for-you", shopper=ANNA, limit=2)) == ["frame-e", "frame-d"]
        assert len(asked) == 1
