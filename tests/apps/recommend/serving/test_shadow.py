"""Slates are counted by version, and the version in the shadow is asked the same beside them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NoReturn

import numpy as np
import pytest

from apps.catalog.contracts import ItemColumns
from apps.recommend.columns import Shelf
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.models import TrainingSchedule
from apps.recommend.registry import counters
from apps.recommend.registry.shadows import Shadow, forget_shadows
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.serving import laying, reading, retrieve, shadow
from apps.recommend.serving.asked import score_bin
from apps.recommend.serving.shadow import score_waiting
from tests.apps.recommend.serving.lens_lane import (
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    ids,
    known_model,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
)
from tests.apps.recommend.small_engine import make_engine

pytestmark = pytest.mark.usefixtures("model")


def counted(stamp: str = "known") -> dict[str, float]:
    counters.flush()
    found = counters.read(site_id=SITE, stamp=stamp)
    return {name: value for name, value in found.items() if not name.endswith("ms")}


def silent_model() -> LoadedModel:
    """Return a version that knows every item and finds nothing."""
    return replace(known_model(), stamp="silent", engine=make_engine(known_model().engine.tables.popularity.tolist()))


def try_in_shadow(monkeypatch: pytest.MonkeyPatch, loaded: LoadedModel, share: float = 1.0) -> None:
    """Let this version score a share of the requests."""
    monkeypatch.setattr(shadow, "refresh_shadows", lambda: None)
    monkeypatch.setattr(shadow, "get_shadow", lambda _site_id: Shadow(loaded.stamp, share))
    monkeypatch.setattr(shadow, "load_shadow", lambda _site_id, _stamp: loaded)


@pytest.fixture(autouse=True)
def _nothing_waits() -> Iterator[None]:
    forget_shadows()
    counters.flush()
    counters.forget(site_id=SITE, stamp="known")
    yield
    score_waiting()
    counters.flush()
    forget_shadows()


class TestNoteSlate:
    def test_what_the_model_answered(self) -> None:
        ask("for-you", history=["frame-a"])
        assert counted() == {"slates": 1.0, "asked": 1.0, score_bin(1.0): 1.0}

    def test_nothing_to_go_by_is_not_asked(self) -> None:
        ask("for-you")
        ask("recently-viewed")
        assert counted() == {"slates": 2.0}

    def test_what_the_fallback_filled_is_empty(self) -> None:
        answer = ask("for-you", history=["frame-e"])
        assert ids(answer)
        assert counted() == {"slates": 1.0, "asked": 1.0, "empty": 1.0}

    def test_a_source_that_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(retrieve.SOURCES, "for_you", (fail,))
        ask("for-you", history=["frame-a"])
        assert counted() == {"slates": 1.0, "asked": 1.0, "errors": 1.0, "empty": 1.0}


class TestOffer:
    def test_the_same_version_says_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        try_in_shadow(monkeypatch, replace(known_model(), stamp="twin"))
        ask("for-you", history=["frame-a"])
        assert score_waiting() == 1
        scored = {f"served_{score_bin(1.0)}": 1.0, f"shadow_{score_bin(1.0)}": 1.0}
        assert counted("twin") == {"shadow_scored": 1.0, "shadow_overlap": 1.0} | scored

    def test_one_that_finds_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        try_in_shadow(monkeypatch, silent_model())
        assert ids(ask("for-you", history=["frame-a"], limit=2)) == ["frame-b", "frame-c"]
        score_waiting()
        found = counted("silent")
        assert (found["shadow_empty"], found["shadow_overlap"], found["shadow_scored"]) == (1.0, 0.0, 1.0)

    def test_the_answer_is_what_it_would_be_without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = ids(ask("for-you", history=["frame-a"]))
        try_in_shadow(monkeypatch, silent_model())
        assert ids(ask("for-you", history=["frame-a"])) == before
        score_waiting()
        assert ids(ask("for-you", history=["frame-a"])) == before

    def test_one_that_cannot_be_loaded_counts_as_failed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        try_in_shadow(monkeypatch, silent_model())
        monkeypatch.setattr(shadow, "load_shadow", lambda _site_id, _stamp: None)
        ask("for-you", history=["frame-a"])
        score_waiting()
        assert counted("silent") == {"shadow_scored": 1.0, "shadow_errors": 1.0}

    def test_none_of_the_requests(self, monkeypatch: pytest.MonkeyPatch) -> None:
        try_in_shadow(monkeypatch, silent_model(), share=0.0)
        ask("for-you", history=["frame-a"])
        assert score_waiting() == 0

    def test_what_does_not_fit_is_dropped_and_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        try_in_shadow(monkeypatch, silent_model())
        monkeypatch.setattr(shadow, "_SCORER", shadow.Scorer(size=2))
        for _ in range(5):
            ask("for-you", history=["frame-a"])
        assert score_waiting() == 2
        assert counted("silent")["shadow_dropped"] == 3.0

    def test_without_a_version_in_the_shadow(self) -> None:
        TrainingSchedule.objects.create(site_id=SITE, shadow_share=1.0)
        ask("for-you", history=["frame-a"])
        assert score_waiting() == 0


class TestTakes:
    @pytest.mark.parametrize(("share", "taken"), [(0.0, 0), (0.1, 1_000), (1.0, 10_000)])
    def test_its_share(self, share: float, taken: int) -> None:
        assert sum(Shadow("m1", share).takes(number) for number in range(10_000)) == taken


def fail(*_arguments: object) -> NoReturn:
    raise IndexError("a defect")


class TestScorer:
    def test_it_is_laid_once_however_often_what_answers_moves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        laid = []

        def lay_over(columns: ItemColumns, loaded: LoadedModel) -> Shelf:
            laid.append(loaded.stamp)
            return laying.lay_over(columns, loaded)

        monkeypatch.setattr(shadow, "lay_over", lay_over)
        monkeypatch.setattr(shadow, "_SCORER", shadow.Scorer(size=10))
        monkeypatch.setattr(reading, "get_live", lambda *_: no_pairs(len(known_model().item_ids)))  # another each time
        try_in_shadow(monkeypatch, silent_model())
        for _ in range(3):
            ask("for-you", history=["frame-a"])
            score_waiting()
        assert (laid, counted("silent")["shadow_scored"]) == (["silent"], 3.0)


def no_pairs(size: int) -> PairCounts:
    """Return counts of nothing."""
    rows, nothing = np.zeros(size, dtype=np.int64), np.empty(0, dtype=np.int32)
    sums = np.zeros(size)
    return PairCounts(rows, rows.astype(np.int32), nothing, nothing.astype(np.float32), sums, sums, 0.0, 0.0)
