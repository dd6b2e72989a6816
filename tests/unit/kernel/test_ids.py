"""Identifiers that anybody can derive again."""

import uuid

import pytest

from specrec.kernel import ids


class TestShopperId:
    @pytest.mark.parametrize("value", ["anna", "Änne \u2713", "", "x" * 200])
    def test_is_a_name_based_uuid_as_the_standard_has_it(self, value: str) -> None:
        expected = uuid.uuid5(uuid.UUID("5a1f0c6e-8f0e-4f53-9d5e-6a2b6f0f7c11"), f"uk\x1fcustomer\x1f{value}")
        assert ids.shopper_id("uk", "customer", value) == expected
        assert ids.shopper_id("uk", "customer", value).version == 5

    def test_differs_by_site_and_kind(self) -> None:
        found = {ids.shopper_id(site, kind, "1") for site in ("uk", "de") for kind in ("anonymous", "customer")}
        assert len(found) == 4
