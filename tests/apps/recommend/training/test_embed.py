"""Items that come after the model: they get vectors between trainings, and are answered by what is like them."""

import logging
from datetime import datetime
from decimal import Decimal

import numpy as np
import pytest

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns, ItemInput, PriceInput, StockInput, VariantInput, WriteResult
from apps.recommend import api
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.serving import Request
from apps.recommend.models import ItemVector
from apps.recommend.registry.promote import promote_model
from apps.recommend.retrieval import vector
from apps.recommend.serving.sites import forget_ready
from apps.recommend.training.run import train_site
from tests.apps.recommend.training.small_model import (
    NOW,
    SITE,
    MakeVersion,
    give_own_store,  # noqa: F401 - a fixture
    open_site,  # noqa: F401 - the fixture "site"
    provide_make_version,  # noqa: F401 - the fixture "make_version"
)

pytestmark = pytest.mark.django_db(transaction=True)

RANGES, LENGTH = 6, 4


def put(item_id: str, family: int, **changes: object) -> None:
    price, stock = PriceInput(amount=Decimal(99), currency="GBP"), StockInput(on_hand=3)
    values = {
        "item_type": "generic",
        "name": {"en-GB": "Item"},
        "variants": [VariantInput(sku=f"{item_id}-1", prices=[price], stock=[stock])],
        "attributes": {"attributes": [f"range-{family}"]},
    } | changes
    item = ItemInput(item_id=item_id, **values)  # type: ignore[arg-type]  # plain data
    assert isinstance(catalog.upsert_items(site_id=SITE, items=[item], now=NOW)[0], WriteResult)


def family_of(family: int) -> set[str]:
    return {f"r{family}-{place}" for place in range(LENGTH)}


def similar_to(item_id: str) -> set[str]:
    """Return what is answered because it is similar; what fills the rest of the slate is left out."""
    answer = api.recommend(site_id=SITE, request=Request(placement="like", item_ids=[item_id]), now=NOW)
    return {item.item_id for item in answer.items if item.reasons[0].code == "similar_to"}


@pytest.fixture(name="stamp")
def open_trained_shop(site: str) -> str:
    """A site with six ranges of four items, trained; returns the stamp of its model."""
    forget_ready()
    for family in range(RANGES):
        for item_id in sorted(family_of(family)):
            put(item_id, family)
    like = PlacementInfo(placement="like", title="Like this", strategy="similar", size=LENGTH, fallback=())
    api.ensure_placement(site_id=site, placement=like)
    return train_site(site_id=site, now=NOW).stamp


def vectors_of(stamp: str) -> dict[str, tuple[str, bool]]:
    rows = ItemVector.objects.filter(site_id=SITE, model_stamp=stamp)
    return {item: (kind, shown) for item, kind, shown in rows.values_list("item_id", "item_type", "published")}


class TestEmbedNewItems:
    def test_a_fresh_item_is_answered_by_its_look_alikes(self, stamp: str) -> None:
        put("fresh", 2)
        assert similar_to("fresh") == set()
        api.embed_new_items(now=NOW)
        assert similar_to("fresh") == family_of(2)

    def test_nearer_items_of_other_types_do_not_crowd_out_those_of_the_placement(
        self, stamp: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(vector, "_LOOKED_AT", 1)
        put("fresh", 2)
        for place in range(LENGTH - 1):
            put(f"r2-{place}", 2, item_type="service", attributes={})
        api.embed_new_items(now=NOW)
        like = PlacementInfo(
            placement="like", title="Like this", strategy="similar", size=LENGTH, item_types=("generic",), fallback=()
        )
        api.ensure_placement(site_id=SITE, placement=like)
        assert similar_to("fresh") == {f"r2-{LENGTH - 1}"}

    def test_its_vector_is_that_of_its_twins(self, stamp: str) -> None:
        put("fresh", 2)
        api.embed_new_items(now=NOW)
        found = dict(ItemVector.objects.filter(item_id__in=["fresh", "r2-1"]).values_list("item_id", "embedding"))
        assert np.allclose(found["fresh"], found["r2-1"], atol=1e-6)

    def test_copies_follow_the_catalogue(self, stamp: str) -> None:
        put("fresh", 2)
        put("r2-0", 2, published=False)
        put("r2-1", 2, item_type="service", attributes={})
        api.embed_new_items(now=NOW)
        vectors = vectors_of(stamp)
        assert (vectors["r2-0"], vectors["r2-1"], vectors["r2-2"]) == (
            ("generic", False),
            ("service", True),
            ("generic", True),
        )
        assert similar_to("fresh") == {"r2-1", "r2-2", "r2-3"}

    def test_deleted_items_lose_theirs(self, stamp: str) -> None:
        catalog.delete_item(site_id=SITE, item_id="r2-0", now=NOW)
        api.embed_new_items(now=NOW)
        assert "r2-0" not in vectors_of(stamp)
        assert len(vectors_of(stamp)) == RANGES * LENGTH - 1

    def test_what_the_model_has_no_word_for_gets_none(self, stamp: str) -> None:
        put("strange", 77)
        api.embed_new_items(now=NOW)
        assert set(vectors_of(stamp)) == {item for family in range(RANGES) for item in family_of(family)}

    def test_what_a_promotion_left_half_done_is_completed(self, stamp: str) -> None:
        ItemVector.objects.filter(item_id__startswith="r2").update(model_stamp="older")
        api.embed_new_items(now=NOW)
        assert len(vectors_of(stamp)) == RANGES * LENGTH
        assert vectors_of("older") == {}

    def test_nothing_is_read_when_nothing_moved(self, stamp: str, monkeypatch: pytest.MonkeyPatch) -> None:
        loads: list[str] = []
        load = catalog.load_columns

        def noted(*, site_id: str, now: datetime) -> ItemColumns:
            loads.append(site_id)
            return load(site_id=site_id, now=now)

        monkeypatch.setattr(catalog, "load_columns", noted)
        api.embed_new_items(now=NOW)
        api.embed_new_items(now=NOW)
        assert loads == [SITE]
        put("fresh", 2)
        api.embed_new_items(now=NOW)
        assert loads == [SITE, SITE]

    def test_a_version_rolled_back_to_is_looked_at_again(self, stamp: str) -> None:
        api.embed_new_items(now=NOW)
        train_site(site_id=SITE, now=NOW)
        put("fresh", 2)
        api.embed_new_items(now=NOW)
        api.roll_back(site_id=SITE, now=NOW)
        api.embed_new_items(now=NOW)
        assert similar_to("fresh") == family_of(2)

    def test_a_site_without_a_model(self, site: str) -> None:
        put("fresh", 2)
        api.embed_new_items(now=NOW)
        assert not ItemVector.objects.exists()

    def test_a_version_stored_without_projection_says_so(
        self, make_version: MakeVersion, caplog: pytest.LogCaptureFixture
    ) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        put("fresh", 2)
        with caplog.at_level(logging.WARNING):
            api.embed_new_items(now=NOW)
        assert "it was written without the array tokens" in caplog.text
        assert vectors_of("m1") == {}  # the catalogue has none of the model's items
