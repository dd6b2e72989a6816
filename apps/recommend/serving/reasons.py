"""Why an item is shown, in words."""

from apps.recommend import conf
from apps.recommend.contracts.serving import Reason

CODE_OF = {
    "for_you": "because_viewed",
    "similar": "similar_to",
    "also_viewed": "also_viewed",
    "popular": "popular_here",
    "recently_viewed": "recently_viewed",
    "new_in": "new_in",
}


def language_of(locale: str) -> str:
    """Return the language of the locale that there are sentences for, else the default."""
    language = locale.partition("-")[0]
    return language if language in conf.UNNAMED else conf.DEFAULT_LANGUAGE


def make_reason(*, code: str, language: str, item_id: str | None, name: str, item_type: str) -> Reason:
    """Return the reason; an item that a bystander should not read about is neither named nor referred to."""
    sentence = conf.REASONS[code][language]
    if "{item}" not in sentence:
        return Reason(code=code, text=sentence)
    if item_id is None or item_type in conf.UNNAMED_ITEM_TYPES:
        return Reason(code=code, text=conf.UNNAMED[language])
    return Reason(code=code, text=sentence.replace("{item}", name), item_id=item_id)
