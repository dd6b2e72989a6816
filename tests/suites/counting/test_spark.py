"""What only counting on Spark has: a command, a folder, and what becomes of both when it goes wrong."""

from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.training import spark as on_spark
from apps.recommend.training.counting import count_here
from apps.recommend.training.spark import SparkCounter, write_events
from specrec.kernel.errors import Invalid, Unavailable
from tests.suites.counting.conftest import MASTER, QUIET, need_spark
from tests.suites.counting.events import dense, events, in_turn, random_events

PARAMS = {"covisitation": CovisitationParams()}


def fails_with(counter: SparkCounter) -> Unavailable:
    with pytest.raises(Unavailable) as failed:
        counter(in_turn(0, 1), 2, PARAMS)
    return failed.value


class TestSparkCounter:
    def test_what_the_command_submits_counts_as_this_process_does(self, tmp_path: Path) -> None:
        need_spark()
        options = [word for name, value in QUIET.items() for word in ("--conf", f"{name}={value}")]
        counter = SparkCounter(command=("spark-submit", "--master", MASTER, *options), folder=tmp_path / "new")
        sequences = random_events(seed=20_261_123, count=3_000, sequences=90, items=50)
        there, here = counter(sequences, 50, PARAMS), count_here(sequences, 50, PARAMS)
        np.testing.assert_allclose(dense(there["covisitation"]), dense(here["covisitation"]), rtol=1e-6)
        assert list((tmp_path / "new").iterdir()) == []

    def test_a_command_that_fails_is_told_of_and_leaves_nothing(self, tmp_path: Path) -> None:
        failed = fails_with(SparkCounter(command=("sh", "-c", "echo no room left >&2; exit 3"), folder=tmp_path))
        assert failed.code == "spark_failed"
        assert "ended with 3" in failed.message
        assert "no room left" in failed.message
        assert list(tmp_path.iterdir()) == []

    def test_a_command_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        failed = fails_with(SparkCounter(command=("spark-of-nobody",), folder=tmp_path))
        assert failed.code == "spark_missing"
        assert "spark-of-nobody" in failed.message

    def test_without_a_command_the_variable_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(Invalid) as refused:
            SparkCounter(command=(), folder=tmp_path)(in_turn(0, 1), 2, PARAMS)
        assert refused.value.field == "SPECREC_SPARK_SUBMIT"

    def test_without_pyarrow_it_says_how_to_get_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(on_spark, "pa", None)
        failed = fails_with(SparkCounter(command=("true",), folder=tmp_path))
        assert failed.code == "pyarrow_missing"
        assert "make spark" in failed.message

    def test_of_no_events_spark_is_not_asked(self, tmp_path: Path) -> None:
        tables = SparkCounter(command=("spark-of-nobody",), folder=tmp_path)(events(), 2, PARAMS)
        assert tables["covisitation"].length.tolist() == [0, 0]


class TestWriteEvents:
    def test_a_position_goes_on_from_file_to_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(on_spark, "_FILE_ROWS", 2)
        write_events(tmp_path, in_turn(4, 3, 2, 1, 0), PARAMS)
        files = sorted((tmp_path / "events").iterdir())
        assert [parquet.read_table(file)["position"].to_pylist() for file in files] == [[0, 1], [2, 3], [4]]
