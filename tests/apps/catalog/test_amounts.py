"""Amounts that equal a good one but are written strangely, and values that only the database refuses."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError

from apps.catalog import api
from apps.catalog.contracts import LineError, PriceUpdate, StoreInput, WriteResult
from apps.catalog.models import Price, Store, Variant
from apps.catalog.services import bulk
from specrec.kernel.errors import Invalid
from tests.apps.catalog.builders import NOON, item, price, variant, wire_item

STRANGE_ZEROS = ["0E-20000", "0E-999999999", "0E+20", "-0", "0." + "0" * 30_000]


def _refuse_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database refuse whatever goes by the name of "stuck"."""
    save = bulk.save_items

    def refuse(site_id: str, rows: Any) -> Any:
        if any(row["item_id"] == "stuck" for row in rows):
            message = "value overflows numeric format\nCONTEXT: not for the sender"
            raise DataError(message)
        return save(site_id, rows)

    monkeypatch.setattr(bulk, "save_items", refuse)


class TestAmounts:
    @pytest.mark.parametrize("zero", STRANGE_ZEROS)
    def test_of_zero_are_zero_at_every_door(self, uk: str, zero: str) -> None:
        strange = variant("s", prices=[price(zero, compare_at=Decimal(zero))], cost=Decimal(zero))

        (taken,) = api.upsert_items(site_id=uk, items=[item("a", variants=[strange])], now=NOON)
        (listed,) = api.update_prices(
            site_id=uk, updates=[PriceUpdate(sku="s", prices=[price(zero, store_id="leeds")])], now=NOON
        )

        assert taken == WriteResult("a", "created")
        assert listed == WriteResult("s", "updated")
        assert [(row.amount, row.store_id) for row in Price.objects.all()] == [(Decimal(0), "leeds")]
        assert Variant.objects.get().cost == 0

    @pytest.mark.parametrize("amount", ["1." + "0" * 40 + "1", "1E-20000", "0.0001"])
    def test_with_more_than_three_decimals_are_refused(self, uk: str, amount: str) -> None:
        with pytest.raises(Invalid) as raised:
            api.upsert_item(site_id=uk, item=item(variants=[variant("s", prices=[price(amount)])]), now=NOON)

        assert (raised.value.code, raised.value.field) == ("too_precise", "variants[0].prices[0].amount")
        assert len(raised.value.message) < 100
        assert not Price.objects.exists()

    def test_in_an_import_cost_no_neighbours(self, uk: str) -> None:
        strange = wire_item("b", variants=[{"sku": "b", "prices": [{"amount": "0E-20000", "currency": "GBP"}]}])
        lines = [json.dumps(entry).encode() for entry in (wire_item("a"), strange, wire_item("c"))]
        status = api.start_import(site_id=uk, data=b"\n".join(lines), now=NOON, background=False)

        api.run_import(import_id=status.import_id)

        done = api.get_import(site_id=uk, import_id=status.import_id)
        assert (done.state, done.lines_done, done.lines_failed) == ("done", 3, 0)


class TestWhatTheDatabaseRefuses:
    def test_is_one_line_of_an_import(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        _refuse_stuck(monkeypatch)
        names = ["a", "b", "c", "stuck", "d"]
        data = b"\n".join(json.dumps(wire_item(name)).encode() for name in names)
        status = api.start_import(site_id=uk, data=data, now=NOON, background=False)

        api.run_import(import_id=status.import_id)

        done = api.get_import(site_id=uk, import_id=status.import_id)
        error = json.loads(api.get_import_errors(site_id=uk, import_id=status.import_id))
        assert (done.state, done.lines_done, done.lines_failed) == ("done", 4, 1)
        assert (error["line"], error["item_id"], error["code"]) == (4, "stuck", "cannot_be_stored")
        assert error["message"] == "The database cannot hold one of the values: value overflows numeric format."
        assert [row.item_id for row in api.list_items(site_id=uk).items] == ["a", "b", "c", "d"]

    def test_is_a_problem_of_a_single_item(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        _refuse_stuck(monkeypatch)

        with pytest.raises(Invalid) as raised:
            api.upsert_item(site_id=uk, item=item("stuck"), now=NOON)

        assert raised.value.code == "cannot_be_stored"
        assert api.get_stamp(site_id=uk) == 0

    def test_is_one_entry_of_a_list(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        create = Store.objects.bulk_create

        def refuse(rows: Any, **given: Any) -> Any:
            if any(row.store_id == "stuck" for row in rows):
                message = "value too long"
                raise DataError(message)
            return create(rows, **given)

        monkeypatch.setattr(Store.objects, "bulk_create", refuse)
        stores = [StoreInput(store_id=name, name="S") for name in ("a", "stuck", "b")]

        outcomes = api.upsert_stores(site_id=uk, stores=stores, now=NOON)

        assert [type(outcome) for outcome in outcomes] == [WriteResult, LineError, WriteResult]
        assert (outcomes[1].line, outcomes[1].item_id) == (2, "stuck")  # type: ignore[union-attr]  # its type is asserted above
        assert [row.store_id for row in api.list_stores(site_id=uk).items] == ["a", "b"]

    def test_is_one_price_of_a_list(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        api.upsert_items(site_id=uk, items=[item("a"), item("b")], now=NOON)
        save = bulk.save_prices

        def refuse(site_id: str, keys: Any, rows: Any) -> None:
            if any(row.amount == 13 for row in rows):
                message = "unlucky"
                raise DataError(message)
            save(site_id, keys, rows)

        monkeypatch.setattr(bulk, "save_prices", refuse)
        updates = [PriceUpdate(sku="a-49", prices=[price("13")]), PriceUpdate(sku="b-49", prices=[price("14")])]

        outcomes = api.update_prices(site_id=uk, updates=updates, now=NOON)

        assert [getattr(outcome, "code", "written") for outcome in outcomes] == ["cannot_be_stored", "written"]
        assert sorted(row.amount for row in Price.objects.all()) == [10, 14]
