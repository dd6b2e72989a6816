"""Training from end to end: catalogue and events in through their faces, a promoted model out."""

from datetime import timedelta

import numpy as np
import pytest
from django.db import connection

from apps.recommend.ml.engine import score
from apps.recommend.models import EventWeights, ItemVector, ModelVersion, TrainingRun
from apps.recommend.registry.loaded import get_loaded
from apps.recommend.training.recipes import DEFAULT_RECIPE
from apps.recommend.training.run import train_site
from specrec.kernel.errors import Conflict, NotFound
from tests.apps.recommend.training.ranges import (
    LENGTH,
    RANGES,
    item_id,
    open_shop,  # noqa: F401 - the fixture "shop"
    walk,
)
from tests.apps.recommend.training.small_model import (
    NOW,
    give_own_store,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.django_db(transaction=True)


class TestTrainSite:
    def test_a_model_that_beats_popularity_is_promoted(self, shop: str) -> None:
        walk(600)
        info = train_site(site_id=shop, now=NOW)
        assert info.state == "promoted"
        assert info.metrics["ndcg@10"] > 2 * info.metrics["popularity_ndcg@10"]
        version = ModelVersion.objects.get(stamp=info.stamp)
        assert (version.item_count, version.shopper_count, version.recipe) == (RANGES * LENGTH, 600, "shop-1")
        steps = {"data", "content", "evaluation", "fit", "vectors", "artifact", "report", "promotion"}
        assert set(version.timings) == steps
        run = TrainingRun.objects.get()
        assert (run.state, run.progress, run.stamp) == ("done", 100, info.stamp)

    def test_the_weights_of_the_site_are_learned_with_and_recorded(self, shop: str) -> None:
        walk(40)
        EventWeights.objects.create(site_id=shop, view=0.25)
        info = train_site(site_id=shop, now=NOW)
        parameters = ModelVersion.objects.get(stamp=info.stamp).parameters
        assert (parameters["dataset"]["event_weights"]["view"], parameters["dataset"]["weighs_history"]) == (0.25, True)

    def test_types_that_weigh_nothing_are_not_learned_from(self, shop: str) -> None:
        walk(40)
        EventWeights.objects.create(site_id=shop, view=0.0)
        info = train_site(site_id=shop, now=NOW)
        assert ModelVersion.objects.get(stamp=info.stamp).event_count == 0

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
        scored = score(loaded.engine, history)
        unseen = [loaded.item_ids[row] for row in scored.rows.tolist() if row not in history]
        assert unseen[0] == item_id(3, 2)
        assert ItemVector.objects.filter(site_id=shop, model_stamp=info.stamp).count() == RANGES * LENGTH

    def test_without_events_content_is_promoted_and_the_note_says_what_is_missing(self, shop: str) -> None:
        info = train_site(site_id=shop, now=NOW)
        assert (info.state, info.metrics) == ("promoted", {"cases": 0.0})
        assert "only 0 of the 50 shoppers needed" in info.note
        loaded = get_loaded(shop)
        assert loaded is not None
        scored = score(loaded.engine, np.array([loaded.row_of[item_id(2, 0)]], dtype=np.int32))
        assert {loaded.item_ids[row] for row in scored.rows.tolist()} == {
            item_id(2, place) for place in range(1, LENGTH)
        }

    def test_a_worse_model_is_kept_rejected_and_says_why(self, shop: str) -> None:
        walk(600)
        good = train_site(site_id=shop, now=NOW)
        blind = DEFAULT_RECIPE.with_params("mix", covisitation=0.0, content=0.0, latent=0.0, neighbours=0.0)
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


def _fail(*_: object) -> None:
    message = "out of paper"
    raise RuntimeError(message)
