"""Edits in the admin beside imports, and what its forms refuse."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from apps.catalog import api
from apps.catalog.contracts import CategoryInput, StockInput, StockUpdate, StoreInput
from apps.catalog.models import Category, Item, Price, Stock, Store, Variant
from tests.apps.catalog.browser import errors_in, form_of
from tests.apps.catalog.builders import NOON, item, price, variant

MEANWHILE = "changed meanwhile"


def _path(row: Any) -> str:
    return f"/admin/catalog/{row._meta.model_name}/{row.pk}/change/"


def _field(form: dict[str, str], ending: str) -> str:
    return next(name for name in form if name.endswith(ending))


class TestItemPage:
    def test_does_not_overwrite_a_newer_import(self, staff: Client, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(brand="old", source_version=1), now=NOON)
        path = _path(Item.objects.get())
        form = form_of(staff, path)
        api.upsert_item(site_id=uk, item=item(brand="new", source_version=2), now=NOON)

        response = staff.post(path, form | {"url": "/p/edited"})

        assert response.status_code == 200
        assert MEANWHILE in errors_in(response)
        stored = api.get_item(site_id=uk, item_id="aldgate")
        assert (stored.brand, stored.url, stored.source_version) == ("new", None, 2)
        assert api.get_stamp(site_id=uk) == 2

    def test_does_not_overwrite_what_an_import_did_to_its_variants(self, staff: Client, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        path = _path(Item.objects.get())
        form = form_of(staff, path)
        api.upsert_item(site_id=uk, item=item(variants=[variant("aldgate-49", gtin="123")]), now=NOON)

        assert MEANWHILE in errors_in(staff.post(path, form))
        assert Variant.objects.get().gtin == "123"

    def test_does_not_revive_a_deleted_item(self, staff: Client, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        path = _path(Item.objects.get())
        form = form_of(staff, path)
        api.delete_item(site_id=uk, item_id="aldgate", now=NOON)

        page = staff.post(path, form | {"brand": "Vane"}, follow=True)

        assert "Perhaps it was deleted?" in page.content.decode()
        assert (Item.objects.get().deleted_at, Item.objects.get().brand) == (NOON, "")
        assert not Variant.objects.exists()

    def test_keeps_a_version_that_only_moved_on(self, staff: Client, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(source_version=1), now=NOON)
        path = _path(Item.objects.get())
        form = form_of(staff, path)
        api.upsert_item(site_id=uk, item=item(source_version=2), now=NOON)

        assert staff.post(path, form | {"brand": "Vane"}).status_code == 302
        assert (Item.objects.get().brand, Item.objects.get().source_version) == ("Vane", 2)

    def test_waits_for_an_import_and_then_sees_what_it_wrote(self, committed_uk: str, staff: Client) -> None:
        api.upsert_item(site_id=committed_uk, item=item(brand="old"), now=NOON)
        path = _path(Item.objects.get())
        form = form_of(staff, path) | {"url": "/p/edited"}
        answers: list[Any] = []

        def save() -> None:
            answers.append(staff.post(path, form))
            connection.close()

        with transaction.atomic():
            api.upsert_item(site_id=committed_uk, item=item(brand="new"), now=NOON)
            editor = threading.Thread(target=save)
            editor.start()
            _wait_for_somebody_at_the_lock()
        editor.join(timeout=30)

        assert MEANWHILE in errors_in(answers[0])
        assert (Item.objects.get().brand, Item.objects.get().url) == ("new", "")

    def test_refuses_the_sku_of_another_item(self, staff: Client, uk: str) -> None:
        api.upsert_items(site_id=uk, items=[item("a"), item("b")], now=NOON)
        path = _path(Item.objects.get(item_id="b"))
        form = form_of(staff, path)

        response = staff.post(path, form | {_field(form, "-0-sku"): "a-49"})

        assert response.status_code == 200
        assert "The SKU a-49 belongs to the item a." in errors_in(response)
        assert api.get_item(site_id=uk, item_id="b").variants[0].sku == "b-49"

    def test_takes_a_sku_of_another_site(self, staff: Client, uk: str, de: str) -> None:
        api.upsert_item(site_id=de, item=item("a"), now=NOON)
        api.upsert_item(site_id=uk, item=item("b"), now=NOON)
        path = _path(Item.objects.get(item_id="b"))
        form = form_of(staff, path)

        response = staff.post(path, form | {_field(form, "-0-sku"): "a-49"})

        assert response.status_code == 302, errors_in(response)
        assert api.get_item(site_id=uk, item_id="b").variants[0].sku == "a-49"

    def test_moves_a_sku_from_a_removed_variant(self, staff: Client, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(variants=[variant("s"), variant("t")]), now=NOON)
        path = _path(Item.objects.get())
        form = form_of(staff, path)
        removed = _field(form, "-0-sku").removesuffix("sku") + "DELETE"

        response = staff.post(path, form | {removed: "on", _field(form, "-1-sku"): "s"})

        assert response.status_code == 302, errors_in(response)
        assert [row.sku for row in Variant.objects.all()] == ["s"]

    def test_checks_variants_for_the_type_that_the_item_gets(self, staff: Client, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(variants=[variant("s", attributes={"taste": "sweet"})]), now=NOON)
        path = _path(Item.objects.get())

        response = staff.post(path, form_of(staff, path) | {"item_type": "frame"})

        assert response.status_code == 200
        assert "attributes.taste" in errors_in(response)
        assert Item.objects.get().item_type == "generic"


class TestVariantPage:
    @pytest.fixture
    def path(self, uk: str) -> str:
        stores = [StoreInput(store_id=name, name=name) for name in ("leeds", "bath")]
        api.upsert_stores(site_id=uk, stores=stores, now=NOON)
        levels = [StockInput(on_hand=3), StockInput(on_hand=1, store_id="ghost")]
        api.upsert_item(site_id=uk, item=item(variants=[variant("s", prices=[price("10")], stock=levels)]), now=NOON)
        return _path(Variant.objects.get())

    def test_does_not_overwrite_newer_stock(self, staff: Client, uk: str, path: str) -> None:
        form = form_of(staff, path)
        api.update_stock(site_id=uk, updates=[StockUpdate(sku="s", on_hand=9)], now=NOON + timedelta(hours=1))

        response = staff.post(path, form | {"gtin": "1"})

        assert MEANWHILE in errors_in(response)
        assert Stock.objects.get(store_id="").on_hand == 9
        assert Variant.objects.get().gtin == ""

    def test_refuses_a_store_that_is_not_there(self, staff: Client, uk: str, path: str) -> None:
        form = form_of(staff, path)
        stamp = api.get_stamp(site_id=uk)
        place = _field(form, "-0-on_hand").replace("on_hand", "store_id")

        for wrong, said in (("atlantis", "There is no store atlantis"), ("a b", "store_id")):
            response = staff.post(path, form | {place: wrong})

            assert response.status_code == 200
            assert said in errors_in(response)
        assert sorted(Stock.objects.values_list("store_id", flat=True)) == ["", "ghost"]
        assert api.get_stamp(site_id=uk) == stamp

    def test_keeps_stock_of_a_store_that_an_import_named_first(self, staff: Client, path: str) -> None:
        form = form_of(staff, path)
        ghost = next(name for name, value in form.items() if value == "ghost" and "initial" not in name)

        response = staff.post(path, form | {ghost.replace("store_id", "on_hand"): "5"})

        assert response.status_code == 302, errors_in(response)
        assert Stock.objects.get(store_id="ghost").on_hand == 5

    @pytest.mark.parametrize(
        "fresh", [{"on_hand": "1", "reserved": "0"}, {"currency": "GBP", "amount": "11"}], ids=["stock", "price"]
    )
    def test_refuses_the_same_place_twice(self, staff: Client, path: str, fresh: dict[str, str]) -> None:
        form = form_of(staff, path)
        own = next(iter(fresh))
        prefix = _field(form, f"-0-{own}").removesuffix(f"-0-{own}")
        count = int(form[f"{prefix}-INITIAL_FORMS"])
        added = {f"{prefix}-{count}-{name}": value for name, value in fresh.items()}

        response = staff.post(path, form | added | {f"{prefix}-TOTAL_FORMS": str(count + 1)})

        assert response.status_code == 200
        assert errors_in(response)
        assert (Stock.objects.count(), Price.objects.count()) == (2, 1)


class TestStorePage:
    @pytest.fixture
    def path(self, uk: str) -> str:
        api.upsert_stores(site_id=uk, stores=[StoreInput(store_id="leeds", name="Leeds")], now=NOON)
        return _path(Store.objects.get())

    def test_refuses_a_time_zone_that_does_not_exist(self, staff: Client, path: str) -> None:
        response = staff.post(path, form_of(staff, path) | {"time_zone": "Europe/Atlantis"})

        assert "Europe/Atlantis is not an IANA time zone" in errors_in(response)
        assert Store.objects.get().time_zone == ""

    def test_does_not_overwrite_what_a_door_wrote_meanwhile(self, staff: Client, uk: str, path: str) -> None:
        form = form_of(staff, path)
        api.upsert_stores(site_id=uk, stores=[StoreInput(store_id="leeds", name="Leeds Station")], now=NOON)

        assert MEANWHILE in errors_in(staff.post(path, form | {"address": "1 High Street"}))
        assert (Store.objects.get().name, Store.objects.get().address) == ("Leeds Station", "")


class TestCategoryPage:
    @pytest.fixture
    def path(self, uk: str) -> str:
        categories = [
            CategoryInput(category_id="frames", name={"en": "F"}),
            CategoryInput(category_id="women", name={"en": "W"}, parent_id="frames"),
        ]
        api.upsert_categories(site_id=uk, categories=categories, now=NOON)
        return _path(Category.objects.get(category_id="frames"))

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"parent_id": "frames"}, "would be below itself"),
            ({"parent_id": "women"}, "would be below itself"),
            ({"position": "20000000"}, "position"),
        ],
    )
    def test_refuses_what_the_door_refuses(
        self, staff: Client, uk: str, path: str, given: dict[str, str], said: str
    ) -> None:
        response = staff.post(path, form_of(staff, path) | given)

        assert response.status_code == 200
        assert said in errors_in(response)
        assert Category.objects.get(category_id="frames").parent_id == ""
        assert api.get_stamp(site_id=uk) == 1

    def test_does_not_overwrite_what_a_door_wrote_meanwhile(self, staff: Client, uk: str, path: str) -> None:
        form = form_of(staff, path)
        renamed = CategoryInput(category_id="frames", name={"en": "Frames"})
        api.upsert_categories(site_id=uk, categories=[renamed], now=NOON)

        assert MEANWHILE in errors_in(staff.post(path, form | {"position": "4"}))
        assert Category.objects.get(category_id="frames").position == 0


class TestAddPage:
    def test_of_a_site_that_is_not_there_writes_nothing(self, staff: Client, uk: str) -> None:
        form = form_of(staff, "/admin/catalog/store/add/")

        response = staff.post("/admin/catalog/store/add/", form | {"site_id": "nowhere", "store_id": "x", "name": "X"})

        assert response.status_code == 200
        assert not Store.objects.exists()
        assert api.get_stamp(site_id="nowhere") == 0


def _wait_for_somebody_at_the_lock() -> None:
    """Return once another connection waits for a lock that this one holds."""
    deadline = time.monotonic() + 20
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees the first one all along
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    pytest.fail("nobody waits for the lock")
