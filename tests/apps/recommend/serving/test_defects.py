"""A defect of ours on the way to an answer: the page still gets one."""

import logging
from typing import NoReturn

import pytest

from apps.recommend.serving import expose, pipeline, retrieve
from apps.recommend.serving.state import Draft
from specrec.kernel.errors import Denied, Unavailable
from tests.apps.recommend.serving.lens_lane import (
    ANNA,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    consent,
    ids,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
    remember,
)

pytestmark = pytest.mark.usefixtures("model")
POPULAR = ["frame-e", "frame-d", "frame-c", "frame-b"]


def fail(*_arguments: object) -> NoReturn:
    raise IndexError("a defect")


def break_step(monkeypatch: pytest.MonkeyPatch, broken: str, error: Exception | None = None, times: int = 1) -> None:
    """Let the step fail the first few times."""
    left = [error or IndexError("a defect")] * times

    def wrap(name: str, step: pipeline.Step) -> pipeline.Step:
        def run(draft: Draft) -> None:
            if name == broken and left:
                raise left.pop()
            step[1](draft)

        return name, run

    monkeypatch.setattr(pipeline, "FIRST", wrap(pipeline.FIRST[0], pipeline.FIRST))
    monkeypatch.setattr(pipeline, "LAST", wrap(pipeline.LAST[0], pipeline.LAST))
    monkeypatch.setattr(pipeline, "STEPS", tuple(wrap(step[0], step) for step in pipeline.STEPS))


class TestSources:
    def test_one_that_fails_counts_as_empty(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setitem(retrieve.SOURCES, "for_you", (fail,))
        with caplog.at_level(logging.ERROR):
            answer = ask("for-you", history=["frame-a"])
        assert (ids(answer), answer.fallback) == (POPULAR, "popular")
        assert "a source of for_you failed" in caplog.text

    def test_the_next_of_the_strategy_is_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(retrieve.SOURCES, "for_you", (fail, *retrieve.SOURCES["new_in"]))
        answer = ask("for-you", limit=2)
        assert (ids(answer), answer.fallback) == (["frame-a", "frame-b"], None)


class TestSteps:
    @pytest.mark.parametrize("step", ["context", "eligible", "retrieve", "score", "arrange"])
    def test_what_is_popular_answers(self, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
        break_step(monkeypatch, step)
        answer = ask("for-you", history=["frame-a"])
        assert (ids(answer), answer.strategy, answer.fallback) == (POPULAR, "for_you", "popular")

    def test_a_part_away_is_no_reason_to_fail(self, monkeypatch: pytest.MonkeyPatch) -> None:
        break_step(monkeypatch, "context", Unavailable("away", code="away"))
        assert ids(ask("for-you")) == POPULAR

    def test_what_the_shopper_refused_stays_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        consent("anna", "history_personalisation")
        remember("anna", ("frame-e", "dismiss", 1))
        break_step(monkeypatch, "score")
        assert "frame-e" not in ids(ask("for-you", shopper=ANNA))

    def test_an_empty_slate_is_the_last_resort(self, monkeypatch: pytest.MonkeyPatch) -> None:
        break_step(monkeypatch, "arrange", times=2)
        answer = ask("for-you")
        assert (answer.items, answer.fallback, answer.personalised) == ((), None, False)

    def test_an_exposure_that_fails_takes_nothing_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(expose, "_BUFFER", expose.ExposureBuffer(size=9))
        break_step(monkeypatch, "expose")
        assert ids(ask("popular")) == POPULAR
        assert expose.exposure_counts() == {"waiting": 0, "lost": 0}

    def test_what_the_caller_may_not_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        break_step(monkeypatch, "context", Denied("no", code="no"))
        with pytest.raises(Denied):
            ask("for-you")
