"""Reading filters: what is wrong is told with its place, and what was expected there."""

from typing import Any

import pytest

from apps.catalog import api
from apps.catalog.filters.fields import known
from specrec.kernel.errors import Invalid

# text, code, position, a part of what is said
FAULTS = [
    ("prise < 10", "filter_unknown_name", 0, "Did you mean price"),
    ("stock > 3", "filter_unknown_name", 0, "Write in_stock"),
    ('in_stock and at("x")', "filter_unknown_name", 13, "only in_stock_at"),
    ("price", "filter_syntax", 5, "alone is no condition"),
    ("price <", "filter_syntax", 7, "a number"),
    ("price < 10 &&", "filter_syntax", 11, 'Write "and"'),
    ("price < 10 || in_stock", "filter_syntax", 11, 'Write "or"'),
    ("!in_stock", "filter_syntax", 0, 'Write "not"'),
    ("price == 3", "filter_syntax", 7, 'One "=" is enough'),
    ("brand = Vane", "filter_syntax", 8, 'Text stands in quotes: "Vane"'),
    ("brand = \u201cVane\u201d", "filter_syntax", 8, "straight quotes"),
    ('brand = "Vane', "filter_syntax", 8, "does not end"),
    ('brand in "Vane"', "filter_syntax", 9, "expected ("),
    ("(price < 3", "filter_syntax", 10, "expected and, or or )"),
    ("price < 3)", "filter_syntax", 9, "the end"),
    ("price < 3 brand", "filter_syntax", 10, "expected and, or or the end"),
    ("price between 1 or 3", "filter_syntax", 16, "expected and."),
    ("   and", "filter_syntax", 3, "a name such as price"),
    ("released > now - 3", "filter_syntax", 17, "a span such as 30d"),
    ('price < "a"', "filter_wrong_value", 8, "expected a number, not text"),
    ("price < now", "filter_wrong_value", 8, "not a date"),
    ("price = true", "filter_wrong_value", 8, "expected a number, not true or false"),
    ("brand = 3", "filter_wrong_value", 8, "expected text, not a number"),
    ('shape = "ronud"', "filter_wrong_value", 8, "expected aviator"),
    ('shape in ("round", "oblong")', "filter_wrong_value", 19, "'oblong' is none of its values"),
    ('item_type = "glasses"', "filter_wrong_value", 12, "contact_lens"),
    ('shape > "round"', "filter_wrong_value", 6, "which has no order"),
    ('attr.hall > "B"', "filter_wrong_value", 12, "expected a number"),
    ('brand between "a" and "b"', "filter_wrong_value", 0, "which has no order"),
    ("polarised < true", "filter_wrong_value", 10, "which has no order"),
    ("released > 2026-13-01", "filter_wrong_value", 11, "no such date"),
    ('released > "x"', "filter_wrong_value", 11, "expected a date, not text"),
    ("attr.hall = now", "filter_wrong_value", 12, "not a date"),
    ("not " * 60 + "in_stock", "filter_too_deep", 164, "at most 40 deep"),
    ("in_stock or " * 200 + "in_stock", "filter_too_long", 2_000, "at most 2,000"),
]
# text, how it is printed
PRINTED = [
    ("", ""),
    ("  in_stock  ", "in_stock = true"),
    ("PRICE <= 10.50", "price <= 10.5"),
    ("Shape = 'Round'", 'shape = "Round"'),
    ("attr.shape = 'round'", 'shape = "round"'),
    ("tag = 'a\\'b\\\\'", 'tag = "a\'b\\\\"'),
    ('attr."odd name" = 1 or attr.Hall = 2', 'attr."odd name" = 1 or attr.Hall = 2'),
    ("brand not in ('a', 'b')", 'not brand in ("a", "b")'),
    ("((price < 3))", "price < 3"),
    ("in_stock or on_offer and price < 3", "in_stock = true or on_offer = true and price < 3"),
    ("(in_stock or on_offer) and price < 3", "(in_stock = true or on_offer = true) and price < 3"),
    ("not (in_stock and on_offer)", "not (in_stock = true and on_offer = true)"),
    ("released > NOW-2w", "released > now - 14d"),
    ("released > today + 36h", "released > today + 36h"),
    ("released = 2026-02-01", "released = 2026-02-01"),
    ("released = 2026-02-01T01:30:00+01:00", "released = 2026-02-01T00:30:00Z"),
    ("sph_list has -3", "sph_list has (-3)"),
]


def _fault(text: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        api.parse_filter(text)
    return caught.value


class TestParseFilter:
    @pytest.mark.parametrize(("text", "code", "position", "said"), FAULTS)
    def test_tells_what_is_wrong_and_where(self, text: str, code: str, position: int, said: str) -> None:
        fault = _fault(text)

        assert (fault.code, fault.extra["position"], fault.field) == (code, position, "filter")
        assert said in fault.message

    @pytest.mark.parametrize(("text", "printed"), PRINTED)
    def test_is_printed_in_one_way(self, text: str, printed: str) -> None:
        asked = api.parse_filter(text)

        assert asked.key == printed
        assert api.parse_filter(printed) == asked

    def test_marks_the_place_in_its_line(self) -> None:
        fault = _fault("price < 3 and\n  brand = Vane")

        assert (fault.extra["line"], fault.extra["column"]) == (2, 11)
        assert fault.extra["caret"] == "  brand = Vane\n          ^"
        assert fault.message.startswith("Line 2, column 11: expected ")

    def test_shows_only_what_is_near_in_a_long_line(self) -> None:
        text = "in_stock and " * 20 + "!"

        line, mark = _fault(text).extra["caret"].split("\n")

        assert len(line) <= 100
        assert line[mark.index("^")] == "!"

    def test_names_the_field_that_it_came_in(self) -> None:
        with pytest.raises(Invalid) as caught:
            api.parse_filter("x", field="slots[2].filter")

        assert caught.value.as_dict()["field"] == "slots[2].filter"

    @pytest.mark.parametrize(
        ("text", "by_place", "by_time"),
        [
            ("", False, False),
            ('shape = "round" or released > 2026-01-01', False, False),
            ("not (shape exists and price < 3)", True, False),
            ("in_stock", True, False),
            ("discount > 3", True, False),
            ('in_stock_at("leeds")', False, False),
            ("released > now - 3d", False, True),
            ("released between 2026-01-01 and today", False, True),
        ],
    )
    def test_says_what_it_depends_on(self, text: str, by_place: bool, by_time: bool) -> None:  # noqa: FBT001  # cases
        asked = api.parse_filter(text)

        assert (asked.by_place, asked.by_time) == (by_place, by_time)


class TestKnown:
    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("price", {"kind": "number", "many": False}),
            ("shape", {"name": "attr.shape", "kind": "text", "many": False}),
            ("materials", {"kind": "text", "many": True}),
            ("sph_list", {"kind": "number", "many": True}),
            ("add_list", {"kind": "any", "many": True}),
            ("polarised", {"kind": "flag"}),
            ("material", {"kind": "text", "choices": ()}),  # a lens has its list of them, a frame has any
            ("rim", {"choices": ("full", "rimless", "supra")}),
            ("tag", {"name": "attr.tags", "kind": "text", "many": True}),
        ],
    )
    def test_says_what_a_name_is(self, name: str, told: dict[str, Any]) -> None:
        assert {key: getattr(known()[name], key) for key in told} == told
