"""The pages for merchandisers: they load, they save under the same rules, and the stamp moves with a change only."""

from decimal import Decimal
from html import unescape

import pytest
from django.test import Client

from apps.catalog import api
from apps.catalog.contracts import StoreInput
from apps.catalog.models import Item, Price, Stock, Store, Variant
from tests.apps.catalog.browser import errors_in, form_of
from tests.apps.catalog.builders import NOON, item, price, variant


class TestPages:
    @pytest.mark.parametrize("name", ["item", "variant", "store", "category", "importjob"])
    def test_load_and_search(self, staff: Client, uk: str, name: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        api.start_import(site_id=uk, data=b"", now=NOON)

        assert staff.get(f"/admin/catalog/{name}/").status_code == 200
        if name != "importjob":
            assert staff.get(f"/admin/catalog/{name}/?q=aldgate").status_code == 200

    def test_hide_tombstones(self, staff: Client, uk: str) -> None:
        api.upsert_items(site_id=uk, items=[item("aldgate"), item("barbican")], now=NOON)
        api.delete_item(site_id=uk, item_id="aldgate", now=NOON)

        page = staff.get("/admin/catalog/item/").content.decode()

        assert "barbican" in page
        assert "aldgate" not in page


class TestItemPage:
    def test_saves_moves_the_stamp_and_makes_the_next_import_count(self, staff: Client, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        path = f"/admin/catalog/item/{Item.objects.get().pk}/change/"
        form = form_of(staff, path)

        response = staff.post(path, form | {"brand": "Vane"})

        assert response.status_code == 302, errors_in(response)
        assert api.get_item(site_id=uk, item_id="aldgate").brand == "Vane"
        assert api.get_item(site_id=uk, item_id="aldgate").variants[0].stock[0].on_hand == 3
        assert api.get_stamp(site_id=uk) == 2
        assert api.upsert_item(site_id=uk, item=item(), now=NOON).status == "updated"

    def test_without_a_change_leaves_the_stamp(self, staff: Client, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(image_urls=["/a.svg", "/b.svg"], category_ids=["x", "y"]), now=NOON)
        path = f"/admin/catalog/item/{Item.objects.get().pk}/change/"

        response = staff.post(path, form_of(staff, path))

        assert response.status_code == 302, errors_in(response)
        assert api.get_stamp(site_id=uk) == 1
        assert api.get_item(site_id=uk, item_id="aldgate").image_urls == ["/a.svg", "/b.svg"]

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"attributes": '{"shape": "blob"}'}, "attributes.shape"),
            ({"url": "javascript:alert(1)"}, "url"),
            ({"name": "{}"}, "This field is required"),
            ({"0-sku": "a b"}, "sku"),
            ({"0-cost": "-1"}, "greater than or equal to 0"),
        ],
    )
    def test_refuses_what_the_doors_refuse(self, staff: Client, uk: str, given: dict[str, str], said: str) -> None:
        api.upsert_item(site_id=uk, item=item(item_type="frame"), now=NOON)
        path = f"/admin/catalog/item/{Item.objects.get().pk}/change/"

        form = form_of(staff, path)
        names = {name: next(own for own in form if own.endswith(name)) for name in given if name not in form}

        response = staff.post(path, form | {names.get(name, name): value for name, value in given.items()})

        assert response.status_code == 200
        assert said in unescape(errors_in(response))
        assert api.get_stamp(site_id=uk) == 1

    def test_adds_an_item_with_a_variant(self, staff: Client, uk: str) -> None:
        form = form_of(staff, "/admin/catalog/item/add/")
        prefix = next(name for name in form if name.endswith("-TOTAL_FORMS")).removesuffix("-TOTAL_FORMS")
        given = {
            "site_id": "uk",
            "item_id": "new",
            "item_type": "generic",
            "name": '{"en-GB": "New"}',
            "released_at_0": "2026-03-01",
            "released_at_1": "12:00:00",
            f"{prefix}-0-sku": "new-1",
            f"{prefix}-0-position": "0",
        }

        response = staff.post("/admin/catalog/item/add/", form | given)

        assert response.status_code == 302, errors_in(response)
        stored = api.get_item(site_id="uk", item_id="new")
        assert [entry.sku for entry in stored.variants] == ["new-1"]
        assert api.get_stamp(site_id=uk) == 1

    def test_deletes_to_a_tombstone(self, staff: Client, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(source_version=5), now=NOON)

        staff.post(f"/admin/catalog/item/{Item.objects.get().pk}/delete/", {"post": "yes"})

        assert api.list_items(site_id=uk).items == []
        assert api.upsert_item(site_id=uk, item=item(source_version=5), now=NOON).status == "unchanged"
        assert api.get_stamp(site_id=uk) == 2


class TestVariantPage:
    def test_sets_stock_and_price_and_moves_the_stamp(self, staff: Client, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(variants=[variant("s", prices=[price("10")])]), now=NOON)
        path = f"/admin/catalog/variant/{Variant.objects.get().pk}/change/"
        form = form_of(staff, path)
        stock = next(name for name in form if name.endswith("-0-on_hand"))
        amount = next(name for name in form if name.endswith("-0-amount"))

        response = staff.post(path, form | {stock: "7", amount: "12.5"})

        assert response.status_code == 302, errors_in(response)
        assert (Stock.objects.get().on_hand, Price.objects.get().amount) == (7, Decimal("12.5"))
        assert Stock.objects.get().updated_at > NOON
        assert Variant.objects.get().prices_at > NOON
        assert api.get_stamp(site_id=uk) == 2

    def test_refuses_a_validity_that_ends_before_it_starts(self, staff: Client, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        path = f"/admin/catalog/variant/{Variant.objects.get().pk}/change/"
        form = form_of(staff, path)
        prefix = next(name for name in form if name.endswith("-0-amount")).removesuffix("amount")
        wrong = {
            f"{prefix}valid_from_0": "2026-03-02",
            f"{prefix}valid_from_1": "00:00:00",
            f"{prefix}valid_until_0": "2026-03-01",
            f"{prefix}valid_until_1": "00:00:00",
        }

        response = staff.post(path, form | wrong)

        assert response.status_code == 200
        assert "before it starts" in unescape(errors_in(response))
        assert api.get_stamp(site_id=uk) == 1


class TestStorePage:
    def test_closes_a_store(self, staff: Client, uk: str) -> None:
        api.upsert_stores(site_id=uk, stores=[StoreInput(store_id="leeds", name="Leeds")], now=NOON)
        path = f"/admin/catalog/store/{Store.objects.get().pk}/change/"
        form = form_of(staff, path)
        form.pop("is_active")

        response = staff.post(path, form)

        assert response.status_code == 302, errors_in(response)
        assert Store.objects.get().is_active is False
        assert api.get_stamp(site_id=uk) == 2

    def test_deletes_a_store(self, staff: Client, uk: str) -> None:
        api.upsert_stores(site_id=uk, stores=[StoreInput(store_id="leeds", name="Leeds")], now=NOON)

        staff.post(f"/admin/catalog/store/{Store.objects.get().pk}/delete/", {"post": "yes"})

        assert not Store.objects.exists()
        assert api.get_stamp(site_id=uk) == 2


class TestImportJobPage:
    def test_hands_out_the_report_to_staff_only(self, staff: Client, uk: str) -> None:
        status = api.start_import(site_id=uk, data=b"{bad", now=NOON, background=False)
        api.run_import(import_id=status.import_id)
        path = f"/admin/catalog/importjob/{status.import_id}/errors"

        assert f'href="{path}"' in staff.get("/admin/catalog/importjob/").content.decode()
        assert b"malformed_json" in staff.get(path).content
        assert Client().get(path).status_code == 302
