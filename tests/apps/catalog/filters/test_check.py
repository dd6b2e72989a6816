"""What editors are told of a filter: over the face and over HTTP; and the examples of the reference."""

import re
from pathlib import Path
from typing import Any

import pytest

from apps.catalog import api
from apps.catalog.filters.fields import known
from specrec.kernel.errors import NotFound
from tests.apps.catalog.builders import NOON, item, problem_of
from tests.apps.catalog.conftest import Door
from tests.apps.catalog.filters import shop

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "reference" / "filters.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```filter\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def _check(site_id: str, text: str, store_id: str | None = None) -> api.FilterCheck:
    return api.check_filter(site_id=site_id, text=text, store_id=store_id, now=NOON)


class TestCheckFilter:
    def test_counts_what_is_let_through(self, uk: str) -> None:
        shop.write(uk)

        found = _check(uk, "Price<100 and not on_offer")

        assert found == api.FilterCheck("price < 100 and not on_offer = true", 3, 6, ("cloth", "lens", "test"))

    def test_counts_at_a_store(self, uk: str) -> None:
        shop.write(uk)

        assert _check(uk, "in_stock", "leeds").examples == ("round", "test")

    def test_leaves_out_what_is_not_published(self, uk: str) -> None:
        api.upsert_items(site_id=uk, items=[item("a"), item("b", published=False)], now=NOON)

        assert (_check(uk, "").matching, _check(uk, "").items) == (1, 1)

    @pytest.mark.parametrize(
        ("text", "warning"),
        [
            ("base_curve > 3", "No item has base_curve."),
            ('attr.floor = "B"', "No item has attr.floor."),
            ('attr.hall = "C"', "No item has attr.hall 'C'."),
            ('tag in ("summer", "winter")', "No item has tag 'winter'."),
            ('brand != "Vanne"', "No item has brand 'Vanne'."),
            ('category = "Women"', "There is no category 'Women'."),
            ('not item_id in ("rope", "ladder")', "There is no item 'ladder'."),
            ('in_stock_at("york")', "There is no open store 'york'."),
        ],
    )
    def test_warns_of_what_never_matches(self, uk: str, text: str, warning: str) -> None:
        shop.write(uk)

        assert _check(uk, text).warnings == (warning,)

    def test_of_an_unknown_store(self, uk: str) -> None:
        with pytest.raises(NotFound) as caught:
            _check(uk, "", "york")

        assert (caught.value.code, caught.value.field) == ("unknown_store", "store_id")


class TestCheckFilterOverRest:
    def test_answers_what_the_face_says(self, server: Door, uk: str) -> None:
        shop.write(uk)

        answer = server.ask("POST", "/v1/filters/check", {"filter": 'shape = "round"'})

        told = {"filter": 'shape = "round"', "matching": 1, "items": 6, "examples": ["round"], "warnings": []}
        assert (answer.status_code, answer.json()) == (200, told)

    def test_points_at_a_mistake(self, server: Door) -> None:
        answer = server.ask("POST", "/v1/filters/check", {"filter": "price <"})

        assert problem_of(answer) == (400, "filter_syntax", "filter")
        assert answer.json()["position"] == 7
        assert answer.json()["caret"] == "price <\n       ^"
        assert "a number" in answer.json()["expected"]

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ({}, (400, "missing_field", "filter")),
            ({"filter": "", "store": "leeds"}, (400, "unknown_field", "store")),
            ({"filter": "", "store_id": "york"}, (404, "unknown_store", "store_id")),
            ({"filter": "x" * 2_001}, (400, "invalid_value", "filter")),
        ],
    )
    def test_refuses(self, server: Door, body: Any, told: tuple[int, str, str]) -> None:
        assert problem_of(server.ask("POST", "/v1/filters/check", body)) == told

    def test_is_not_for_readers(self, reader: Door) -> None:
        assert reader.ask("POST", "/v1/filters/check", {"filter": ""}).status_code == 403


class TestReference:
    @pytest.mark.parametrize("text", EXAMPLES)
    def test_its_examples_are_read(self, text: str) -> None:
        asked = api.parse_filter(text)

        assert asked.root is not None
        assert api.parse_filter(asked.key).root == asked.root

    def test_it_has_examples(self) -> None:
        assert len(EXAMPLES) >= 6

    def test_its_conditions_are_read(self) -> None:
        table = PAGE.split("| Written |")[1].split("\n\n")[0]
        written = [text.replace("(...)", '("round")') for text in re.findall(r"`([^`]+)`", table)]
        whole = [text for text in written if " " in text and not text.startswith("not ")]

        assert len(whole) >= 10
        assert all(api.parse_filter(text).root is not None for text in whole)

    def test_it_names_every_name_of_the_language(self) -> None:
        names = set(re.findall(r"^\| `(\w+)` \|", PAGE.split("## Names")[1].split("\n## ")[0], re.MULTILINE))

        assert names == {name for name, field in known().items() if field.meaning}
