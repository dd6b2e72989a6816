"""When a site is trained, and what becomes of what was asked for: queued, begun, done, skipped or lost."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection

from apps.recommend import tasks
from apps.recommend.models import ModelVersion, TrainingRun, TrainingSchedule
from apps.recommend.training import runs
from apps.recommend.training.run import run_training, train_site
from apps.recommend.training.schedule import start_training, train_due_sites
from specrec.kernel import jobs
from specrec.kernel.errors import NotFound
from tests.apps.recommend.training.ranges import open_shop, walk  # noqa: F401 - the fixture "shop"
from tests.apps.recommend.training.small_model import (
    NOW,
    give_own_store,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(name="queued", autouse=True)
def note_jobs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of sites that get enqueued."""
    sites: list[str] = []
    monkeypatch.setattr(jobs, "enqueue", lambda _, *, site_id, run_id: sites.append(site_id))
    return sites


def put_run(site_id: str, state: str, *, minutes_ago: int = 0) -> UUID:
    run = TrainingRun.objects.create(site_id=site_id, state=state, started_at=NOW - timedelta(minutes=minutes_ago))
    return run.pk


def state_of(run_id: UUID) -> str:
    return TrainingRun.objects.get(pk=run_id).state


class TestStartTraining:
    def test_is_queued_and_then_done(self, shop: str, queued: list[str]) -> None:
        start_training(site_id=shop, now=NOW)
        run = TrainingRun.objects.get()
        assert (queued, run.state, run.started_at) == ([shop], "queued", NOW)
        model = run_training(site_id=shop, run_id=run.pk, now=NOW + timedelta(minutes=1))
        assert model is not None
        run.refresh_from_db()
        assert (run.state, run.stamp, run.started_at) == ("done", model.stamp, NOW + timedelta(minutes=1))

    def test_asked_for_again_while_queued_is_one(self, shop: str, queued: list[str]) -> None:
        start_training(site_id=shop, now=NOW)
        start_training(site_id=shop, now=NOW)
        assert queued == [shop, shop]
        assert TrainingRun.objects.count() == 1

    def test_unknown_site(self, db: None, queued: list[str]) -> None:
        with pytest.raises(NotFound):
            start_training(site_id="nowhere", now=NOW)
        assert queued == []
        assert not TrainingRun.objects.exists()


class TestRunTraining:
    def test_ends_quietly_while_another_is_under_way(self, shop: str) -> None:
        run_id = put_run(shop, "queued")
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 1))", [shop])
            assert tasks.train(site_id=shop, run_id=str(run_id)) is None
        finally:
            other.close()
        run = TrainingRun.objects.get()
        assert (run.state, run.message) == ("skipped", "Another training of this site was under way.")
        assert not ModelVersion.objects.exists()

    def test_a_message_that_comes_twice_trains_once(self, shop: str) -> None:
        run_id = put_run(shop, "queued")
        assert tasks.train(site_id=shop, run_id=str(run_id)) == ModelVersion.objects.get().stamp
        assert tasks.train(site_id=shop, run_id=str(run_id)) is None
        assert ModelVersion.objects.count() == 1

    def test_a_killed_worker_s_message_trains_again(self, shop: str) -> None:
        run_id = put_run(shop, "running", minutes_ago=2)
        assert run_training(site_id=shop, run_id=run_id, now=NOW) is not None
        assert state_of(run_id) == "done"

    def test_a_message_without_a_run(self, shop: str) -> None:
        assert tasks.train(site_id=shop) == TrainingRun.objects.get(state="done").stamp


class TestBeginRun:
    def test_what_died_or_got_lost_is_marked_failed(self, shop: str) -> None:
        died, lost = put_run(shop, "running", minutes_ago=5), put_run(shop, "queued", minutes_ago=61)
        waiting, elsewhere = put_run(shop, "queued", minutes_ago=59), put_run("elsewhere", "running", minutes_ago=5)
        runs.begin_run(site_id=shop, run_id=None, now=NOW)
        states = [state_of(run_id) for run_id in (died, lost, waiting, elsewhere)]
        assert states == ["failed", "failed", "queued", "running"]

    def test_the_newest_are_kept(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(runs, "KEPT_RUNS", 3)
        old = [put_run(shop, "done", minutes_ago=minutes) for minutes in (10, 20, 30, 40)]
        elsewhere = put_run("elsewhere", "done", minutes_ago=99)
        begun = runs.begin_run(site_id=shop, run_id=None, now=NOW)
        assert begun is not None
        assert set(TrainingRun.objects.values_list("pk", flat=True)) == {begun.pk, *old[:2], elsewhere}

    def test_of_another_site_or_unknown(self, shop: str) -> None:
        elsewhere = put_run("elsewhere", "queued")
        assert runs.begin_run(site_id=shop, run_id=elsewhere, now=NOW) is None
        assert runs.begin_run(site_id=shop, run_id=uuid4(), now=NOW) is None
        assert state_of(elsewhere) == "queued"


class TestTrainDueSites:
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

    def test_not_while_one_is_queued_or_under_way(self, shop: str, queued: list[str]) -> None:
        walk(3)
        train_due_sites(now=NOW)
        train_due_sites(now=NOW + timedelta(minutes=5))
        TrainingRun.objects.update(state="running")
        train_due_sites(now=NOW + timedelta(minutes=59))
        assert queued == [shop]

    def test_again_when_the_queued_one_got_lost(self, shop: str, queued: list[str]) -> None:
        walk(3)
        train_due_sites(now=NOW)
        train_due_sites(now=NOW + timedelta(minutes=61))
        assert queued == [shop, shop]

    def test_switched_off(self, shop: str, queued: list[str]) -> None:
        walk(3)
        TrainingSchedule.objects.create(site_id=shop, is_active=False)
        train_due_sites(now=NOW)
        assert queued == []
