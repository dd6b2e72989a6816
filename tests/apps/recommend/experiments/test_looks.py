"""What came of an experiment, looked at when asked and every day, and what ends by itself."""

import uuid
from datetime import timedelta

import pytest

from apps.profiles import api as profiles
from apps.recommend import api
from apps.recommend.contracts.experiments import MetricResult
from apps.recommend.experiments import looks
from apps.recommend.experiments.results import compute_results
from apps.recommend.models import ExperimentLook
from specrec.kernel.errors import Conflict
from tests.apps.recommend.experiments.scene import NOW, Log, draft, open_site, start

pytestmark = pytest.mark.django_db(transaction=True)
BEGAN = NOW - timedelta(days=3)


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()


def fill(control: int, short: int, *, clicks: tuple[int, int], both: int = 0) -> None:
    """Let so many shoppers see a slate of each side, and so many of them click."""
    log = Log()
    for label, units, clicked in (("order:control", control, clicks[0]), ("order:short", short, clicks[1])):
        for number in range(units):
            log.show(uuid.uuid4(), label, clicked=number < clicked)
    for _ in range(both):
        shopper = uuid.uuid4()
        log.show(shopper, "order:control")
        log.show(shopper, "order:short")
    log.write()


def ctr() -> MetricResult:
    results = api.see_results(site_id="uk", experiment="order", now=NOW).results
    return next(one for one in results if one.metric == "ctr")


class TestSeeResults:
    def test_a_draft_has_none(self) -> None:
        draft()
        with pytest.raises(Conflict) as caught:
            api.see_results(site_id="uk", experiment="order", now=NOW)
        assert caught.value.code == "not_started"

    def test_without_anybody_nothing_is_said(self) -> None:
        start(now=BEGAN)
        results = api.see_results(site_id="uk", experiment="order", now=NOW)
        assert (results.units, results.sample_ratio_p) == ({"control": 0, "short": 0}, None)
        assert results.verdict == "Too few have seen it to say anything."
        assert ctr().mean is None

    def test_a_clear_difference_is_found(self) -> None:
        start(now=BEGAN)
        fill(300, 300, clicks=(60, 150))
        found = ctr()
        assert (found.units, found.control_mean, found.mean) == (300, 0.2, 0.5)
        assert found.difference == pytest.approx(1.5)
        assert found.low is not None
        assert 0.0 < found.low < 1.5
        verdict = api.see_results(site_id="uk", experiment="order", now=NOW).verdict
        assert verdict.startswith("short is better in ctr: +150.0% (")

    def test_no_difference_is_none(self) -> None:
        start(now=BEGAN)
        fill(300, 300, clicks=(60, 66))
        assert api.see_results(site_id="uk", experiment="order", now=NOW).verdict == (
            "No difference in ctr is proven yet."
        )

    def test_a_broken_split_says_nothing_else(self) -> None:
        start(now=BEGAN)
        fill(330, 220, clicks=(60, 150))
        results = api.see_results(site_id="uk", experiment="order", now=NOW)
        assert results.sample_ratio_p is not None
        assert results.sample_ratio_p < 0.001
        assert results.verdict == "The split is broken: nothing can be said."
        assert len(results.warnings) == 1

    def test_who_was_on_both_sides_is_left_out_and_said(self) -> None:
        start(now=BEGAN)
        fill(100, 100, clicks=(30, 30), both=10)
        results = api.see_results(site_id="uk", experiment="order", now=NOW)
        assert results.units == {"control": 100, "short": 100}
        assert results.warnings == ("10 shoppers were on more than one side and are left out.",)

    def test_a_guest_who_became_a_customer_on_another_side_is_left_out_and_said(self) -> None:
        start(now=BEGAN)
        known = profiles.merge_shoppers(site_id="uk", anonymous_id="guest", customer_id="ada", now=NOW)
        log = Log()
        log.show(known.alias_ids[0], "order:control")
        log.show(known.shopper_id, "order:short")
        log.write()
        results = api.see_results(site_id="uk", experiment="order", now=NOW)
        assert results.units == {"control": 0, "short": 0}
        assert results.warnings == ("1 shoppers were on more than one side and are left out.",)

    def test_what_was_just_counted_is_not_counted_again(self) -> None:
        start(now=BEGAN)
        before = api.see_results(site_id="uk", experiment="order", now=NOW)
        fill(300, 300, clicks=(60, 150))
        minutes = timedelta(minutes=1)
        assert api.see_results(site_id="uk", experiment="order", now=NOW + minutes) == before
        assert api.see_results(site_id="uk", experiment="order", now=NOW + 11 * minutes) != before


class TestLookExperiments:
    def test_once_a_day(self) -> None:
        start(now=BEGAN)
        assert api.look_experiments(now=NOW) == ["uk/order"]
        assert api.look_experiments(now=NOW + timedelta(hours=1)) == []
        assert api.look_experiments(now=NOW + timedelta(days=1)) == ["uk/order"]
        assert [look.until for look in api.list_looks(site_id="uk", experiment="order")] == [
            NOW,
            NOW + timedelta(days=1),
        ]

    def test_what_harms_is_stopped_with_a_note(self) -> None:
        start(now=BEGAN)
        fill(300, 300, clicks=(150, 60))
        api.look_experiments(now=NOW)
        info = api.show_experiment(site_id="uk", experiment="order")
        assert info.state == "stopped"
        assert info.note.startswith("Stopped by itself: short is worse in ctr: -60.0% (")

    def test_a_metric_that_is_no_guardrail_stops_nothing(self) -> None:
        start(now=BEGAN, metric="conversion")
        fill(300, 300, clicks=(150, 60))
        api.look_experiments(now=NOW)
        assert api.show_experiment(site_id="uk", experiment="order").state == "running"

    def test_a_guardrail_stops(self) -> None:
        start(now=BEGAN, metric="conversion", guardrails=("ctr",))
        fill(300, 300, clicks=(150, 60))
        api.look_experiments(now=NOW)
        assert api.show_experiment(site_id="uk", experiment="order").state == "stopped"

    def test_its_end_ends_it_though_it_was_looked_at_today(self) -> None:
        start(now=BEGAN, ends_at=NOW + timedelta(hours=2))
        api.look_experiments(now=NOW)
        assert api.look_experiments(now=NOW + timedelta(hours=3)) == ["uk/order"]
        info = api.show_experiment(site_id="uk", experiment="order")
        assert (info.state, info.note) == ("stopped", "Ended as planned.")

    def test_one_that_cannot_be_counted_does_not_hold_up_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        start("broken", now=BEGAN, layer_until=0.5)
        start("order", now=BEGAN, layer_from=0.5)

        def fail(*, info: object, now: object) -> object:
            if getattr(info, "written").experiment == "broken":  # noqa: B009 - any object
                raise ZeroDivisionError
            return compute_results(info=info, now=now)  # type: ignore[arg-type]  # as it was called

        monkeypatch.setattr(looks, "compute_results", fail)
        assert api.look_experiments(now=NOW) == ["uk/order"]
        assert ExperimentLook.objects.count() == 1
