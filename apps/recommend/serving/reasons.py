"""Why an item is shown, in words: a sentence for every code in every language, each language in a file of its own."""

from functools import cache
from pathlib import Path

import msgspec

from apps.recommend import conf
from apps.recommend.contracts.serving import Reason

FOLDER = Path(__file__).parent / "sentences"

# The code of what a strategy finds; `featured` is for what a rule put there, `discover` for what is tried.
CODE_OF = {
    "for_you": "because_viewed",
    "because_you_viewed": "because_viewed",
    "similar": "similar_to",
    "look_alike": "looks_like",
    "also_viewed": "also_viewed",
    "also_bought": "also_bought",
    "bundle": "bundle",
    "complete_the_pair": "goes_with",
    "continue_shopping": "continue_shopping",
    "recently_viewed": "recently_viewed",
    "buy_again": "buy_again",
    "popular": "popular_here",
    "trending": "trending",
    "bestsellers": "bestseller",
    "new_in": "new_in",
    "on_offer": "on_offer",
    "next_best_action": "next_step",
    "search_context": "matches_search",
    "hand_picked": "hand_picked",
}
PINNED, TRIED = "featured", "discover"


class Sentence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One code in one language.

    text: what is said; "{item}" stands for the name of the item that led to this one
    unnamed: said instead where that item must not, or cannot, be named
    zero, one, other: said instead where a number is known, which "{count}" stands for
    """

    text: str
    unnamed: str = ""
    zero: str = ""
    one: str = ""
    other: str = ""


@cache
def list_sentences() -> dict[str, dict[str, Sentence]]:
    """Return the sentences by language and code, as the files say."""
    return {
        path.stem: msgspec.toml.decode(path.read_bytes(), type=dict[str, Sentence])
        for path in sorted(FOLDER.glob("*.toml"))
    }


@cache
def language_of(locale: str) -> str:
    """Return the language of the locale that there are sentences for, else the default."""
    language = locale.partition("-")[0]
    return language if language in list_sentences() else conf.DEFAULT_LANGUAGE


def make_reason(
    *, code: str, language: str, item_id: str | None, name: str, item_type: str, count: int | None = None
) -> Reason:
    """Return the reason; an item that a bystander should not read about is neither named nor referred to.

    item_id, name, item_type: of the item that led to the one shown; one whose name is only its id is not named
    count: a number that the sentence may say, such as days; below zero counts as zero
    """
    sentence = list_sentences()[language][code]
    counted = _counted(sentence, language, count)
    if counted:
        return Reason(code=code, text=counted)
    if "{item}" not in sentence.text:
        return Reason(code=code, text=sentence.text)
    if item_id is None or item_type in conf.UNNAMED_ITEM_TYPES:
        return Reason(code=code, text=sentence.unnamed)
    if name in ("", item_id):
        return Reason(code=code, text=sentence.unnamed, item_id=item_id)
    return Reason(code=code, text=sentence.text.replace("{item}", name), item_id=item_id)


def _counted(sentence: Sentence, language: str, count: int | None) -> str:
    """Return the form for the number, by the plural rules of the language; empty where there is none (CLDR)."""
    if count is None or not sentence.other:
        return ""
    number = max(count, 0)
    if number == 0 and sentence.zero:
        return sentence.zero
    singular = number == 1 or (number == 0 and language == "fr")
    return (sentence.one if singular else sentence.other).replace("{count}", str(number))
