"""Next baskets: what lies before the split, what is asked, and how repeat and new are told apart."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

from bench.offline.journey import Split, ask, read_lines_of, split_at
from specrec.kernel.errors import Invalid

# household, basket, product, week: one household that comes back twice, one that is new, one that stays away
LINES = [(1, 11, 501, 1), (1, 11, 502, 1), (3, 31, 503, 1), (1, 12, 501, 2), (1, 12, 503, 2), (1, 13, 502, 2)]
LINES += [(2, 21, 501, 2)]


def write(folder: Path, lines: list[tuple[int, int, int, int]]) -> None:
    names = ("household_id", "basket_id", "product_id", "week")
    columns = {name: [line[place] for line in lines] for place, name in enumerate(names)}
    moments = [datetime(2017, 1, basket % 10 + 7 * week) for _, basket, _, week in lines]  # noqa: DTZ001 - as the file has them
    table = pa.table(columns | {"transaction_timestamp": pa.array(moments, pa.timestamp("ns"))})
    parquet.write_table(table, folder / "transactions.parquet")
    products = {"product_id": [501, 502, 503], "product_category": ["bread", "bread", None]}
    parquet.write_table(pa.table(products), folder / "products.parquet")


def split(folder: Path) -> Split:
    write(folder, LINES)
    return split_at(read_lines_of(folder), week=2, weeks=1)


class TestReadLinesOf:
    def test_products_of_one_category_are_one_kind(self, tmp_path: Path) -> None:
        write(tmp_path, LINES)
        kind = read_lines_of(tmp_path).kind
        assert kind[0] == kind[1] != kind[2]

    def test_a_missing_column_is_named(self, tmp_path: Path) -> None:
        write(tmp_path, LINES)
        table = parquet.read_table(tmp_path / "transactions.parquet").drop_columns(["week"])
        parquet.write_table(table, tmp_path / "transactions.parquet")
        with pytest.raises(Invalid, match="week"):
            read_lines_of(tmp_path)


class TestSplitAt:
    def test_only_weeks_before_are_learned_from(self, tmp_path: Path) -> None:
        assert split(tmp_path).counts.toarray().tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]

    def test_the_first_basket_of_who_was_there_before_is_asked_for(self, tmp_path: Path) -> None:
        found = split(tmp_path)
        assert (found.household.tolist(), found.items.tolist(), found.indptr.tolist()) == ([0], [0, 2], [0, 2])


class TestAsk:
    def test_repeat_and_new_are_ranked_apart(self, tmp_path: Path) -> None:
        def scorer(numbers: NDArray[np.int64]) -> NDArray[np.float32]:
            return np.repeat(np.array([[1.0, 2.0, 0.5]], dtype=np.float32), len(numbers), axis=0)

        figures = ask(scorer, split(tmp_path))
        assert figures["repeat ndcg@10"] == pytest.approx(1 / np.log2(3), abs=1e-5)
        assert figures["new ndcg@10"] == 1.0
        assert figures["all recall@10"] == 1.0
