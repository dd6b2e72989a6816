"""Writing items whole: versions, sources, SKUs, repeats."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.catalog import api
from apps.catalog.contracts import LineError, StockInput, WriteResult
from apps.catalog.models import Item, Variant
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
        with django_assert_num_queries(14):
            _write(uk, *[item(f"few-{number}") for number in range(3)])
        with django_assert_num_queries(14):
            _write(uk, *[item(f"many-{number}") for number in range(200)])
