"""Why an item is shown: every code in every language, and what is never said."""

import re
from typing import Any, get_args

import pytest

from apps.recommend import conf
from apps.recommend.contracts.placements import Strategy
from apps.recommend.contracts.serving import Reason
from apps.recommend.serving.reasons import CODE_OF, PINNED, TRIED, language_of, list_sentences, make_reason

LANGUAGES = ["de", "en", "es", "fr", "nl"]
HEALTH_WORDS = re.compile(
    r"\b(lens|lense|prescription|eye|vision|hearing|dioptr|linse|rezept|auge|seh|hör|vue|ordonnance|lentille|ouïe|"
    r"audition|oog|zicht|recept|gehoor|vista|ojo|receta|lentilla|oído)",
    re.IGNORECASE,
)


def reason(code: str, **changes: Any) -> Reason:
    values: dict[str, Any] = {"language": "en", "item_id": "frame-a", "name": "Frame A", "item_type": "frame"}
    return make_reason(code=code, **(values | changes))


class TestListSentences:
    def test_five_languages(self) -> None:
        assert sorted(list_sentences()) == LANGUAGES

    def test_every_strategy_has_a_code(self) -> None:
        assert set(CODE_OF) == set(get_args(Strategy))

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_code_has_a_sentence(self, language: str) -> None:
        assert set(list_sentences()[language]) == {*CODE_OF.values(), PINNED, TRIED}

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_language_has_the_same_forms_with_the_same_places(self, language: str) -> None:
        def places(language: str) -> dict[str, dict[str, set[str]]]:
            return {
                code: {form: set(re.findall(r"{.*?}", getattr(sentence, form))) for form in forms(sentence)}
                for code, sentence in list_sentences()[language].items()
            }

        def forms(sentence: Any) -> list[str]:
            return [form for form in sentence.__struct_fields__ if getattr(sentence, form)]

        assert places(language) == places("en")

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_whoever_names_an_item_can_also_say_it_without(self, language: str) -> None:
        for sentence in list_sentences()[language].values():
            assert ("{item}" in sentence.text) == bool(sentence.unnamed)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_no_word_of_health(self, language: str) -> None:
        for sentence in list_sentences()[language].values():
            for form in sentence.__struct_fields__:
                assert HEALTH_WORDS.search(getattr(sentence, form)) is None


class TestLanguageOf:
    @pytest.mark.parametrize(("locale", "language"), [("de-AT", "de"), ("nl", "nl"), ("pl-PL", "en"), ("", "en")])
    def test_language(self, locale: str, language: str) -> None:
        assert language_of(locale) == language


class TestMakeReason:
    def test_the_item_is_named(self) -> None:
        assert reason("also_bought", language="fr") == Reason("also_bought", "Souvent acheté avec Frame A", "frame-a")

    def test_a_name_with_braces_stays_as_it_is(self) -> None:
        assert reason("similar_to", name="{count} {item}").text == "Similar to {count} {item}"

    @pytest.mark.parametrize("item_type", sorted(conf.UNNAMED_ITEM_TYPES))
    def test_of_health_neither_name_nor_id(self, item_type: str) -> None:
        assert reason("goes_with", item_type=item_type) == Reason("goes_with", "Goes with your choice", None)

    def test_without_an_item(self) -> None:
        assert reason("similar_to", item_id=None, name="", item_type="") == Reason(
            "similar_to", "Similar to what you are looking at", None
        )

    @pytest.mark.parametrize("name", ["", "frame-a"])
    def test_an_item_without_a_name_is_referred_to_and_not_named(self, name: str) -> None:
        assert reason("looks_like", name=name) == Reason("looks_like", "Close in size and style", "frame-a")

    def test_a_sentence_that_names_nothing_refers_to_nothing(self) -> None:
        assert reason("popular_here") == Reason("popular_here", "Popular right now", None)

    @pytest.mark.parametrize(
        ("language", "count", "text"),
        [
            ("en", None, "Time to order again?"),
            ("en", -3, "You may need more of this today"),
            ("en", 0, "You may need more of this today"),
            ("en", 1, "You may need more of this in 1 day"),
            ("en", 12, "You may need more of this in 12 days"),
            ("de", 1, "In 1 Tag könnten Sie Nachschub brauchen"),
            ("de", 2, "In 2 Tagen könnten Sie Nachschub brauchen"),
            ("fr", 1, "Il vous en faudra peut-être dans 1 jour"),
        ],
    )
    def test_numbers_have_their_plural(self, language: str, count: int | None, text: str) -> None:
        assert reason("buy_again", language=language, count=count).text == text

    def test_a_number_that_a_sentence_cannot_say_is_not_said(self) -> None:
        assert reason("new_in", count=4).text == "New in"

    def test_an_unknown_code_is_a_defect(self) -> None:
        with pytest.raises(KeyError):
            reason("no_such_code")
