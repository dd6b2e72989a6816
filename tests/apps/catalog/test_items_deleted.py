"""Deleting items: tombstones, versions, sources."""

from datetime import timedelta
from typing import Any

import pytest

from apps.catalog import api
from apps.catalog.contracts import WriteResult
from specrec.kernel.errors import Conflict, NotFound
from tests.apps.catalog.builders import NOON, item, variant


def _write(site_id: str, *items: Any, after: int = 0) -> list[str]:
    outcomes = api.upsert_items(site_id=site_id, items=items, now=NOON + timedelta(seconds=after))
    return [outcome.status if isinstance(outcome, WriteResult) else outcome.code for outcome in outcomes]


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
