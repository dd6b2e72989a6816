"""What bench.tune may choose from, and how the best is written."""

import tomllib
from pathlib import Path

import optuna
import pytest

from bench.tune import read_space, space_of, suggest, to_toml
from specrec.kernel.errors import Invalid


class TestReadSpace:
    def test_tables_become_paths(self, tmp_path: Path) -> None:
        path = tmp_path / "space.toml"
        path.write_text("[mix]\nlatent = [0.0, 0.2]\n[covisitation]\nwindow = [4, 20]\n")
        assert read_space(path) == {"mix.latent": [0.0, 0.2], "covisitation.window": [4, 20]}

    def test_what_is_no_toml_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "space.toml"
        path.write_text("[mix")
        with pytest.raises(Invalid, match="as TOML"):
            read_space(path)


class TestSpaceOf:
    def test_a_single_value_is_no_choice(self) -> None:
        with pytest.raises(Invalid, match=r"mix\.latent"):
            space_of({"mix": {"latent": [0.1]}}, source="here")

    def test_a_value_outside_a_table_is_no_choice(self) -> None:
        with pytest.raises(Invalid, match="latent"):
            space_of({"latent": [0.1, 0.2]}, source="here")

    def test_nothing_is_refused(self) -> None:
        with pytest.raises(Invalid, match="nothing to choose"):
            space_of({}, source="here")


class TestSuggest:
    @pytest.mark.parametrize(
        ("choice", "value", "kind"),
        [([1, 4], 3, int), ([0.0, 1.0], 0.25, float), ([64, 128, 256], 128, int), ([True, False], False, bool)],
    )
    def test_a_value_is_of_the_kind_of_the_choice(self, choice: list[object], value: object, kind: type) -> None:
        found = suggest(optuna.trial.FixedTrial({"a.b": value}), "a.b", choice)
        assert (found, type(found)) == (value, kind)


class TestToToml:
    def test_what_is_written_reads_as_the_same(self) -> None:
        lines = to_toml({"mix.latent": 0.1, "mix.repeats": True, "ranker.trees": 60, "ranker.loss": "pairs"})
        assert tomllib.loads("\n".join(lines)) == {
            "algorithms": {"mix": {"latent": 0.1, "repeats": True}, "ranker": {"trees": 60, "loss": "pairs"}}
        }
