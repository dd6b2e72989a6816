"""Frames that nobody sells, for programs that only need a catalogue to be there."""

from typing import Any


def frame_id(number: int) -> str:
    """Return the id of a frame."""
    return f"frame-{number:05}"


def make_frame(number: int) -> dict[str, Any]:
    """Return a frame as `/v1/items` takes it."""
    price = {"amount": str(60 + number % 200), "currency": "GBP"}
    return {
        "item_id": frame_id(number),
        "item_type": "frame",
        "name": {"en-GB": f"Frame {number}"},
        "brand": f"Brand {number % 40}",
        "attributes": {"shape": "round"},
        "url": f"/frames/{number}",
        "variants": [{"sku": f"sku-{number:05}", "prices": [price], "stock": [{"on_hand": 5}]}],
    }
