"""What fails the drill: answers lost, personal, without a fallback's name, or none at all."""

import pytest

from bench.chaos_serving import Phase, _wrong

BOTH = "redis and postgres away"


def phase(name: str = BOTH, *, answers: int = 5, fallback: str = "popular", personal: int = 0) -> Phase:
    found = Phase(name, recovered_s=1.0, personal=personal)
    found.statuses[200] = answers
    found.fallbacks[fallback] = answers
    return found


class TestWrong:
    def test_answers_that_name_their_fallback_are_right(self) -> None:
        assert _wrong([phase(), phase("all is well", fallback="none", personal=5)]) == []

    @pytest.mark.parametrize(
        ("found", "said"),
        [
            (phase(answers=0), f"{BOTH}: nothing was answered"),
            (phase(fallback="none"), f"{BOTH}: 5 answers named no fallback"),
            (phase(personal=2), f"{BOTH}: 2 personal answers though consent could not be read"),
        ],
    )
    def test_what_went_wrong_is_said(self, found: Phase, said: str) -> None:
        assert _wrong([found]) == [said]
