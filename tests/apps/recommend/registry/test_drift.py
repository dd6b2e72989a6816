"""Drift: how far events, items and scores moved since the promoted version learned, and what monitoring is told."""

from datetime import timedelta
from math import log

import pytest

from apps.recommend import api
from apps.recommend.ml.drift import population_stability
from apps.recommend.models import ModelVersion
from apps.recommend.registry import counters
from apps.recommend.registry.drift import measure_drift, read_drift
from apps.recommend.registry.figures import measure_models
from apps.recommend.registry.outcomes import count_outcomes, read_outcomes
from apps.recommend.registry.promote import promote_model, roll_back
from apps.tracking import api as tracking
from specrec.kernel.errors import NotFound
from tests.apps.recommend.training.small_model import (
    NOW,
    SITE,
    MakeVersion,
    give_own_store,  # noqa: F401 - a fixture
    open_site,  # noqa: F401 - the fixture "site"
    provide_make_version,  # noqa: F401 - the fixture "make_version"
)

LATER = NOW + timedelta(days=3)


class TestPopulationStability:
    def test_the_same_shares(self) -> None:
        assert population_stability({"a": 3_000_000.0, "b": 1_000_000.0}, {"a": 3e9, "b": 1e9}) == pytest.approx(0.0)

    def test_by_hand(self) -> None:
        # With the half case: shares 3/4 and 1/4 become 1/4 and 3/4.
        found = population_stability({"a": 2.5, "b": 0.5}, {"a": 0.5, "b": 2.5})
        assert found == pytest.approx((0.75 - 0.25) * log(3.0) * 2)

    def test_a_value_that_only_one_side_has_is_not_infinite(self) -> None:
        assert 0.25 < population_stability({"a": 100.0}, {"b": 100.0}) < 20.0

    def test_nothing_to_compare_with(self) -> None:
        with pytest.raises(ValueError, match="empty histogram"):
            population_stability({}, {"a": 1.0})


@pytest.fixture(name="promoted")
def promote_one(make_version: MakeVersion) -> ModelVersion:
    """Promote a version of the items a, b and c that learned up to now."""
    version = make_version("m1")
    ModelVersion.objects.update(data_until=NOW)
    promote_model(site_id=SITE, stamp="m1", now=NOW)
    return version


def happens(monkeypatch: pytest.MonkeyPatch, learned: dict[str, int], lately: dict[str, int]) -> None:
    """Let so many views of items have been counted before and after the version learned."""

    def sums(*, until: object, **_: object) -> list[tuple[str, str, object, int]]:
        found = learned if until == NOW.date() else lately
        return [("view", item, until, number) for item, number in found.items()]

    monkeypatch.setattr(tracking, "sum_item_days", sums)


class TestMeasureDrift:
    @pytest.mark.usefixtures("promoted")
    def test_nothing_moved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        happens(monkeypatch, {"a": 600, "b": 300}, {"a": 6_000, "b": 3_000})
        assert measure_drift(now=LATER) == [SITE]
        found = read_drift(site_id=SITE)
        assert found is not None
        assert (found.stamp, found.coverage) == ("m1", {"events": 1.0})
        assert found.psi.keys() == {"event_type", "item_type", "brand", "price_band", "popularity_band"}
        assert max(found.psi.values()) < 0.01

    @pytest.mark.usefixtures("promoted")
    def test_new_items_take_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        happens(monkeypatch, {"a": 600, "b": 300}, {"a": 250, "x": 750})
        measure_drift(now=LATER)
        found = read_drift(site_id=SITE)
        assert found is not None
        assert found.psi["popularity_band"] > 0.25
        assert found.coverage["events"] == 0.25

    @pytest.mark.usefixtures("promoted")
    def test_a_few_events_say_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        happens(monkeypatch, {"a": 600}, {"x": 499})
        measure_drift(now=LATER)
        found = read_drift(site_id=SITE)
        assert found is not None
        assert found.psi == {}

    def test_a_site_without_a_model(self, make_version: MakeVersion) -> None:
        make_version("m1")
        assert measure_drift(now=LATER) == []
        assert read_drift(site_id=SITE) is None


def told(**labels: str) -> dict[str, float]:
    """Return the figures of these labels by name."""
    found = measure_models(now=LATER)
    return {one.name: one.value for one in found if one.labels == {"site": SITE, **labels}}


class TestMeasureModels:
    @pytest.mark.usefixtures("promoted")
    def test_age(self) -> None:
        assert told() == {"age_seconds": 3 * 86_400.0, "data_age_seconds": 3 * 86_400.0}

    @pytest.mark.usefixtures("promoted")
    def test_slates(self) -> None:
        counters.count(site_id=SITE, stamp="m1", at=NOW.timestamp(), amounts={"slates": 5.0, "empty": 2.0})
        counters.flush()
        assert (told(what="slates")["slates"], told(what="empty")["slates"]) == (5.0, 2.0)

    @pytest.mark.usefixtures("promoted")
    def test_alerts_are_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        happens(monkeypatch, {"a": 600}, {"a": 600})
        measure_drift(now=LATER)
        names = ("unfit", "rolled_back", "drift", "coverage")
        assert [told(alert=name)["alert"] for name in names] == [0.0] * 4

    @pytest.mark.usefixtures("promoted")
    def test_stale(self) -> None:
        assert told(alert="stale")["alert"] == 0.0
        ModelVersion.objects.update(created_at=NOW - timedelta(seconds=1))
        assert told(alert="stale")["alert"] == 1.0

    @pytest.mark.usefixtures("promoted")
    def test_drift_and_coverage(self, monkeypatch: pytest.MonkeyPatch) -> None:
        happens(monkeypatch, {"a": 600}, {"x": 600})
        measure_drift(now=LATER)
        assert told(alert="drift")["alert"] == told(alert="coverage")["alert"] == 1.0
        assert told(feature="popularity_band")["drift_psi"] > 0.25

    @pytest.mark.usefixtures("promoted")
    def test_scores_of_the_first_day_and_since(self) -> None:
        for days, name in ((0, "top0"), (2, "top6")):
            at = (NOW + timedelta(days=days)).timestamp()
            counters.count(site_id=SITE, stamp="m1", at=at, amounts={name: 600.0})
        counters.flush()
        assert told(feature="score")["drift_psi"] > 0.25

    @pytest.mark.usefixtures("promoted")
    def test_unfit_and_rolled_back(self, make_version: MakeVersion) -> None:
        make_version("m2", created_at=NOW)
        promote_model(site_id=SITE, stamp="m2", now=LATER)
        counters.count(site_id=SITE, stamp="m2", at=LATER.timestamp(), amounts={"slates": 300.0, "errors": 300.0})
        counters.flush()
        assert told(alert="unfit")["alert"] == 1.0
        roll_back(site_id=SITE, now=LATER)
        assert (told(alert="unfit")["alert"], told(alert="rolled_back")["alert"]) == (0.0, 1.0)


class TestShowModel:
    @pytest.mark.usefixtures("promoted")
    def test_what_it_does_in_service(self) -> None:
        counters.count(site_id=SITE, stamp="m1", at=NOW.timestamp(), amounts={"slates": 5.0})
        counters.flush()
        found = api.show_model(site_id=SITE, stamp="m1")
        assert (found.state, found.recipe, found.promoted_at, found.shadow) == ("promoted", "shop-1", NOW, {})
        assert found.live["slates"] == 5.0

    @pytest.mark.usefixtures("promoted")
    def test_of_another_site(self) -> None:
        with pytest.raises(NotFound):
            api.show_model(site_id="elsewhere", stamp="m1")


class TestCountOutcomes:
    @pytest.mark.usefixtures("promoted")
    def test_counted_anew_it_is_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tracking, "count_outcomes", lambda **_: iter([("m1", NOW.date(), 10, 8, 2)]))
        for _ in range(2):
            assert count_outcomes(now=NOW) == [SITE]
        assert read_outcomes(site_id=SITE, stamp="m1") == {"served": 10.0, "seen": 8.0, "clicked": 2.0}

    @pytest.mark.usefixtures("promoted")
    def test_nothing_was_served(self) -> None:
        assert count_outcomes(now=NOW) == [SITE]
        assert read_outcomes(site_id=SITE, stamp="m1") == {"served": 0.0, "seen": 0.0, "clicked": 0.0}
