"""Refreshing between trainings: what follows the events is new, everything else is the promoted version's."""

from datetime import timedelta

import numpy as np
import pytest
from django.db import connection

from apps.recommend import tasks
from apps.recommend.ml.fitting import Material, fit_tables
from apps.recommend.models import ModelVersion, RunKind, TrainingRun, TrainingSchedule
from apps.recommend.registry.artifacts import read_artifact
from apps.recommend.training import compare
from apps.recommend.training.dataset import TrainingData, by_sequence, take
from apps.recommend.training.fit import Fit
from apps.recommend.training.recipe import Recipe
from apps.recommend.training.run import run_refresh, train_site
from apps.recommend.training.schedule import refresh_due_models, start_refresh, train_due_sites
from specrec.kernel import jobs
from specrec.kernel.errors import Conflict, NotFound
from tests.apps.recommend.training.ranges import open_shop, walk  # noqa: F401 - the fixture "shop"
from tests.apps.recommend.training.small_model import (
    NOW,
    give_own_store,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(hours=2)
MINUTE = timedelta(minutes=1)


@pytest.fixture(name="queued", autouse=True)
def note_jobs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return the list of jobs that get enqueued, with their sites."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(jobs, "enqueue", lambda name, *, site_id, run_id: found.append((name, site_id)))
    return found


class TestRunRefresh:
    def test_learns_from_what_came_since_and_keeps_the_rest(self, shop: str) -> None:
        walk(300)
        first = train_site(site_id=shop, now=NOW)
        walk(300, end=LATER, days=1, step=MINUTE, seed=6)
        second = run_refresh(site_id=shop, run_id=None, now=LATER)
        assert second is not None
        assert second.state == "promoted", second.note
        old, new = (read_artifact(site_id=shop, stamp=stamp).arrays for stamp in (first.stamp, second.stamp))
        same = {name for name in old if np.array_equal(old[name], new[name])}
        assert old.keys() == new.keys()
        counted = {name for name in old if name.startswith(("pairs_", "live_", "transitions_", "sessions_", "habit_"))}
        assert old.keys() - same <= counted | {"popularity", "recent", "row_factor", "column_factor"}
        assert not np.array_equal(old["pairs_counts"], new["pairs_counts"])
        version = ModelVersion.objects.get(stamp=second.stamp)
        assert version.event_count > ModelVersion.objects.get(stamp=first.stamp).event_count
        assert version.parameters["refreshed_from"] == first.stamp

    def test_equals_a_training_on_the_same_events(self, shop: str) -> None:
        walk(300)
        train_site(site_id=shop, now=NOW)
        walk(300, end=LATER, days=1, step=MINUTE, seed=6)
        refreshed, trained = run_refresh(site_id=shop, run_id=None, now=LATER), train_site(site_id=shop, now=LATER)
        assert refreshed is not None
        own, theirs = (read_artifact(site_id=shop, stamp=model.stamp).arrays for model in (refreshed, trained))
        followed = [name for name in own if name.startswith(("pairs_", "transitions_", "sessions_", "content_"))]
        assert len(followed) == 6 + 4 + 5 + 4
        for name in (*followed, "popularity", "recent", "row_factor", "column_factor"):
            assert np.array_equal(own[name], theirs[name]), name

    def test_is_judged_without_what_the_promoted_version_knows_of_the_answers(
        self, shop: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        walk(300)
        train_site(site_id=shop, now=NOW)
        judged: list[np.ndarray] = []

        def see(*, data: TrainingData, recipe: Recipe, fit: Fit, site_id: str) -> compare.Evaluated:
            before = take(data.all_events, data.all_events.time < np.median(data.all_events.time))
            own = fit(by_sequence(before), before).engine.tables
            material = Material(by_sequence(before), before, None, len(data.item_ids))
            alone, _ = fit_tables(material, recipe.engine, seed=recipe.seed)
            judged.extend([own.vectors, alone.vectors, own.latent.weights, alone.latent.weights])
            return asked(site_id=site_id, data=data, recipe=recipe, fit=fit)

        asked = compare.evaluate_beside
        monkeypatch.setattr(compare, "evaluate_beside", see)
        run_refresh(site_id=shop, run_id=None, now=LATER)
        assert np.array_equal(judged[0], judged[1])
        assert np.array_equal(judged[2], judged[3])

    def test_the_run_says_its_kind_and_steps(self, shop: str) -> None:
        walk(100)
        train_site(site_id=shop, now=NOW)
        told: list[tuple[int, str]] = []
        run_refresh(site_id=shop, run_id=None, now=LATER, told=lambda percent, step: told.append((percent, step)))
        run = TrainingRun.objects.get(kind=RunKind.REFRESH)
        assert (run.state, run.progress, run.step) == ("done", 100, "promotion")
        assert told == [
            (0, "data"), (40, "evaluation"), (70, "fit"), (80, "artifact"), (90, "promotion"), (100, "done"),
        ]  # fmt: skip

    def test_twice_is_still_the_training_that_it_goes_back_to(self, shop: str) -> None:
        walk(100)
        first = train_site(site_id=shop, now=NOW)
        run_refresh(site_id=shop, run_id=None, now=LATER)
        again = run_refresh(site_id=shop, run_id=None, now=LATER + timedelta(hours=1))
        assert again is not None
        assert ModelVersion.objects.get(stamp=again.stamp).parameters["refreshed_from"] == first.stamp

    def test_without_a_promoted_version(self, shop: str) -> None:
        with pytest.raises(Conflict, match="has no promoted model to refresh"):
            run_refresh(site_id=shop, run_id=None, now=NOW)
        run = TrainingRun.objects.get()
        assert (run.state, run.kind) == ("failed", "refresh")
        assert "manage.py train lens-lane" in run.message

    def test_of_a_version_whose_recipe_cannot_be_read(self, shop: str) -> None:
        walk(100)
        model = train_site(site_id=shop, now=NOW)
        ModelVersion.objects.filter(stamp=model.stamp).update(parameters={"window_days": 3})
        with pytest.raises(Conflict, match="Train the site anew"):
            run_refresh(site_id=shop, run_id=None, now=LATER)

    def test_ends_quietly_while_a_training_is_under_way(self, shop: str) -> None:
        walk(100)
        train_site(site_id=shop, now=NOW)
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 1))", [shop])
            assert tasks.refresh_model(site_id=shop) is None
        finally:
            other.close()
        assert ModelVersion.objects.count() == 1


class TestStartRefresh:
    def test_is_queued_beside_a_training(self, shop: str, queued: list[tuple[str, str]]) -> None:
        start_refresh(site_id=shop, now=NOW)
        assert queued == [("recommend.refresh_model", shop)]
        assert TrainingRun.objects.get().kind == "refresh"

    def test_unknown_site(self, db: None) -> None:
        with pytest.raises(NotFound):
            start_refresh(site_id="nowhere", now=NOW)


class TestRefreshDueModels:
    def test_when_old_enough_and_events_came(self, shop: str, queued: list[tuple[str, str]]) -> None:
        walk(100)
        train_site(site_id=shop, now=NOW)
        walk(3, end=LATER, days=1, step=MINUTE, seed=6)
        assert refresh_due_models(now=NOW + timedelta(minutes=59)) == []
        assert refresh_due_models(now=LATER) == [shop]
        assert queued == [("recommend.refresh_model", shop)]

    def test_not_without_new_events(self, shop: str) -> None:
        walk(100)
        train_site(site_id=shop, now=NOW)
        assert refresh_due_models(now=LATER) == []

    def test_not_without_a_promoted_version(self, shop: str) -> None:
        walk(100)
        assert refresh_due_models(now=LATER) == []

    def test_not_when_the_site_says_never(self, shop: str) -> None:
        walk(100)
        train_site(site_id=shop, now=NOW)
        walk(3, end=LATER, days=1, step=MINUTE, seed=6)
        TrainingSchedule.objects.create(site_id=shop, refresh_minutes=0)
        assert refresh_due_models(now=LATER) == []

    def test_not_when_trained_on_demand_only(self, shop: str) -> None:
        walk(100)
        train_site(site_id=shop, now=NOW)
        walk(3, end=LATER, days=1, step=MINUTE, seed=6)
        TrainingSchedule.objects.create(site_id=shop, is_active=False)
        assert refresh_due_models(now=LATER) == []

    def test_not_while_one_is_queued(self, shop: str) -> None:
        walk(100)
        train_site(site_id=shop, now=NOW)
        walk(3, end=LATER, days=1, step=MINUTE, seed=6)
        assert refresh_due_models(now=LATER) == [shop]
        assert refresh_due_models(now=LATER) == []

    def test_a_refresh_does_not_put_off_the_next_training(self, shop: str) -> None:
        walk(100)
        train_site(site_id=shop, now=NOW)
        tomorrow = NOW + timedelta(hours=25)
        walk(3, end=tomorrow, days=1, step=MINUTE, seed=6)
        run_refresh(site_id=shop, run_id=None, now=tomorrow)
        assert train_due_sites(now=tomorrow + timedelta(minutes=1)) == [shop]
