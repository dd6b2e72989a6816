"""Training from end to end: catalogue and events in through their faces, a promoted model out."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from django.db import connection

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemInput
from apps.profiles import api as profiles
from apps.profiles.contracts import SCOPES, Caller, SiteInfo
from apps.recommend.ml.blend import BlendParams, score_history
from apps.recommend.models import ItemVector, ModelVersion, TrainingRun, TrainingSchedule
from apps.recommend.registry.loaded import get_loaded
from apps.recommend.training.recipes import Recipe
from apps.recommend.training.run import train_due_sites, train_site
from apps.tracking import api as tracking
from specrec.kernel import jobs
from specrec.kernel.errors import Conflict, NotFound
from tests.apps.recommend.training.small_model import (
    NOW,
    SITE,
    give_own_store,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.django_db(transaction=True)

RANGES, LENGTH = 8, 6


def item_id(family: int, place: int) -> str:
    return f"r{family}-{place}"


@pytest.fixture
def shop() -> str:
    """A site with eight ranges of six items, told apart by one attribute."""
    info = SiteInfo(site_id=SITE, name="Lens Lane", locale="en-GB", currency="GBP", time_zone="UTC")
    profiles.ensure_site(site=info)
    items: list[dict[str, Any]] = [
        {
            "item_id": item_id(family, place),
            "item_type": "generic",
            "name": {"en-GB": "Item"},
            "variants": [{"sku": f"{item_id(family, place)}-1"}],
            "attributes": {"attributes": [f"range-{family}"]},
        }
        for family in range(RANGES)
        for place in range(LENGTH)
    ]
    catalog.upsert_items(site_id=SITE, items=[msgspec.convert(item, ItemInput) for item in items], now=NOW)
    return SITE


def walk(shoppers: int, *, end: datetime = NOW, days: int = 20, step: timedelta = timedelta(days=1)) -> None:
    """Let each shopper walk through a range in order, by default a day a step, the last step shortly before `end`."""
    draw = np.random.default_rng(5)
    events = []
    for shopper in range(shoppers):
        family, steps = int(draw.integers(RANGES)), int(draw.integers(3, LENGTH + 1))
        last = end - timedelta(minutes=float(draw.uniform(1, days * 1_440 / 4)))
        events += [
            {
                "id": str(uuid.UUID(int=int(draw.integers(2**62)))),
                "type": "view",
                "time": (last - step * (steps - place)).isoformat(),
                "customer_id": f"c{shopper}",
                "item_id": item_id(family, place),
                "consent": ["history_personalisation"],
                "historical": True,
            }
            for place in range(steps)
        ]
    caller = Caller(key_id="k", site_id=SITE, kind="secret", scopes=frozenset(SCOPES))
    for start in range(0, len(events), 1_000):
        raws = [msgspec.Raw(msgspec.json.encode(event)) for event in events[start : start + 1_000]]
        assert tracking.ingest(caller=caller, events=raws, received_at=end).dropped == 0
    tracking.drain(stop=lambda: tracking.status()["table"] == 0)


class TestTrainSite:
    def test_a_model_that_beats_popularity_is_promoted(self, shop: str) -> None:
        walk(600)
        info = train_site(site_id=shop, now=NOW)
        assert info.state == "promoted"
        assert info.metrics["ndcg@10"] > 2 * info.metrics["popularity_ndcg@10"]
        version = ModelVersion.objects.get(stamp=info.stamp)
        assert (version.item_count, version.shopper_count, version.recipe) == (RANGES * LENGTH, 600, "blend-1")
        assert set(version.timings) == {"data", "content", "evaluation", "fit", "vectors", "artifact", "promotion"}
        run = TrainingRun.objects.get()
        assert (run.state, run.progress, run.stamp) == ("done", 100, info.stamp)

    def test_short_sessions_are_measured_too(self, shop: str) -> None:
        walk(900, days=80, step=timedelta(seconds=5))
        info = train_site(site_id=shop, now=NOW)
        assert info.metrics["cases"] == pytest.approx(
            90, abs=5
        )  # the newest tenth, though none of them was there before
        assert info.metrics["ndcg@10"] > 2 * info.metrics["popularity_ndcg@10"]
        assert info.state == "promoted"

    def test_the_model_knows_what_comes_next(self, shop: str) -> None:
        walk(300)
        info = train_site(site_id=shop, now=NOW)
        loaded = get_loaded(shop)
        assert loaded is not None
        assert loaded.stamp == info.stamp
        history = np.array([loaded.row_of[item_id(3, 0)], loaded.row_of[item_id(3, 1)]], dtype=np.int32)
        scored = score_history(loaded, history, loaded.params)
        unseen = [loaded.item_ids[row] for row in scored.rows.tolist() if row not in history]
        assert unseen[0] == item_id(3, 2)
        assert ItemVector.objects.filter(site_id=shop, model_stamp=info.stamp).count() == RANGES * LENGTH

    def test_without_events_content_is_promoted_and_the_note_says_what_is_missing(self, shop: str) -> None:
        info = train_site(site_id=shop, now=NOW)
        assert (info.state, info.metrics) == ("promoted", {"cases": 0.0})
        assert "only 0 of the 50 shoppers needed" in info.note
        loaded = get_loaded(shop)
        assert loaded is not None
        scored = score_history(loaded, np.array([loaded.row_of[item_id(2, 0)]], dtype=np.int32), loaded.params)
        assert {loaded.item_ids[row] for row in scored.rows.tolist()} == {
            item_id(2, place) for place in range(1, LENGTH)
        }

    def test_a_worse_model_is_kept_rejected_and_says_why(self, shop: str) -> None:
        walk(600)
        good = train_site(site_id=shop, now=NOW)
        blind = Recipe(name="blind", blend=BlendParams(covisitation=0.0, content=0.0))
        info = train_site(site_id=shop, now=NOW + timedelta(minutes=1), recipe=blind)
        assert info.state == "rejected"
        assert "does not beat popularity" in info.note
        loaded = get_loaded(shop)
        assert loaded is not None
        assert loaded.stamp == good.stamp
        assert set(ItemVector.objects.values_list("model_stamp", flat=True)) == {good.stamp}

    def test_unknown_site(self) -> None:
        with pytest.raises(NotFound):
            train_site(site_id="nowhere", now=NOW)
        assert not TrainingRun.objects.exists()

    def test_one_training_a_site_at_a_time(self, shop: str) -> None:
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 1))", [shop])
            with pytest.raises(Conflict):
                train_site(site_id=shop, now=NOW)
        finally:
            other.close()
        assert not ModelVersion.objects.exists()

    def test_a_failure_is_recorded_and_frees_the_lock(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("apps.recommend.training.run.fit_from_catalogue", _fail)
            with pytest.raises(RuntimeError):
                train_site(site_id=shop, now=NOW)
        run = TrainingRun.objects.get()
        assert (run.state, run.message) == ("failed", "RuntimeError: out of paper")
        assert not ModelVersion.objects.exists()
        assert train_site(site_id=shop, now=NOW).state == "promoted"


class TestTrainDueSites:
    @pytest.fixture
    def queued(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Return the list of sites that get enqueued."""
        sites: list[str] = []
        monkeypatch.setattr(jobs, "enqueue", lambda _, *, site_id: sites.append(site_id))
        return sites

    def test_a_site_with_events_that_was_never_trained(self, shop: str, queued: list[str]) -> None:
        walk(3)
        train_due_sites(now=NOW)
        assert queued == [shop]

    def test_a_site_without_events(self, shop: str, queued: list[str]) -> None:
        train_due_sites(now=NOW)
        assert queued == []

    def test_not_before_the_interval_is_over_nor_without_new_events(self, shop: str, queued: list[str]) -> None:
        walk(3)
        train_site(site_id=shop, now=NOW)
        train_due_sites(now=NOW + timedelta(hours=23))
        train_due_sites(now=NOW + timedelta(hours=25))
        assert queued == []

    def test_after_the_interval_with_new_events(self, shop: str, queued: list[str]) -> None:
        walk(3)
        train_site(site_id=shop, now=NOW)
        walk(40, end=NOW + timedelta(hours=24), days=1)
        train_due_sites(now=NOW + timedelta(hours=25))
        assert queued == [shop]

    def test_switched_off(self, shop: str, queued: list[str]) -> None:
        walk(3)
        TrainingSchedule.objects.create(site_id=shop, is_active=False)
        train_due_sites(now=NOW)
        assert queued == []


def _fail(*_: object) -> None:
    message = "out of paper"
    raise RuntimeError(message)
