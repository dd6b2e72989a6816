"""Training over its doors: REST, the admin, Celery's state."""

import json
from typing import Any

import pytest
from celery.backends.base import DisabledBackend
from django.contrib.auth.models import User
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway

from apps.profiles import api as profiles
from apps.recommend import tasks
from apps.recommend.models import TrainingRun, TrainingSchedule
from specrec.celery import app
from specrec.kernel import jobs
from tests.apps.recommend.training.ranges import open_shop, walk  # noqa: F401 - the fixture "shop"
from tests.apps.recommend.training.small_model import (
    SITE,
    give_own_store,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.django_db(transaction=True)
SCHEDULES = "/admin/recommend/trainingschedule/"


@pytest.fixture(name="queued")
def note_jobs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return the list of jobs that get enqueued, with their sites."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(jobs, "enqueue", lambda name, *, site_id, run_id: found.append((name, site_id)))
    return found


class TestRest:
    def post(self, body: Any = None) -> tuple[int, dict[str, Any]]:
        key = profiles.create_key(site_id=SITE, kind="secret", name="trainer").secret
        given = "" if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {key}"}
        answer = Client().post("/v1/models/train", given, content_type="application/json", headers=headers)
        return answer.status_code, answer.json()

    def test_with_a_recipe(self, shop: str, queued: list[tuple[str, str]]) -> None:
        assert self.post({"recipe": "shop-1"}) == (202, {"status": "queued"})
        assert TrainingRun.objects.get().details == {"recipe": "shop-1"}
        assert queued == [("recommend.train", shop)]

    def test_without_a_body(self, shop: str, queued: list[tuple[str, str]]) -> None:
        assert self.post() == (202, {"status": "queued"})
        assert TrainingRun.objects.get().details == {}

    def test_a_recipe_that_does_not_exist(self, shop: str, queued: list[tuple[str, str]]) -> None:
        status, problem = self.post({"recipe": "magic"})
        assert (status, problem["code"], problem["field"]) == (404, "recipe_not_found", "recipe")
        assert queued == []

    def test_a_field_that_does_not_exist(self, shop: str, queued: list[tuple[str, str]]) -> None:
        status, problem = self.post({"recipes": "shop"})
        assert (status, problem["code"], problem["field"]) == (400, "unknown_field", "recipes")

    def test_two_recipes_are_two_trainings(self, shop: str, queued: list[tuple[str, str]]) -> None:
        for body in ({"recipe": "shop"}, {"recipe": "shop"}, None):
            assert self.post(body)[0] == 202
        assert TrainingRun.objects.count() == 2


class TestTrain:
    def test_the_recipe_that_was_asked_for_is_used(self, shop: str) -> None:
        run = TrainingRun.objects.create(
            site_id=shop, state="queued", details={"recipe": "magic"}, started_at="2026-11-22T12:00Z"
        )
        with pytest.raises(Exception, match="There is no recipe magic"):
            tasks.train(site_id=shop, run_id=str(run.pk))
        run.refresh_from_db()
        assert (run.state, run.details) == ("failed", {"recipe": "magic"})

    def test_the_state_in_celery_says_how_far_it_is(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        walk(40)
        told: list[tuple[str, dict[str, Any]]] = []
        task = app.tasks["recommend.train"]
        monkeypatch.setattr(task, "update_state", lambda *, state, meta: told.append((state, meta)))
        task.apply(kwargs={"site_id": shop}).get()
        assert told[0] == ("PROGRESS", {"percent": 0, "step": "data"})
        assert told[-1] == ("PROGRESS", {"percent": 100, "step": "done"})

    @pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")  # Celery's own call
    def test_a_state_is_kept_where_it_can_be_asked_for(self) -> None:
        assert not isinstance(app.backend, DisabledBackend)
        app.tasks["recommend.train"].update_state(task_id="t1", state="PROGRESS", meta={"percent": 45})
        assert app.AsyncResult("t1").info == {"percent": 45}

    def test_without_the_store_of_states_it_goes_on(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        walk(40)
        task = app.tasks["recommend.train"]
        monkeypatch.setattr(task, "update_state", _away)
        assert task.apply(kwargs={"site_id": shop}).get() == TrainingRun.objects.get(state="done").stamp


class TestScheduleAdmin:
    @pytest.fixture(name="operator")
    def log_in(self) -> Client:
        client = Client()
        client.force_login(User.objects.create_superuser("mia", "mia@example.org", "a-long-password"))
        return client

    def change(self, operator: Client, **changes: str) -> str:
        row = TrainingSchedule.objects.create(site_id=SITE)
        page = operator.get(f"{SCHEDULES}{row.pk}/change/")
        values = {name: value for name, value in page.context["adminform"].form.initial.items() if value is not None}
        answer = operator.post(f"{SCHEDULES}{row.pk}/change/", {**values, "is_active": "on"} | changes)
        return str(answer.status_code) if answer.status_code == 302 else answer.content.decode()

    def test_a_recipe_that_there_is(self, operator: Client) -> None:
        assert self.change(operator, recipe="shop-1") == "302"
        assert TrainingSchedule.objects.get().recipe == "shop-1"

    def test_a_recipe_that_there_is_not(self, operator: Client) -> None:
        assert "There is no recipe magic" in self.change(operator, recipe="magic")
        assert TrainingSchedule.objects.get().recipe == "shop"

    def test_refresh_now(self, operator: Client, shop: str, queued: list[tuple[str, str]]) -> None:
        row = TrainingSchedule.objects.create(site_id=shop)
        operator.post(SCHEDULES, {"action": "refresh_now", "_selected_action": [row.pk]})
        assert queued == [("recommend.refresh_model", shop)]

    def test_runs_say_what_was_missing(self, operator: Client, shop: str) -> None:
        walk(40)
        tasks.train(site_id=shop)
        page = operator.get("/admin/recommend/trainingrun/").content.decode()
        assert "shoppers with two items or more: 40 of 200" in page


def _away(**_: object) -> None:
    message = "no Redis"
    raise RedisAway(message)
