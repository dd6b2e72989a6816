"""A trace for those who care for lists and not for whom they were made: nothing in it tells of the shopper."""

from typing import Any

import msgspec

from apps.recommend.contracts.traces import OF_SHOPPER, TraceInfo
from apps.recommend.serving.recording import PLAIN

HIDDEN = "because of this shopper"
OWN_PAST = frozenset({"recently_viewed", "continue_shopping", "buy_again"})  # what these find is what somebody did


def without_shopper(info: TraceInfo) -> TraceInfo:
    """Return the trace without what was known of the shopper, and without what only that explains."""
    steps = dict(info.steps)
    steps["context"] = {"page": steps["context"]["page"], "history": len(steps["context"]["history"])}
    steps["eligible"] = steps["eligible"] | {"taken_out": _counted(steps["eligible"]["taken_out"])}
    steps["retrieve"] = {"strategies": [_found(one) for one in steps["retrieve"]["strategies"]]}
    return msgspec.structs.replace(
        info,
        asked={name: info.asked[name] for name in ("placement", *PLAIN)},
        known={},
        steps=steps,
        items=[_unled(item) for item in info.items],
        left_out=[
            one for one in info.left_out if one["strategy"] not in OWN_PAST and not OF_SHOPPER.intersection(one["why"])
        ],
    )


def _counted(taken_out: dict[str, list[str]]) -> dict[str, Any]:
    """Return what the page took out by name, and how many the caller or the shopper's own past did."""
    named: dict[str, Any] = {why: items for why, items in taken_out.items() if why in ("page", "shown")}
    hidden = sum(len(items) for why, items in taken_out.items() if why not in named)
    return named | ({HIDDEN: hidden} if hidden else {})


def _found(one: dict[str, Any]) -> dict[str, Any]:
    candidates = () if one["strategy"] in OWN_PAST else one["candidates"]
    return one | {"candidates": [_unled(candidate) for candidate in candidates]}


def _unled(item: dict[str, Any]) -> dict[str, Any]:
    """Return it without the item that led to it, which may be one that the shopper looked at."""
    return {name: value for name, value in item.items() if name not in ("because", "sentence")}
