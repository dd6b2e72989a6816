"""Writing items whole: versions, sources, SKUs, repeats, deletion."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.catalog import api
from apps.catalog.contracts import LineError, StockInput, WriteResult
from apps.catalog.models import Item, Variant
from specrec.kernel.errors import Conflict, Invalid, NotFound
from tests.apps.catalog.builders import NOON, item, price, variant


def _write(site_id: str, *items: Any, after: int = 0) -> list[str]:
    outcomes = api.upsert_items(site_id=site_id, items=items, now=NOON + timedelta(seconds=after))
    return [outcome.status if isinstance(outcome, WriteResult) else outcome.code for outcome in outcomes]


class TestUpsertItems:
    def test_writes_an_item_as_it_is_read(self, uk: str) -> None:
        given = item(
            item_type="frame",
            name={"en-GB": "Aldgate", "de-DE": "Aldgate"},
            description={"en-GB": "A panto."},
            brand="Vane",
            category_ids=["frames", "women", "frames"],
            attributes={"shape": "panto", "materials": ["acetate"], "extra": {"drop": 7}, "tags": ["new"]},
            image_urls=["/a.svg"],
            url="/p/aldgate",
            source_version=3,
            variants=[
                variant(
                    attributes={"a_mm": 49},
                    cost=Decimal("31.5"),
                    prices=[price("129.00", store_id="leeds", compare_at=Decimal("149.5")), price("129.125")],
                    stock=[StockInput(on_hand=2, reserved=1, store_id="leeds", try_on_sample=True)],
                )
            ],
        )

        assert _write(uk, given) == ["created"]

        stored = api.get_item(site_id=uk, item_id="aldgate")
        assert stored.name == {"en-GB": "Aldgate", "de-DE": "Aldgate"}
        assert stored.category_ids == ["frames", "women"]
        assert stored.attributes == {
            "shape": "panto",
            "materials": ["acetate"],
            "extra": {"drop": 7},
            "tags": ["new"],
        }
        assert (stored.source, stored.source_version) == ("api", 3)
        assert stored.released_at == stored.updated_at == NOON
        (sku,) = stored.variants
        assert sku.attributes == {"a_mm": 49}
        assert [(str(entry.amount), entry.store_id, str(entry.compare_at)) for entry in sku.prices] == [
            ("129.125", None, "None"),
            ("129.00", "leeds", "149.50"),
        ]
        assert [(entry.store_id, entry.on_hand, entry.reserved, entry.try_on_sample) for entry in sku.stock] == [
            ("leeds", 2, 1, True)
        ]
        assert Variant.objects.get().cost == Decimal("31.5")
        assert "cost" not in str(stored)

    def test_the_same_again_changes_nothing(self, uk: str) -> None:
        _write(uk, item("a"), item("b"))
        stamp = api.get_stamp(site_id=uk)

        assert _write(uk, item("a"), item("b"), after=9) == ["unchanged", "unchanged"]

        assert api.get_stamp(site_id=uk) == stamp
        assert api.get_item(site_id=uk, item_id="a").updated_at == NOON

    def test_a_change_moves_the_stamp_once_a_call(self, uk: str) -> None:
        _write(uk, item("a"), item("b"))
        stamp = api.get_stamp(site_id=uk)

        assert _write(uk, item("a", brand="x"), item("b", brand="x")) == ["updated", "updated"]

        assert api.get_stamp(site_id=uk) == stamp + 1

    @pytest.mark.parametrize(("version", "brand"), [(4, "stored"), (5, "stored"), (6, "given"), (None, "given")])
    def test_an_older_or_equal_version_never_wins(self, uk: str, version: int | None, brand: str) -> None:
        _write(uk, item(brand="stored", source_version=5))

        status = "updated" if brand == "given" else "unchanged"
        assert _write(uk, item(brand="given", source_version=version)) == [status]

        assert api.get_item(site_id=uk, item_id="aldgate").brand == brand

    def test_a_write_without_version_keeps_the_guard(self, uk: str) -> None:
        _write(uk, item(brand="a", source_version=5), item(brand="b"))

        assert _write(uk, item(brand="c", source_version=4)) == ["unchanged"]
        assert api.get_item(site_id=uk, item_id="aldgate").brand == "b"

    def test_an_unchanged_newer_version_is_remembered(self, uk: str) -> None:
        _write(uk, item(source_version=5))

        assert _write(uk, item(source_version=9)) == ["unchanged"]
        assert _write(uk, item(source_version=8, brand="late")) == ["unchanged"]
        assert api.get_item(site_id=uk, item_id="aldgate").source_version == 9

    def test_another_source_is_refused(self, uk: str) -> None:
        _write(uk, item(source="shop"))

        (refused,) = api.upsert_items(site_id=uk, items=[item(source="cms", brand="x")], now=NOON)

        assert isinstance(refused, LineError)
        assert (refused.line, refused.code, refused.field, refused.item_id) == (
            1,
            "source_conflict",
            "source",
            "aldgate",
        )
        assert api.get_item(site_id=uk, item_id="aldgate").brand == ""

    def test_a_sku_of_another_item_is_refused_and_nothing_of_that_item_is_written(self, uk: str) -> None:
        _write(uk, item("a", variants=[variant("s")]))

        outcomes = api.upsert_items(
            site_id=uk, items=[item("b", variants=[variant("t"), variant("s")]), item("c")], now=NOON
        )

        assert isinstance(outcomes[0], LineError)
        assert (outcomes[0].code, outcomes[0].field) == ("sku_conflict", "variants[1].sku")
        assert outcomes[1] == WriteResult("c", "created")
        assert sorted(Item.objects.values_list("item_id", flat=True)) == ["a", "c"]
        assert not Variant.objects.filter(sku="t").exists()

    def test_a_sku_may_move_once_its_item_has_let_go(self, uk: str) -> None:
        _write(uk, item("a", variants=[variant("s"), variant("r")]))

        moved = _write(uk, item("a", variants=[variant("r")]), item("b", variants=[variant("s")]))

        assert moved == ["updated", "created"]
        assert [entry.sku for entry in api.get_item(site_id=uk, item_id="a").variants] == ["r"]
        assert [entry.sku for entry in api.get_item(site_id=uk, item_id="b").variants] == ["s"]

    def test_a_batch_is_read_in_order_when_an_item_comes_twice(self, uk: str) -> None:
        outcomes = _write(
            uk, item(brand="1", source_version=1), item(brand="3", source_version=3), item(brand="2", source_version=2)
        )

        assert outcomes == ["created", "updated", "unchanged"]
        assert api.get_item(site_id=uk, item_id="aldgate").brand == "3"

    def test_what_is_left_out_is_removed(self, uk: str) -> None:
        _write(uk, item(brand="x", variants=[variant("s"), variant("r", stock=[StockInput(on_hand=1)])]))

        _write(uk, item(variants=[variant("r", prices=[], stock=[])]))

        stored = api.get_item(site_id=uk, item_id="aldgate")
        assert stored.brand == ""
        assert [(entry.sku, entry.prices, entry.stock) for entry in stored.variants] == [("r", [], [])]

    def test_prices_and_stock_left_out_are_kept(self, uk: str) -> None:
        _write(uk, item(variants=[variant("s")]))

        assert _write(uk, item(brand="x", variants=[variant("s", prices=None, stock=None)])) == ["updated"]

        (stored,) = api.get_item(site_id=uk, item_id="aldgate").variants
        assert (len(stored.prices), stored.stock[0].on_hand) == (1, 3)

    def test_offers_come_back_after_their_sku_went_and_returned_without_them(self, uk: str) -> None:
        _write(uk, item(variants=[variant("s")]))
        _write(uk, item(variants=[variant("t", prices=None, stock=None)]))
        _write(uk, item(variants=[variant("s", prices=None, stock=None)]))

        assert _write(uk, item(variants=[variant("s")])) == ["updated"]
        assert len(api.get_item(site_id=uk, item_id="aldgate").variants[0].prices) == 1

    def test_sites_do_not_see_each_other(self, uk: str, de: str) -> None:
        _write(uk, item(brand="uk"))

        assert _write(de, item(brand="de")) == ["created"]

        assert api.get_item(site_id=uk, item_id="aldgate").brand == "uk"
        assert api.get_stamp(site_id=uk) == api.get_stamp(site_id=de) == 1

    def test_costs_a_constant_number_of_statements(self, uk: str, django_assert_num_queries: Any) -> None:
        _write(uk, item("warm-up"))
        with django_assert_num_queries(12):
            _write(uk, *[item(f"few-{number}") for number in range(3)])
        with django_assert_num_queries(12):
            _write(uk, *[item(f"many-{number}") for number in range(200)])


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"name": {}}, "missing_name", "name"),
    ({"name": {"en": "  "}}, "missing_name", "name"),
    ({"item_type": "frame", "attributes": {"shape": "blob"}}, "invalid_value", "attributes.shape"),
    ({"item_type": "frame", "attributes": {"shap": "round"}}, "unknown_field", "attributes.shap"),
    ({"item_type": "frame", "attributes": {"rx_able": "yes"}}, "invalid_type", "attributes.rx_able"),
    ({"item_type": "frame", "attributes": {"extra": {"a": {}}}}, "invalid_type", "attributes.extra.a"),
    ({"item_type": "frame", "attributes": {"tags": ["a\0"]}}, "invalid_value", "attributes.tags[0]"),
    ({"item_type": "sunglasses", "attributes": {"filter_cat": 5}}, "invalid_value", "attributes.filter_cat"),
    ({"attributes": {"a": {"b": {}}}}, "invalid_type", "attributes.a"),
    ({"attributes": {"a": "x\0"}}, "invalid_value", "attributes.a"),
    ({"attributes": {"a\0": 1}}, "invalid_name", "attributes"),
    ({"attributes": {"a": 1e300}}, "out_of_range", "attributes.a"),
    (
        {"item_type": "frame", "variants": [variant(attributes={"a_mm": 520})]},
        "invalid_value",
        "variants[0].attributes.a_mm",
    ),
    ({"variants": [variant("s"), variant("s")]}, "duplicate_sku", "variants[1].sku"),
    ({"variants": [variant(cost=Decimal(-1))]}, "out_of_range", "variants[0].cost"),
    ({"variants": [variant(prices=[price("-0.01")])]}, "out_of_range", "variants[0].prices[0].amount"),
    ({"variants": [variant(prices=[price("NaN")])]}, "out_of_range", "variants[0].prices[0].amount"),
    ({"variants": [variant(prices=[price("1000000.01")])]}, "out_of_range", "variants[0].prices[0].amount"),
    ({"variants": [variant(prices=[price("1.0001")])]}, "too_precise", "variants[0].prices[0].amount"),
    ({"variants": [variant(prices=[price(), price()])]}, "duplicate_price", "variants[0].prices[1]"),
    (
        {"variants": [variant(prices=[price(valid_from=NOON, valid_until=NOON)])]},
        "validity_reversed",
        "variants[0].prices[0].valid_until",
    ),
    (
        {"variants": [variant(prices=[price(valid_from=NOON.replace(tzinfo=None))])]},
        "invalid_value",
        "variants[0].prices[0].valid_from",
    ),
    ({"released_at": NOON.replace(year=1)}, "out_of_range", "released_at"),
    (
        {"variants": [variant(stock=[StockInput(on_hand=1), StockInput(on_hand=2)])]},
        "duplicate_stock",
        "variants[0].stock[1].store_id",
    ),
]


class TestUpsertItemsRefuses:
    @pytest.mark.parametrize(("given", "code", "field"), BAD)
    def test_bad_input_by_field_and_writes_the_others(
        self, uk: str, given: dict[str, Any], code: str, field: str
    ) -> None:
        outcomes = api.upsert_items(site_id=uk, items=[item("good"), item("bad", **given)], now=NOON)

        assert outcomes[0] == WriteResult("good", "created")
        assert isinstance(outcomes[1], LineError)
        assert (outcomes[1].line, outcomes[1].item_id, outcomes[1].code, outcomes[1].field) == (2, "bad", code, field)
        assert list(Item.objects.values_list("item_id", flat=True)) == ["good"]


class TestUpsertItem:
    def test_raises_what_is_wrong_and_leaves_the_stamp(self, uk: str) -> None:
        with pytest.raises(Invalid) as caught:
            api.upsert_item(site_id=uk, item=item(name={}), now=NOON)

        assert caught.value.field == "name"
        assert api.get_stamp(site_id=uk) == 0

    def test_raises_a_conflict(self, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(source="shop"), now=NOON)

        with pytest.raises(Conflict) as caught:
            api.upsert_item(site_id=uk, item=item(source="cms"), now=NOON)

        assert caught.value.code == "source_conflict"


class TestDeleteItem:
    def test_hides_the_item_and_frees_its_skus(self, uk: str) -> None:
        _write(uk, item("a", variants=[variant("s")]))

        assert api.delete_item(site_id=uk, item_id="a", now=NOON).status == "deleted"

        with pytest.raises(NotFound):
            api.get_item(site_id=uk, item_id="a")
        assert _write(uk, item("b", variants=[variant("s")])) == ["created"]

    def test_an_older_version_does_not_bring_it_back(self, uk: str) -> None:
        _write(uk, item(source_version=5))
        api.delete_item(site_id=uk, item_id="aldgate", now=NOON)
        stamp = api.get_stamp(site_id=uk)

        assert _write(uk, item(source_version=5)) == ["unchanged"]

        assert api.get_stamp(site_id=uk) == stamp
        assert api.list_items(site_id=uk).items == []

    @pytest.mark.parametrize("version", [6, None])
    def test_a_newer_or_no_version_brings_it_back(self, uk: str, version: int | None) -> None:
        _write(uk, item(source_version=5))
        api.delete_item(site_id=uk, item_id="aldgate", now=NOON)

        assert _write(uk, item(source_version=version)) == ["created"]

    def test_the_version_of_the_deletion_counts(self, uk: str) -> None:
        _write(uk, item(source_version=5))

        assert api.delete_item(site_id=uk, item_id="aldgate", now=NOON, source_version=4).status == "unchanged"
        assert api.delete_item(site_id=uk, item_id="aldgate", now=NOON, source_version=7).status == "deleted"
        assert _write(uk, item(source_version=6)) == ["unchanged"]

    def test_again_changes_nothing(self, uk: str) -> None:
        _write(uk, item())
        api.delete_item(site_id=uk, item_id="aldgate", now=NOON)
        stamp = api.get_stamp(site_id=uk)

        assert api.delete_item(site_id=uk, item_id="aldgate", now=NOON).status == "unchanged"
        assert api.get_stamp(site_id=uk) == stamp

    def test_another_source_may_not(self, uk: str) -> None:
        _write(uk, item(source="shop"))

        with pytest.raises(Conflict):
            api.delete_item(site_id=uk, item_id="aldgate", now=NOON, source="cms")

        assert api.get_item(site_id=uk, item_id="aldgate").item_id == "aldgate"

    def test_of_another_site_is_not_found(self, uk: str, de: str) -> None:
        _write(uk, item())

        with pytest.raises(NotFound):
            api.delete_item(site_id=de, item_id="aldgate", now=NOON)

        assert api.get_item(site_id=uk, item_id="aldgate").item_id == "aldgate"


class TestListItems:
    def test_pages_stay_stable_when_items_come_and_go(self, uk: str) -> None:
        _write(uk, *[item(name) for name in ("b", "d", "f", "h")])
        first = api.list_items(site_id=uk, limit=2)
        api.delete_item(site_id=uk, item_id="d", now=NOON)
        _write(uk, item("a"), item("e"))

        second = api.list_items(site_id=uk, limit=2, cursor=first.next_cursor)
        third = api.list_items(site_id=uk, limit=2, cursor=second.next_cursor)

        assert [[row.item_id for row in page.items] for page in (first, second, third)] == [
            ["b", "d"],
            ["e", "f"],
            ["h"],
        ]
        assert third.next_cursor is None

    def test_filters(self, uk: str) -> None:
        _write(
            uk,
            item("a", category_ids=["x"]),
            item("b", item_type="frame"),
            item("c", published=False, category_ids=["x", "y"]),
        )

        def ids(**given: Any) -> list[str]:
            return [row.item_id for row in api.list_items(site_id=uk, **given).items]

        assert ids(item_type="frame") == ["b"]
        assert ids(category_id="x") == ["a", "c"]
        assert ids(category_id="x", published=True) == ["a"]
        assert ids(published=False) == ["c"]

    def test_costs_a_constant_number_of_statements(self, uk: str, django_assert_num_queries: Any) -> None:
        _write(uk, *[item(f"i{number}") for number in range(30)])
        with django_assert_num_queries(4):
            assert len(api.list_items(site_id=uk).items) == 30

    @pytest.mark.parametrize("cursor", ["x", "!!!", "WzFd", "WyJhXHUwMDAwIl0", "W10", "bnVsbA"])
    def test_refuses_a_cursor_that_it_did_not_give_out(self, uk: str, cursor: str) -> None:
        with pytest.raises(Invalid) as caught:
            api.list_items(site_id=uk, cursor=cursor)

        assert caught.value.code == "bad_cursor"


class TestGetItems:
    def test_returns_those_that_exist_in_the_order_asked_for(self, uk: str, de: str) -> None:
        _write(uk, item("a"), item("b"), item("c", published=False))

        found = api.get_items(site_id=uk, item_ids=["c", "nobody", "a", "c"])

        assert [row.item_id for row in found] == ["c", "a"]
        assert [row.item_id for row in api.get_items(site_id=uk, item_ids=["c", "a"], published_only=True)] == ["a"]
        assert api.get_items(site_id=de, item_ids=["a"]) == []
