"""Attributes as columns."""

from typing import Any

import numpy as np
import pytest

from apps.catalog.columns.attributes import AttributeColumns
from apps.catalog.contracts import AttributeColumn

ATTRIBUTES: list[dict[str, Any]] = [
    {"shape": "round", "a_mm": 52, "tags": ["new", "light", "new"]},
    {},
    {"shape": "oval", "polarised": True, "base_curves": [8.4, 8.65, 9], "extra": {"season": "spring", "shape": "x"}},
    {"shape": "round", "polarised": False, "a_mm": 49.5, "tags": ["light"], "extra": None, "empty": []},
]


@pytest.fixture
def columns() -> AttributeColumns:
    return AttributeColumns.of(ATTRIBUTES)


def _words(column: AttributeColumn) -> list[list[str]]:
    """Return the words of each row."""
    cut = np.split(column.codes, column.indptr[1:-1])
    return [[column.values[code] for code in codes] for codes in cut]


class TestAttributeColumns:
    def test_names_what_any_item_says(self, columns: AttributeColumns) -> None:
        assert sorted(columns) == ["a_mm", "base_curves", "polarised", "season", "shape", "tags"]
        assert len(columns) == 6
        assert "empty" not in columns
        assert columns.get("colour") is None

    def test_has_a_number_a_row(self, columns: AttributeColumns) -> None:
        np.testing.assert_array_equal(columns["a_mm"].numbers, [52.0, np.nan, np.nan, 49.5])
        assert columns["a_mm"].indptr.tolist() == [0, 0, 0, 0, 0]
        assert columns["a_mm"].numbers.dtype == np.float64

    def test_has_the_words_of_a_row_once(self, columns: AttributeColumns) -> None:
        assert _words(columns["tags"]) == [["new", "light"], [], [], ["light"]]
        assert {columns["tags"].indptr.dtype.name, columns["tags"].codes.dtype.name} == {"int32"}
        assert np.isnan(columns["tags"].numbers).all()

    def test_has_a_flag_as_word_and_number(self, columns: AttributeColumns) -> None:
        assert _words(columns["polarised"]) == [[], [], ["true"], ["false"]]
        np.testing.assert_array_equal(columns["polarised"].numbers, [np.nan, np.nan, 1.0, 0.0])

    def test_has_the_numbers_of_a_list_as_words(self, columns: AttributeColumns) -> None:
        assert _words(columns["base_curves"])[2] == ["8.4", "8.65", "9"]
        assert np.isnan(columns["base_curves"].numbers).all()

    def test_takes_the_name_of_the_schema_before_that_of_the_merchant(self, columns: AttributeColumns) -> None:
        assert _words(columns["shape"]) == [["round"], [], ["oval"], ["round"]]
        assert _words(columns["season"]) == [[], [], ["spring"], []]

    def test_of_no_items(self) -> None:
        assert dict(AttributeColumns.of([])) == {}
