"""Which twin counts."""

from pathlib import Path

import pytest
from django.test import override_settings

from apps.recommend.training.counters import chosen_counter
from apps.recommend.training.counting import count_here
from apps.recommend.training.spark import SparkCounter
from specrec.kernel.errors import Invalid


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
