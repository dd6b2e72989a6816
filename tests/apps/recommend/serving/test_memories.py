"""How much a process remembers of what callers ask."""

from apps.recommend import conf
from apps.recommend.serving.memories import fitting


class TestFitting:
    def test_of_a_small_catalogue_is_what_was_asked_for(self) -> None:
        assert fitting(512, 10_000) == 512

    def test_of_a_great_one_is_what_there_is_room_for(self) -> None:
        held = fitting(512, 1_000_000, width=13)
        assert 8 < held < 64
        assert held * 1_000_000 * 13 <= conf.HELD_BYTES

    def test_a_few_are_held_however_great_it_is(self) -> None:
        assert fitting(512, 10**9) == 8
