"""Whether attributes are those of their item type: checked by name, unit and range."""

import re
from typing import Any

import msgspec

from apps.catalog.conf.frames import FrameAttributes, FrameVariantAttributes, SunglassesAttributes
from apps.catalog.conf.others import (
    AccessoryAttributes,
    ContactLensAttributes,
    HearingAttributes,
    LensOptionAttributes,
    ServiceAttributes,
    SolutionAttributes,
)
from apps.catalog.conf.words import Attributes
from specrec.kernel import wire
from specrec.kernel.errors import Invalid

ITEM_ATTRIBUTES: dict[str, type[Attributes]] = {
    "frame": FrameAttributes,
    "sunglasses": SunglassesAttributes,
    "contact_lens": ContactLensAttributes,
    "lens_option": LensOptionAttributes,
    "solution": SolutionAttributes,
    "accessory": AccessoryAttributes,
    "hearing": HearingAttributes,
    "service": ServiceAttributes,
}
VARIANT_ATTRIBUTES: dict[str, type[Attributes]] = {
    "frame": FrameVariantAttributes,
    "sunglasses": FrameVariantAttributes,
}
MAX_FACTS = 200
MAX_NUMBER = 1e15
MAX_TEXT = 500
MAX_NAME = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def checked_item_attributes(item_type: str, attributes: dict[str, Any], *, at: str) -> dict[str, Any]:
    """Return the attributes of an item as they are stored; raises Invalid with a field such as `attributes.shape`."""
    return _checked(ITEM_ATTRIBUTES.get(item_type), attributes, at=at)


def checked_variant_attributes(item_type: str, attributes: dict[str, Any], *, at: str) -> dict[str, Any]:
    """Return the attributes of a variant as they are stored; types without a schema take any words and numbers."""
    return _checked(VARIANT_ATTRIBUTES.get(item_type), attributes, at=at)


def _checked(kind: type[Attributes] | None, attributes: dict[str, Any], *, at: str) -> dict[str, Any]:
    if not attributes:
        return {}
    if kind is None:
        extra = attributes.get("extra")
        _check_facts({name: value for name, value in attributes.items() if name != "extra"}, at=at)
        if extra is not None:
            _check_facts(extra, at=f"{at}.extra")
        return attributes
    checked = wire.convert(attributes, kind, at=at)
    _check_facts(checked.extra, at=f"{at}.extra")
    plain: dict[str, Any] = msgspec.to_builtins(checked)
    return plain


def _check_facts(facts: Any, *, at: str) -> None:
    """Raise Invalid unless this is a dictionary of words to words, numbers, flags and lists of words or numbers."""
    if not isinstance(facts, dict):
        raise Invalid("Expected a dictionary.", code="invalid_type", field=at)
    if len(facts) > MAX_FACTS:
        raise Invalid(f"At most {MAX_FACTS} attributes are accepted, got {len(facts)}.", code="too_many", field=at)
    for name, value in facts.items():
        if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME or _CONTROL.search(name):
            message = (
                f"The name of an attribute must have 1 to {MAX_NAME} characters, none of them a control character."
            )
            raise Invalid(message, code="invalid_name", field=at)
        entries = value if isinstance(value, list) else [value]
        if len(entries) > MAX_FACTS:
            raise Invalid(f"At most {MAX_FACTS} entries are accepted.", code="too_many", field=f"{at}.{name}")
        for entry in entries:
            _check_fact(entry, at=f"{at}.{name}")


def _check_fact(value: Any, *, at: str) -> None:
    if isinstance(value, str):
        if len(value) > MAX_TEXT or _CONTROL.search(value):
            message = f"Text may have {MAX_TEXT} characters, none of them a control character."
            raise Invalid(message, code="invalid_value", field=at)
    elif isinstance(value, bool | int | float):
        if not abs(value) <= MAX_NUMBER:
            raise Invalid("The number is too large.", code="out_of_range", field=at)
    else:
        message = "Expected text, a number, true or false, or a list of text or numbers."
        raise Invalid(message, code="invalid_type", field=at)
