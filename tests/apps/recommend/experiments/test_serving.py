"""Experiments in answers: who is on a side gets its placement and its model, and the served slate says so."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from apps.recommend import api
from apps.recommend.contracts.experiments import ExperimentInput, Variant
from apps.recommend.contracts.serving import Answer, ShopperInput
from apps.recommend.models import Experiment
from apps.recommend.registry import variants
from apps.recommend.registry.artifacts import UnreadArtifact
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.serving import expose
from apps.tracking import api as tracking
from apps.tracking.contracts import Exposure
from tests.apps.recommend.experiments.scene import CONTROL
from tests.apps.recommend.serving.lens_lane import (
    NOW,
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    consent,
    ids,
    known_model,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
)

pytestmark = pytest.mark.django_db
ADA = ShopperInput(anonymous_id="ada")
SHORT = Variant(variant="short", changes={"size": 2})


@pytest.fixture(autouse=True)
def _fresh(shop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "_AGAIN_AT", {})
    consent("ada", "history_personalisation")


def run(*sides: Variant, **changes: Any) -> None:
    given = {"experiment": "order", "title": "Order", "placements": ("new-in",), "variants": sides} | changes
    api.ensure_experiment(site_id=SITE, written=ExperimentInput(**given), now=NOW)
    api.start_experiment(site_id=SITE, experiment="order", now=NOW)


def all_on(side: Variant, **changes: Any) -> None:
    """Run an experiment in which next to everybody is on this side."""
    run(Variant(variant="control", weight=0.0001), Variant(variant=side.variant, weight=1_000.0, changes=side.changes,
        model=side.model), **changes)  # fmt: skip


def labels(answer: Answer) -> list[tuple[str, str]]:
    return [(one.experiment, one.variant) for one in answer.experiments]


class TestSides:
    def test_a_side_has_its_own_settings(self) -> None:
        assert len(ids(ask("new-in", shopper=ADA))) == 4
        all_on(SHORT)
        answer = ask("new-in", shopper=ADA)
        assert (labels(answer), len(answer.items)) == ([("order", "short")], 2)

    def test_the_control_has_the_placement_as_it_is_and_is_counted(self) -> None:
        run(Variant(variant="control", weight=1_000.0), Variant(variant="short", weight=0.0001, changes={"size": 2}))
        answer = ask("new-in", shopper=ADA)
        assert (labels(answer), len(answer.items)) == ([("order", "control")], 4)

    def test_without_consent_nobody_takes_part(self) -> None:
        all_on(SHORT)
        for asked in ({}, {"shopper": ShopperInput(anonymous_id="bob")}, {"shopper": ADA, "profile": "none"}):
            answer = ask("new-in", **asked)
            assert (labels(answer), len(answer.items)) == ([], 4)

    def test_what_the_request_asks_for_stays(self) -> None:
        all_on(SHORT)
        assert len(ask("new-in", shopper=ADA, limit=3).items) == 3

    def test_after_its_end_all_is_as_it_was(self) -> None:
        all_on(SHORT)
        assert len(ask("new-in", shopper=ADA).items) == 2
        api.stop_experiment(site_id=SITE, experiment="order", now=NOW + timedelta(days=1))
        answer = ask("new-in", shopper=ADA)
        assert (labels(answer), len(answer.items)) == ([], 4)

    def test_a_side_may_have_another_strategy_and_filter(self) -> None:
        all_on(Variant(variant="sun", changes={"filter": 'item_type = "sunglasses"', "fallback": []}))
        assert ids(ask("new-in", shopper=ADA)) == ["sun-a"]


class TestModels:
    @pytest.fixture(autouse=True)
    def _versions(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(variants, "read_version", self.read)

    def read(self, *, site_id: str, stamp: str) -> LoadedModel:
        if stamp == "lost":
            raise UnreadArtifact("The artifact of lost cannot be read.", code="artifact_unread")
        return replace(known_model(), stamp=stamp)

    def try_model(self, stamp: str) -> None:
        """Let next to everybody be answered by this version, which no test needs to train."""
        all_on(SHORT)
        row = Experiment.objects.get()
        row.written["variants"][1] |= {"changes": {}, "model": stamp}
        row.save()

    def test_a_side_is_answered_by_its_version(self, model: None) -> None:
        assert ask("new-in", shopper=ADA).model == "known"
        self.try_model("newer")
        answer = ask("new-in", shopper=ADA)
        assert (answer.model, labels(answer)) == ("newer", [("order", "short")])
        assert ask("new-in").model == "known"

    def test_a_version_that_cannot_be_read_leaves_the_promoted_one(self, model: None) -> None:
        self.try_model("lost")
        assert ask("new-in", shopper=ADA).model == "known"


class TestExposures:
    def test_the_slate_says_its_sides(self, monkeypatch: pytest.MonkeyPatch) -> None:
        kept: list[Exposure] = []

        def record(*, exposures: Sequence[Exposure]) -> None:
            kept.extend(exposures)

        monkeypatch.setattr(expose, "_BUFFER", expose.ExposureBuffer(size=9))
        monkeypatch.setattr(tracking, "record_exposures", record)
        all_on(SHORT)
        ask("new-in", shopper=ADA)
        ask("new-in")
        expose.flush_exposures()
        assert [(one.experiments, one.propensities) for one in kept] == [(["order:short"], None), ([], None)]
        assert CONTROL.variant not in str(kept)
