"""What a client wrote stays its own: sentences about it are read from end to end, never evaluated, never too long."""

from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specrec.kernel import wire
from specrec.kernel.errors import Invalid

PATTERN = r"\A[^\x00-\x20\x7f]+\Z"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    name: wire.Id


class Document(msgspec.Struct, forbid_unknown_fields=True):
    kind: Literal["a", "b"] = "a"
    inner: Inner | None = None
    names: dict[wire.Id, int] = {}


def refusal_of(document: object) -> Invalid:
    with pytest.raises(Invalid) as refused:
        wire.decode(msgspec.json.encode(document), Document)
    return refused.value


class TestDecode:
    @pytest.mark.parametrize(
        ("document", "code", "field"),
        [
            ({"other": 1}, "unknown_field", "other"),
            ({"inner": {"other": 1}}, "unknown_field", "inner.other"),
            ({"inner": {}}, "missing_field", "inner.name"),
            ({"inner": {"name": "a b"}}, "invalid_value", "inner.name"),
            ({"names": {"a b": 1}}, "invalid_value", "names"),
            ({"kind": "c"}, "invalid_value", "kind"),
            ({"kind": 1}, "invalid_type", "kind"),
        ],
    )
    def test_names_code_and_field(self, document: object, code: str, field: str) -> None:
        refused = refusal_of(document)
        assert (refused.code, refused.field) == (code, field)

    def test_says_in_words_what_a_pattern_asks_for(self) -> None:
        words = "Expected an identifier without spaces and control characters."
        assert refusal_of({"inner": {"name": "a b"}}).message == words

    @pytest.mark.parametrize(
        "text",
        [
            " matching regex (",
            " matching regex __import__('os')",
            f"Expected `str` matching regex {PATTERN!r}",
            "missing required field `x`",
            "contains unknown field `x`",
            "a`b",
            "line\nbreak",
            " - at `$",
            " - at `$.x",
            "Expected `int`, got `str`",
        ],
    )
    def test_a_field_named_like_one_of_our_sentences_is_an_unknown_field(self, text: str) -> None:
        refused = refusal_of({text: 1})
        assert (refused.code, refused.field) == ("unknown_field", text)
        refused = refusal_of({"inner": {text: 1}})
        assert (refused.code, refused.field) == ("unknown_field", f"inner.{text}")

    @pytest.mark.parametrize("text", [" matching regex (", "missing required field `x`", "got `str`"])
    def test_a_value_like_one_of_our_sentences_is_an_invalid_value(self, text: str) -> None:
        refused = refusal_of({"kind": text})
        assert (refused.code, refused.field) == ("invalid_value", "kind")

    def test_does_not_hand_back_a_long_name_whole(self) -> None:
        refused = refusal_of({"x" * 10_000: 1})
        assert refused.field == "x" * 200 + "…"
        assert len(refused.message) < 310

    def test_does_not_hand_back_a_long_value_whole(self) -> None:
        refused = refusal_of({"kind": "x" * 10_000})
        assert refused.field == "kind"
        assert len(refused.message) < 310

    @given(st.text(alphabet=st.sampled_from("`$.[]-' \\({at matching regex"), max_size=60))
    def test_any_text_is_refused_and_nothing_else_happens(self, text: str) -> None:
        assert refusal_of({text: 1}).code == "unknown_field"
        assert refusal_of({"kind": f"{text}!"}).code == "invalid_value"
