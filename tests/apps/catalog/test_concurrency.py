"""Writers on connections of their own."""

import threading
from collections.abc import Callable, Sequence

from django.db import connection

from apps.catalog import api
from apps.catalog.contracts import StockUpdate, WriteResult
from tests.apps.catalog.builders import NOON, item, variant


def _at_once(calls: Sequence[Callable[[], object]]) -> list[object]:
    barrier = threading.Barrier(len(calls))
    results: list[object] = [None] * len(calls)

    def run(number: int) -> None:
        try:
            barrier.wait(timeout=10)
            results[number] = calls[number]()
        except Exception as error:  # noqa: BLE001 - the assertion shows it
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


class TestWritersAtOnce:
    def test_the_newest_version_wins_whatever_the_order(self, committed_uk: str) -> None:
        def write(version: int) -> Callable[[], object]:
            given = item(brand=str(version), source_version=version)
            return lambda: api.upsert_items(site_id=committed_uk, items=[given], now=NOON)

        results = _at_once([write(version) for version in (3, 8, 1, 5, 7, 2, 6, 4)])

        assert all(isinstance(result, list) and isinstance(result[0], WriteResult) for result in results), results
        stored = api.get_item(site_id=committed_uk, item_id="aldgate")
        assert (stored.brand, stored.source_version) == ("8", 8)

    def test_one_of_two_items_gets_the_sku(self, committed_uk: str) -> None:
        def write(item_id: str) -> Callable[[], object]:
            given = item(item_id, variants=[variant("s")])
            return lambda: api.upsert_items(site_id=committed_uk, items=[given], now=NOON)[0]

        results = _at_once([write("a"), write("b"), write("c")])

        codes = sorted(str(getattr(result, "status", None) or getattr(result, "code", result)) for result in results)
        assert codes == ["created", "sku_conflict", "sku_conflict"]
        assert len(api.list_items(site_id=committed_uk).items) == 1

    def test_batches_in_opposite_order_do_not_deadlock(self, committed_uk: str) -> None:
        names = [f"i{number}" for number in range(40)]

        def write(order: list[str], brand: str) -> Callable[[], object]:
            batch = [item(name, brand=brand) for name in order]
            return lambda: api.upsert_items(site_id=committed_uk, items=batch, now=NOON)

        results = _at_once([write(names, "x"), write(names[::-1], "y"), write(names, "z")])

        assert [type(result) for result in results] == [list, list, list], results
        assert len({row.brand for row in api.list_items(site_id=committed_uk).items}) == 1

    def test_stock_and_items_at_once_leave_the_newer_stock(self, committed_uk: str) -> None:
        api.upsert_items(site_id=committed_uk, items=[item()], now=NOON)

        def write(level: int) -> Callable[[], object]:
            update = StockUpdate(sku="aldgate-49", on_hand=level, updated_at=NOON.replace(minute=level))
            return lambda: api.update_stock(site_id=committed_uk, updates=[update], now=NOON.replace(hour=13))

        results = _at_once([write(level) for level in (3, 8, 1, 5, 7, 2, 6, 4)])

        assert [type(result) for result in results] == [list] * 8, results
        assert api.get_item(site_id=committed_uk, item_id="aldgate").variants[0].stock[0].on_hand == 8

    def test_every_change_has_its_own_stamp(self, committed_uk: str) -> None:
        def write(name: str) -> Callable[[], object]:
            return lambda: api.upsert_items(site_id=committed_uk, items=[item(name)], now=NOON)

        _at_once([write(f"i{number}") for number in range(6)])

        assert api.get_stamp(site_id=committed_uk) == 6
