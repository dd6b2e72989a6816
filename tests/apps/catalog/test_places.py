"""Stores and categories."""

from apps.catalog import api
from apps.catalog.contracts import CategoryInput, LineError, StoreInput, WriteResult
from tests.apps.catalog.builders import NOON

LEEDS = StoreInput(store_id="leeds", name="Leeds", time_zone="Europe/London", latitude=53.8, longitude=-1.5)


def _category(category_id: str, parent_id: str | None = None) -> CategoryInput:
    return CategoryInput(category_id=category_id, name={"en": category_id}, parent_id=parent_id)


class TestUpsertStores:
    def test_writes_what_is_listed(self, uk: str, de: str) -> None:
        other = StoreInput(store_id="bath", name="Bath", is_active=False)

        assert api.upsert_stores(site_id=uk, stores=[LEEDS, other], now=NOON) == [
            WriteResult("leeds", "created"),
            WriteResult("bath", "created"),
        ]

        assert api.list_stores(site_id=uk).items == [other, LEEDS]
        assert api.list_stores(site_id=de).items == []

    def test_the_same_again_leaves_the_stamp(self, uk: str) -> None:
        api.upsert_stores(site_id=uk, stores=[LEEDS], now=NOON)

        assert api.upsert_stores(site_id=uk, stores=[LEEDS], now=NOON) == [WriteResult("leeds", "unchanged")]
        assert api.get_stamp(site_id=uk) == 1

    def test_refuses_a_time_zone_that_does_not_exist(self, uk: str) -> None:
        wrong = StoreInput(store_id="x", name="X", time_zone="Europe/Atlantis")

        outcomes = api.upsert_stores(site_id=uk, stores=[wrong, LEEDS], now=NOON)

        assert isinstance(outcomes[0], LineError)
        assert (outcomes[0].line, outcomes[0].code, outcomes[0].field) == (1, "unknown_time_zone", "time_zone")
        assert api.list_stores(site_id=uk).items == [LEEDS]

    def test_the_last_of_two_in_a_call_holds(self, uk: str) -> None:
        renamed = StoreInput(store_id="leeds", name="Leeds Station")

        outcomes = api.upsert_stores(site_id=uk, stores=[LEEDS, renamed], now=NOON)

        assert outcomes == [WriteResult("leeds", "created"), WriteResult("leeds", "updated")]
        assert api.list_stores(site_id=uk).items == [renamed]


class TestUpsertCategories:
    def test_a_parent_may_come_later(self, uk: str) -> None:
        api.upsert_categories(site_id=uk, categories=[_category("women", "frames")], now=NOON)
        api.upsert_categories(site_id=uk, categories=[_category("frames")], now=NOON)

        assert api.list_categories(site_id=uk).items == [_category("frames"), _category("women", "frames")]

    def test_refuses_a_cycle_and_keeps_what_was(self, uk: str) -> None:
        chain = [_category("a"), _category("b", "a"), _category("c", "b")]
        api.upsert_categories(site_id=uk, categories=chain, now=NOON)

        refused = api.upsert_categories(site_id=uk, categories=[_category("a", "c"), _category("d", "d")], now=NOON)

        assert [(o.code, o.field) for o in refused if isinstance(o, LineError)] == [
            ("category_cycle", "parent_id"),
            ("category_cycle", "parent_id"),
        ]
        assert api.list_categories(site_id=uk).items == chain
        assert api.get_stamp(site_id=uk) == 1

    def test_needs_a_name(self, uk: str) -> None:
        (refused,) = api.upsert_categories(site_id=uk, categories=[CategoryInput(category_id="a", name={})], now=NOON)

        assert isinstance(refused, LineError)
        assert (refused.code, refused.field) == ("missing_name", "name")
        assert api.list_categories(site_id=uk).items == []
