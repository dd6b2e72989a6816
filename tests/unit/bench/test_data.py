"""Data sets of the two formats as arrays: what is learned from, what is asked, and what is refused."""

from pathlib import Path

import pytest

from bench.offline.data import read
from specrec.datasets.base import WINDOW
from specrec.kernel.errors import Invalid

SEQUENCES = "ann a b c d\nbob b c\ncid c a b\n"


def write_sequences(folder: Path, text: str = SEQUENCES, attributes: str = '{"a": [1, 2], "b": [2]}') -> None:
    (folder / "shop.txt").write_text(text)
    (folder / "shop_item2attributes.json").write_text(attributes)


def write_sessions(folder: Path, train: str, prefixes: str) -> None:
    (folder / "train_sessions.txt").write_text(train)
    (folder / "test_prefixes.tsv").write_text(prefixes)


class TestReadSequences:
    def test_nothing_is_learned_from_the_last_two(self, tmp_path: Path) -> None:
        write_sequences(tmp_path)
        train = read(tmp_path, "sequences").train
        assert train.item.tolist() == [0, 1, 2]
        assert train.sequence.tolist() == [0, 0, 1]

    def test_the_last_is_asked_for_with_all_before_it(self, tmp_path: Path) -> None:
        write_sequences(tmp_path)
        questions = read(tmp_path, "sequences").questions
        assert questions.indptr.tolist() == [0, 3, 5]
        assert questions.rows.tolist() == [0, 1, 2, 2, 0]
        assert questions.targets.tolist() == [3, 1]
        assert questions.exclude_history

    def test_the_validation_item_is_the_second_last(self, tmp_path: Path) -> None:
        write_sequences(tmp_path)
        questions = read(tmp_path, "sequences", asked="validation").questions
        assert questions.rows.tolist() == [0, 1, 2]
        assert questions.targets.tolist() == [2, 0]

    def test_times_are_those_that_the_loader_gives(self, tmp_path: Path) -> None:
        write_sequences(tmp_path)
        time = read(tmp_path, "sequences").train.time
        assert time[:2].tolist() == [0.0, WINDOW.total_seconds() / 2]
        assert time[2] == pytest.approx(WINDOW.total_seconds() * ((2 * 0.6180339887) % 1))

    def test_every_item_of_the_file_may_be_recommended(self, tmp_path: Path) -> None:
        write_sequences(tmp_path)
        data = read(tmp_path, "sequences")
        assert data.n_items == 4
        assert data.described.attributes[0] == {"attributes": ["1", "2"]}
        assert data.size == {"users": 3, "items": 4, "interactions": 9}

    def test_a_user_with_two_lines_is_refused_with_the_line(self, tmp_path: Path) -> None:
        write_sequences(tmp_path, SEQUENCES + "ann a\n")
        with pytest.raises(Invalid, match=r"shop\.txt, line 4: the user ann"):
            read(tmp_path, "sequences")

    def test_attributes_of_another_shape_are_refused(self, tmp_path: Path) -> None:
        write_sequences(tmp_path, attributes="[1]")
        with pytest.raises(Invalid, match="shop_item2attributes"):
            read(tmp_path, "sequences")

    def test_nothing_to_ask_is_refused(self, tmp_path: Path) -> None:
        write_sequences(tmp_path, "bob b c\n")
        with pytest.raises(Invalid, match="nothing to measure"):
            read(tmp_path, "sequences")

    def test_what_is_not_text_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "shop.txt").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(Invalid, match="UTF-8"):
            read(tmp_path, "sequences")


class TestReadSessions:
    def test_prefixes_are_asked_and_exclude_nothing(self, tmp_path: Path) -> None:
        write_sessions(tmp_path, "a b\nb c\n", "a b\tc\nb\ta\n")
        questions = read(tmp_path, "sessions").questions
        assert questions.rows.tolist() == [0, 1, 1]
        assert questions.targets.tolist() == [2, 0]
        assert not questions.exclude_history

    def test_an_unknown_item_is_left_out_of_a_history_and_asked_for_in_vain(self, tmp_path: Path) -> None:
        write_sessions(tmp_path, "a b\n", "x a\tz\n")
        questions = read(tmp_path, "sessions").questions
        assert questions.rows.tolist() == [0]
        assert questions.targets.tolist() == [-1]

    def test_validation_asks_the_newest_training_sessions(self, tmp_path: Path) -> None:
        write_sessions(tmp_path, "a b\n" * 19 + "b a c\n", "a\tb\n")
        data = read(tmp_path, "sessions", asked="validation")
        assert len(data.train.item) == 38
        assert data.questions.targets.tolist() == [0, 2]

    def test_a_line_without_a_tab_is_refused_with_its_number(self, tmp_path: Path) -> None:
        write_sessions(tmp_path, "a b\n", "a\tb\na b\n")
        with pytest.raises(Invalid, match=r"test_prefixes\.tsv, line 2"):
            read(tmp_path, "sessions")


class TestFirst:
    def test_so_many_questions_are_kept(self, tmp_path: Path) -> None:
        write_sequences(tmp_path)
        cut = read(tmp_path, "sequences").questions.first(1)
        assert (len(cut), cut.rows.tolist(), cut.indptr.tolist()) == (1, [0, 1, 2], [0, 3])

    def test_nought_means_all(self, tmp_path: Path) -> None:
        write_sequences(tmp_path)
        assert len(read(tmp_path, "sequences").questions.first(0)) == 2
