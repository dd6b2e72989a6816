"""Which twin counts."""

from pathlib import Path

import pytest
from django.test import override_settings

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.training.counters import chosen_counter, one_table
from apps.recommend.training.counting import count_here
from apps.recommend.training.spark import SparkCounter
from specrec.kernel.errors import Invalid
from tests.suites.counting.events import dense, in_turn


class TestChosenCounter:
    def test_it_is_this_process_unless_told_otherwise(self) -> None:
        assert chosen_counter() is count_here

    @override_settings(COUNTING="spark", SPARK_SUBMIT="submit --conf 'a=b c'", SPARK_DIR=Path("/shared"))
    def test_spark_is_asked_by_the_command_that_is_set(self) -> None:
        assert chosen_counter() == SparkCounter(command=("submit", "--conf", "a=b c"), folder=Path("/shared"))

    @override_settings(COUNTING="hadoop")
    def test_any_other_word_is_refused(self) -> None:
        with pytest.raises(Invalid) as refused:
            chosen_counter()
        assert (refused.value.code, refused.value.field) == ("unknown_counting", "SPECREC_COUNTING")


class TestOneTable:
    def test_the_engine_asks_for_a_table_and_gets_it(self) -> None:
        table = one_table(count_here)(in_turn(0, 1), 2, CovisitationParams(window=1, backward=0.0))
        assert dense(table).tolist() == [[0.0, 1.0], [0.0, 0.0]]

    def test_what_is_refused_stays_refused(self) -> None:
        with pytest.raises(Invalid):
            one_table(count_here)(in_turn(0, 7), 2, CovisitationParams())
