"""What goes with what: a list of kinds that is written down, because what is bought together by chance may not fit.

A complement is never of the kind of what it completes. What touches the eye or the ear is offered only where the data
say that it suits: no solution for lenses of one day, no battery for an aid that is charged, the right size else.
"""

from collections.abc import Mapping
from typing import Any

Facts = Mapping[str, Any]
# (type, kind) -> what completes it, the most wanted first. The kind is a word of the item's own attributes; "" where
# the type alone says it.
Kind = tuple[str, str]
_GLASSES: tuple[Kind, ...] = (("accessory", "case"), ("accessory", "spray"), ("accessory", "cloth"))
_OF: dict[str, tuple[Kind, ...]] = {
    "frame": (("lens_option", ""), *_GLASSES, ("accessory", "cord"), ("accessory", "kit")),
    "sunglasses": (("accessory", "case"), ("accessory", "cord"), ("accessory", "cloth"), ("accessory", "spray")),
    "lens_option": _GLASSES,
    "contact_lens": (("solution", ""), ("service", "contact_lens_check")),
    "solution": (("solution", "drops"), ("accessory", "case")),
    "hearing": (("hearing", "battery"), ("hearing", "consumable"), ("service", "hearing_check")),
    "accessory": (),
    "service": (),
}
_LENS_CARE = frozenset({"multipurpose", "peroxide", "rgp"})
_WORN_ONCE = frozenset({"daily"})


def kind_of(item_type: str, facts: Facts) -> Kind:
    """Return what kind of thing an item is: its type, and the word that its attributes have for it."""
    word = facts.get("solution_type") if item_type == "solution" else facts.get("kind")
    return item_type, str(word or "")


def complements_of(item_type: str, facts: Facts) -> tuple[Kind, ...]:
    """Return the kinds that complete the item, the most wanted first; a kind without a word stands for its type."""
    found = _OF.get(item_type, ())
    if item_type == "hearing" and facts.get("kind") not in {None, "", "aid"}:
        return ()  # a consumable completes nothing
    if item_type == "contact_lens" and facts.get("modality") in _WORN_ONCE:
        return (("solution", "drops"), *(kind for kind in found if kind != ("solution", "")))
    return found


def is_of(kind: Kind, wanted: Kind) -> bool:
    """Return whether a kind is the wanted one, or one of its type where no word is asked for."""
    return kind[0] == wanted[0] and wanted[1] in {"", kind[1]}


def suits(item_type: str, facts: Facts, other_type: str, other: Facts) -> bool:
    """Return whether the other item completes this one: of a wanted kind, and fitting as far as both sides say."""
    kind = kind_of(other_type, other)
    if kind == kind_of(item_type, facts) or not any(is_of(kind, one) for one in complements_of(item_type, facts)):
        return False
    return fits(item_type, facts, other_type, other)


def fits(item_type: str, facts: Facts, other_type: str, other: Facts) -> bool:
    """Return whether an item of a wanted kind fits this one, as far as both sides say."""
    if other_type == "solution" and item_type == "contact_lens":
        return _solution_suits(facts, other)
    if (other_type, other.get("kind")) == ("hearing", "battery"):
        return not facts.get("rechargeable") and facts.get("battery_size") == other.get("battery_size")
    if other_type == "lens_option":
        return _lens_suits(facts, other)
    return True


def _solution_suits(lens: Facts, solution: Facts) -> bool:
    """Return whether the solution may be used with the lens: its own kind of care where the lens names any."""
    kind = solution.get("solution_type")
    if kind not in _LENS_CARE:
        return kind != "rgp"
    if lens.get("modality") in _WORN_ONCE or lens.get("needs_solution") is False:
        return False
    named = lens.get("solution_types")
    materials = solution.get("lens_materials")
    return (not named or kind in named) and (not materials or lens.get("material") in {None, *materials})


def _lens_suits(frame: Facts, lens: Facts) -> bool:
    """Return whether the spectacle lens can be glazed into the frame, as far as the catalogue says."""
    if frame.get("rx_able") is False:
        return False
    least, index = frame.get("min_index"), lens.get("index")
    if isinstance(least, float) and isinstance(index, float) and index < least - 0.005:
        return False
    fitting = lens.get("min_fitting_height_mm")
    return not (fitting and frame.get("varifocal_ok") is False)
