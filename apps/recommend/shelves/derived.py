"""What sources made of a catalogue or a model beforehand, so that no request walks over either.

Rows keep their meaning while their ground (the base of the columns, the version of the model) lives. So a request takes
what there is for its ground, though some items have changed since; whoever refreshes the site makes it anew.
What nobody asked for in a while goes with the next making: it holds what it was made of, whole models that answer no
more.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

_Made = TypeVar("_Made")
FEW = 50_000  # what is made of so few items is made anew at once
PATIENCE_SECONDS = 30.0  # between two makings of what is great
MOST_HELD = 256
IDLE_SECONDS = 600.0


class _Held(NamedTuple):
    """ground: while it lives, rows mean the same; made_of: of what it was made, told by identity."""

    ground: str
    made_of: tuple[object, ...]
    at: float
    value: Any


_held: dict[tuple[str, str], _Held] = {}
_asked_at: dict[tuple[str, str], float] = {}


def derive(
    *,
    key: tuple[str, str],
    ground: str,
    made_of: tuple[object, ...],
    make: Callable[[], _Made],
    size: int = 0,
    again: bool = False,
) -> _Made:
    """Return what `make` gave for these objects, or, to who is in a hurry, what it gave for older ones of the ground.

    key: site and name; an empty ground never outlives its objects; size: how many items it is made of
    again: make it anew where its objects are other ones, at once or (of many) when some seconds have passed
    """
    held, _asked_at[key] = _held.get(key), time.monotonic()
    if held is not None and _serves(held, ground, made_of, size, again=again):
        return cast("_Made", held.value)
    made = make()
    _drop_idle()
    if len(_held) >= MOST_HELD and key not in _held:
        _held.pop(next(iter(list(_held))), None)
    _held[key] = _Held(ground, made_of, time.monotonic(), made)
    return made


def forget_derived() -> None:
    """Drop all that is held, as a fresh process would have it."""
    _held.clear()
    _asked_at.clear()


def _drop_idle() -> None:
    since = time.monotonic() - IDLE_SECONDS
    for key, at in list(_asked_at.items()):
        if at < since:
            _held.pop(key, None)
            _asked_at.pop(key, None)


def _serves(held: _Held, ground: str, made_of: tuple[object, ...], size: int, *, again: bool) -> bool:
    if held.ground != ground:
        return False
    if len(held.made_of) == len(made_of) and all(map(_is, held.made_of, made_of)):
        return True
    if not ground:
        return False
    return not again or (size > FEW and time.monotonic() - held.at < PATIENCE_SECONDS)


def _is(one: object, other: object) -> bool:
    return one is other
