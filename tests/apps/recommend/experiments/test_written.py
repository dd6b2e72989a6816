"""Experiments as they are drafted, started, changed and ended; what is refused, and why."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from apps.recommend import api
from apps.recommend.contracts.experiments import Variant
from apps.recommend.experiments.assign import assign
from apps.recommend.experiments.stored import read_live
from specrec.kernel.errors import Conflict, Invalid, NotFound
from tests.apps.recommend.experiments.scene import CONTROL, NOW, SHORT, draft, make, open_site, start

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(db: None) -> None:
    open_site()


class TestEnsureExperiment:
    def test_a_draft_is_kept_and_read(self) -> None:
        info = draft()
        assert (info.state, info.written, info.started_at) == ("draft", make(), None)
        assert api.show_experiment(site_id="uk", experiment="order") == info

    def test_a_changed_draft_keeps_its_salt(self) -> None:
        assert draft().salt == draft(ramp=0.1).salt

    def test_two_of_one_name_at_two_times_have_their_own_salts(self) -> None:
        assert draft("a").salt != draft("b").salt

    @pytest.mark.parametrize(
        ("changes", "code", "field"),
        [
            ({"placements": ("home", "nowhere")}, "unknown_placement", "placements[1]"),
            ({"variants": (CONTROL, CONTROL)}, "same_variant", "variants"),
            ({"layer_from": 0.5, "layer_until": 0.5}, "empty_part", "layer_until"),
            ({"variants": (CONTROL, Variant(variant="b", changes={"size": 0}))}, "invalid_value", None),
            ({"variants": (CONTROL, Variant(variant="b", changes={"colour": 1}))}, "unknown_change", None),
            ({"variants": (CONTROL, Variant(variant="b", changes={"placement": "x"}))}, "unknown_change", None),
            ({"variants": (CONTROL, Variant(variant="b", model="m0"))}, "unknown_model", "variants[1].model"),
            ({"hold_out": True}, "bad_hold_out", "hold_out"),
            ({"variants": (CONTROL,)}, "invalid_value", "variants"),
            ({"ramp": 1.5}, "invalid_value", "ramp"),
        ],
    )
    def test_what_it_cannot_be(self, changes: dict[str, Any], code: str, field: str | None) -> None:
        with pytest.raises(Invalid) as caught:
            draft(**changes)
        assert caught.value.code == code
        assert caught.value.field is not None
        assert field is None or caught.value.field == field

    def test_a_filter_is_read_and_its_fault_pointed_at(self) -> None:
        with pytest.raises(Invalid) as caught:
            draft(variants=(CONTROL, Variant(variant="b", changes={"filter": "price <"})))
        assert caught.value.field == "variants[1].changes.filter"

    def test_an_unknown_site(self) -> None:
        with pytest.raises(NotFound):
            api.ensure_experiment(site_id="nowhere", written=make(), now=NOW)

    def test_what_runs_may_get_more_shoppers_and_another_title(self) -> None:
        start(ramp=0.1)
        assert draft(ramp=0.5, title="Order of the home page").written.ramp == 0.5

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"ramp": 0.05}, "ramp"),
            ({"ramp": 0.1, "metric": "conversion"}, "metric"),
            (
                {"ramp": 0.1, "variants": (CONTROL, Variant(variant="short", weight=2.0, changes={"size": 4}))},
                "variants",
            ),
        ],
    )
    def test_what_runs_moves_nobody(self, changes: dict[str, Any], field: str) -> None:
        start(ramp=0.1)
        with pytest.raises(Conflict) as caught:
            draft(**changes)
        assert caught.value.field == field

    def test_what_is_over_stays(self) -> None:
        start()
        api.stop_experiment(site_id="uk", experiment="order", now=NOW)
        with pytest.raises(Conflict, match="is over"):
            draft(title="again")


class TestStartExperiment:
    def test_it_runs_and_holds_for_shoppers(self) -> None:
        assert start().started_at == NOW
        assert len(assign(read_live("uk"), placement="home", unit_id="ada")) == 1

    def test_only_once(self) -> None:
        start()
        with pytest.raises(Conflict) as caught:
            api.start_experiment(site_id="uk", experiment="order", now=NOW)
        assert caught.value.code == "not_a_draft"

    def test_not_after_its_end(self) -> None:
        with pytest.raises(Conflict) as caught:
            start(ends_at=NOW - timedelta(days=1))
        assert caught.value.code == "end_passed"

    @pytest.mark.parametrize(
        ("first", "second", "clashes"),
        [
            ({"layer_until": 0.6}, {"layer_from": 0.5}, True),
            ({"layer_until": 0.5}, {"layer_from": 0.5}, False),
            ({}, {"placements": ("cart",)}, True),
            ({}, {"layer": "other"}, True),
            ({}, {"layer": "other", "placements": ("cart",)}, False),
            ({}, {"layer": "other", "variants": (CONTROL, Variant(variant="b", changes={"diversity": 0.5}))}, False),
            ({"layer_until": 0.5}, {"layer_from": 0.5, "unit": "store"}, True),
            ({}, {"hold_out": True, "variants": (CONTROL, Variant(variant="rest"))}, False),
        ],
    )
    def test_beside_another(self, first: dict[str, Any], second: dict[str, Any], *, clashes: bool) -> None:
        start("one", **first)
        if not clashes:
            assert start("two", **second).state == "running"
            return
        with pytest.raises(Conflict) as caught:
            start("two", **second)
        assert (caught.value.code, caught.value.extra["other"]) == ("experiments_clash", "one")

    def test_one_hold_out_is_enough(self) -> None:
        sides: dict[str, Any] = {"hold_out": True, "variants": (CONTROL, Variant(variant="rest"))}
        start("one", **sides)
        with pytest.raises(Conflict, match="hold-out"):
            start("two", **sides)


class TestStopExperiment:
    def test_nobody_is_on_a_side_any_more(self) -> None:
        start()
        info = api.stop_experiment(site_id="uk", experiment="order", now=NOW, note="Enough.")
        assert (info.state, info.note, info.stopped_at) == ("stopped", "Enough.", NOW)
        assert assign(read_live("uk"), placement="home", unit_id="ada") == ()

    def test_a_stopped_one_may_be_concluded_and_keeps_its_end(self) -> None:
        start()
        api.stop_experiment(site_id="uk", experiment="order", now=NOW)
        later = NOW + timedelta(days=1)
        info = api.stop_experiment(site_id="uk", experiment="order", now=later, note="Short wins.", conclude=True)
        assert (info.state, info.stopped_at) == ("concluded", NOW)

    def test_a_draft_does_not_run(self) -> None:
        draft()
        with pytest.raises(Conflict) as caught:
            api.stop_experiment(site_id="uk", experiment="order", now=NOW)
        assert caught.value.code == "not_running"


class TestReadLive:
    def test_the_same_object_where_nothing_moved(self) -> None:
        start()
        held = read_live("uk")
        assert read_live("uk", held) is held

    def test_another_one_where_the_ramp_rose(self) -> None:
        start(ramp=0.1)
        held = read_live("uk")
        draft(ramp=0.2)
        assert read_live("uk", held) is not held

    def test_other_sites_have_none(self) -> None:
        start()
        assert read_live("de").by_placement == {}


class TestListExperiments:
    def test_newest_first(self) -> None:
        draft("a")
        api.ensure_experiment(site_id="uk", written=make("b"), now=NOW + timedelta(hours=1))
        assert [info.written.experiment for info in api.list_experiments(site_id="uk")] == ["b", "a"]

    def test_what_is_written_comes_back(self) -> None:
        given = make(variants=(CONTROL, msgspec.structs.replace(SHORT, weight=3.0)), ends_at=NOW + timedelta(days=9))
        api.ensure_experiment(site_id="uk", written=given, now=NOW)
        assert api.list_experiments(site_id="uk")[0].written == given
