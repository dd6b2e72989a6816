"""What sources made of a catalogue or a model beforehand, so that no request walks over either."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

_Made = TypeVar("_Made")
# (site, name) -> of what it was made, and what. What it was made of is held, so that it is told by identity.
_held: dict[tuple[str, str], tuple[tuple[object, ...], Any]] = {}


def derive(*, site_id: str, name: str, made_of: tuple[object, ...], make: Callable[[], _Made]) -> _Made:
    """Return what `make` gave for the very same objects, made anew where one of them is another.

    A site holds one of each name: two models in use at once (an experiment) need names of their own.
    """
    held = _held.get((site_id, name))
    if held is not None and len(held[0]) == len(made_of) and all(map(_same, held[0], made_of)):
        return cast("_Made", held[1])
    made = make()
    _held[(site_id, name)] = (made_of, made)
    return made


def forget_derived() -> None:
    """Drop all that is held, as a fresh process would have it."""
    _held.clear()


def _same(one: object, other: object) -> bool:
    return one is other
