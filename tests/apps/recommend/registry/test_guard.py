"""The guard: which slates speak against a version, and that it is taken out once, with the reason."""

from datetime import timedelta

import pytest
import redis

from apps.recommend.models import ModelVersion, TrainingSchedule
from apps.recommend.registry import counters
from apps.recommend.registry.guard import guard_models, judge_live
from apps.recommend.registry.promote import promote_model, roll_back
from tests.apps.recommend.training.small_model import (
    NOW,
    SITE,
    MakeVersion,
    give_own_store,  # noqa: F401 - a fixture
    open_site,  # noqa: F401 - the fixture "site"
    provide_make_version,  # noqa: F401 - the fixture "make_version"
)

LIMITS = TrainingSchedule(site_id=SITE)
GOOD = {"slates": 1_000.0, "asked": 900.0, "errors": 1.0, "empty": 9.0, "served": 900.0, "seen": 800.0, "clicked": 80.0}
LATER = NOW + timedelta(hours=1)


class TestJudgeLive:
    def test_nothing_speaks_against_it(self) -> None:
        assert judge_live(GOOD, GOOD, LIMITS) is None

    def test_empty_slates(self) -> None:
        assert judge_live(GOOD | {"empty": 450.0}, GOOD, LIMITS) == (
            "50.0% of 900 slates were left empty by the model; 20.0% may be, of the version before 1.0%."
        )

    def test_failed_steps(self) -> None:
        assert (
            judge_live(GOOD | {"errors": 100.0}, {}, LIMITS) == "10.0% of 1,000 slates had a failed step; 5.0% may be."
        )

    def test_on_the_limit_is_within_it(self) -> None:
        assert judge_live(GOOD | {"empty": 180.0}, GOOD, LIMITS) is None

    def test_what_the_version_before_did_as_badly_is_not_its_fault(self) -> None:
        assert judge_live(GOOD | {"empty": 450.0}, GOOD | {"empty": 400.0}, LIMITS) is None

    def test_a_few_slates_say_nothing(self) -> None:
        assert judge_live({"slates": 199.0, "asked": 199.0, "errors": 199.0, "empty": 199.0}, GOOD, LIMITS) is None

    def test_clicks_lost(self) -> None:
        fault = judge_live(GOOD | {"clicked": 8.0}, GOOD, LIMITS)
        assert fault == (
            "1.00% of 800 slates seen were clicked, of the version before 10.00% of 800; at least 5.00% must be."
        )

    def test_a_loss_that_chance_explains(self) -> None:
        few, many = {"seen": 200.0, "clicked": 2.0}, {"seen": 2_000.0, "clicked": 20.0}
        before = GOOD | {"seen": 1_000.0, "clicked": 30.0}
        assert judge_live(GOOD | few, before, LIMITS) is None
        assert judge_live(GOOD | {"seen": 4_000.0, "clicked": 20.0}, before, LIMITS) is not None
        assert judge_live(GOOD | many, before, LIMITS) is None

    def test_without_impressions_served_slates_count(self) -> None:
        quiet = {"seen": 0.0}
        fault = judge_live(GOOD | quiet | {"clicked": 8.0}, GOOD | quiet, LIMITS)
        assert fault is not None
        assert "slates served were clicked" in fault


class TestGuardModels:
    @pytest.fixture(name="pair", autouse=True)
    def promote_two(self, make_version: MakeVersion) -> None:
        """Promote m1 and an hour later m2."""
        for hours, stamp in enumerate(("m1", "m2")):
            make_version(stamp)
            promote_model(site_id=SITE, stamp=stamp, now=NOW + timedelta(hours=hours))

    def served(self, stamp: str, **amounts: float) -> None:
        counters.count(site_id=SITE, stamp=stamp, at=LATER.timestamp(), amounts=amounts)
        counters.flush()

    def state_of(self, stamp: str) -> str:
        return ModelVersion.objects.get(stamp=stamp).state

    def test_an_unfit_version_is_taken_out_with_the_reason(self) -> None:
        self.served("m2", slates=300.0, asked=300.0, empty=290.0)
        assert guard_models(now=LATER) == ["m2"]
        version = ModelVersion.objects.get(stamp="m2")
        assert (version.state, version.rolled_back_at) == ("retired", LATER)
        assert version.note.startswith("Rolled back by itself: 96.7% of 300 slates were left empty by the model;")
        assert self.state_of("m1") == "promoted"

    def test_a_fit_version_stays(self) -> None:
        self.served("m2", slates=300.0, asked=300.0, empty=3.0)
        assert guard_models(now=LATER) == []
        assert self.state_of("m2") == "promoted"

    def test_one_that_was_gone_back_to_stays_whatever_it_does(self, make_version: MakeVersion) -> None:
        make_version("m3")
        promote_model(site_id=SITE, stamp="m3", now=LATER + timedelta(minutes=1))
        roll_back(site_id=SITE, now=LATER + timedelta(minutes=2))
        counters.count(
            site_id=SITE,
            stamp="m2",
            at=(LATER + timedelta(minutes=3)).timestamp(),
            amounts={"slates": 300.0, "errors": 300.0},
        )
        counters.flush()
        assert guard_models(now=LATER + timedelta(minutes=4)) == []
        assert self.state_of("m2") == "promoted"

    def test_nothing_to_go_back_to(self) -> None:
        roll_back(site_id=SITE, now=LATER)
        ModelVersion.objects.filter(stamp="m2").delete()
        self.served("m1", slates=300.0, errors=300.0)
        assert guard_models(now=LATER) == []
        assert self.state_of("m1") == "promoted"

    def test_an_earlier_time_in_service_is_not_held_against_it(self) -> None:
        self.served("m2", slates=300.0, errors=300.0)
        promote_model(site_id=SITE, stamp="m1", now=LATER)
        promote_model(site_id=SITE, stamp="m2", now=LATER + timedelta(minutes=1))
        assert guard_models(now=LATER + timedelta(minutes=2)) == []

    def test_without_redis_nothing_is_judged(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.served("m2", slates=300.0, errors=300.0)

        def away(**_: object) -> None:
            raise redis.ConnectionError

        monkeypatch.setattr(counters, "read", away)
        assert guard_models(now=LATER) == []
        assert self.state_of("m2") == "promoted"


class TestCount:
    def test_by_hour(self) -> None:
        for at in (0.0, 3_599.0, 3_600.0, 7_200.0):
            counters.count(site_id=SITE, stamp="m1", at=at, amounts={"slates": 1.0})
        counters.flush()
        assert counters.read(site_id=SITE, stamp="m1") == {"slates": 4.0}
        assert counters.read(site_id=SITE, stamp="m1", since=3_700.0) == {"slates": 2.0}
        assert counters.read(site_id=SITE, stamp="m1", since=3_700.0, until=7_200.0) == {"slates": 1.0}

    def test_of_another_site(self) -> None:
        counters.count(site_id=SITE, stamp="m1", at=0.0, amounts={"slates": 1.0})
        counters.flush()
        assert counters.read(site_id="elsewhere", stamp="m1") == {}

    def test_nothing_is_lost_while_redis_is_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        counters.count(site_id=SITE, stamp="m1", at=0.0, amounts={"slates": 1.0})

        def away(_taken: object) -> None:
            raise redis.ConnectionError

        monkeypatch.setattr(counters, "_write", away)
        with pytest.raises(redis.ConnectionError):
            counters.flush()
        monkeypatch.undo()
        counters.count(site_id=SITE, stamp="m1", at=0.0, amounts={"slates": 1.0})
        counters.flush()
        assert counters.read(site_id=SITE, stamp="m1") == {"slates": 2.0}

    def test_forgotten(self) -> None:
        counters.count(site_id=SITE, stamp="m1", at=0.0, amounts={"slates": 1.0})
        counters.flush()
        counters.count(site_id=SITE, stamp="m1", at=0.0, amounts={"slates": 1.0})
        counters.forget(site_id=SITE, stamp="m1")
        counters.flush()
        assert counters.read(site_id=SITE, stamp="m1") == {}
