"""What a request forbids no rule brings back, and a page belongs to all categories above its own."""

import pytest

from apps.catalog import api as catalog
from apps.catalog.contracts import CategoryInput
from tests.apps.recommend.rules.books import make_rule, publish
from tests.apps.recommend.serving.lens_lane import (
    ANNA,
    NOW,
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    consent,
    ids,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
    put_store,
    remember,
)

pytestmark = pytest.mark.usefixtures("model")
PIN = make_rule("pin-sun", "pin", target={"item_ids": ["sun-a", "frame-b"]}, effect={"position": 1})
INCLUDE = make_rule("with-sun", "include", target={"item_ids": ["sun-a"]})


class TestPins:
    def test_filter_of_the_request_holds(self) -> None:
        publish(PIN)
        assert ids(ask("popular"))[0] == "sun-a"
        assert ids(ask("popular", filter='item_type = "frame"'))[0] == "frame-b"

    def test_stock_that_the_request_asks_for_holds(self) -> None:
        put_store("leeds")
        publish(PIN)
        assert ids(ask("popular", only_in_stock_at="leeds")) == []


class TestIncludes:
    def test_filter_of_the_request_holds(self) -> None:
        publish(INCLUDE)
        assert "sun-a" in ids(ask("popular"))
        assert "sun-a" not in ids(ask("popular", filter='item_type = "frame"'))

    def test_stock_that_the_request_asks_for_holds(self) -> None:
        put_store("leeds")
        publish(INCLUDE)
        assert ids(ask("popular", only_in_stock_at="leeds")) == []


class TestCategories:
    def test_rule_of_a_category_holds_on_pages_below_it(self) -> None:
        tree = [
            CategoryInput(category_id="eyewear", name={"en-GB": "Eyewear"}),
            CategoryInput(category_id="round", name={"en-GB": "Round"}, parent_id="eyewear"),
        ]
        catalog.upsert_categories(site_id=SITE, categories=tree, now=NOW)
        publish(make_rule(scope={"category_ids": ["eyewear"]}, target={"item_ids": ["frame-e"]}))
        assert "frame-e" not in ids(ask("popular", category_id="eyewear"))
        assert "frame-e" not in ids(ask("popular", category_id="round"))


class TestAudiences:
    def test_a_rule_for_who_comes_again_makes_the_answer_personal(self) -> None:
        consent("anna", "history_personalisation")
        remember("anna", ("frame-a", "view", 1.0))
        assert ask("popular", shopper=ANNA).personalised is False
        publish(make_rule(scope={"audiences": ["returning"]}))
        assert "frame-a" not in ids(ask("popular", limit=5, shopper=ANNA))
        assert ask("popular", shopper=ANNA).personalised is True
        assert ask("popular").personalised is False
