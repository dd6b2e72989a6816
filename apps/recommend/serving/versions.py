"""The versions of all that decides an answer beside the shopper: alike versions give alike answers."""

from typing import Any

import msgspec

from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.registry.sources import digest_sources
from apps.recommend.serving.ready import ReadySite
from specrec.kernel.crypto import sha256_hex

# What an answer is made by; a change elsewhere answers alike.
_FOLDERS = ("ml", "optics", "retrieval", "rules", "experiments", "serving", "features")
_DIGITS = 12


def versions_of(ready: ReadySite, placement: str) -> dict[str, str]:
    """Return the versions by part, "" where there is none; of a placement, weights and experiments a digest.

    placement: its key; ready: as it answers, experiments included
    """
    model, live = ready.shelf.model, ready.live
    return {
        "model": "" if model is None else model.stamp,
        "pairs": _of_pairs(ready.pairs),
        "rules": str(ready.rules.stamp),
        "catalogue": str(ready.shelf.columns.stamp),
        "placement": digest(ready.placements.get(placement)),
        "weights": digest(ready.weights),
        "experiments": digest((live.by_placement.get(placement), live.hold_out)) if live.by_placement else "",
        "program": digest_sources(*_FOLDERS),
    }


def digest(value: Any) -> str:
    """Return twelve digits that stand for the value, "" for none."""
    return "" if value is None else sha256_hex(msgspec.json.encode(value, order="deterministic"))[:_DIGITS]


def _of_pairs(pairs: PairCounts | None) -> str:
    """Return what changes with every pair that is counted."""
    return "" if pairs is None else f"{pairs.step_count:.4f}/{pairs.step_sum:.4f}"
