"""Which data a model would need more of, and how much would be enough."""

from dataclasses import dataclass

import numpy as np

from apps.recommend.ml.sequences import Sequences
from apps.recommend.training.dataset import Happened, TrainingData
from apps.recommend.training.recipe import Needs
from specrec.kernel.errors import Conflict

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Missing:
    """What falls short: so much there is, and so much would be enough."""

    what: str
    have: int
    enough: int

    def __str__(self) -> str:
        return f"{self.what}: {self.have:,} of the {self.enough:,} that would be enough"


def find_missing(data: TrainingData, needs: Needs) -> list[Missing]:
    """Return what falls short of the needs, in the order in which it usually comes in."""
    texts, attributes = data.described.texts, data.described.attributes
    described = sum(bool(text.strip() or said) for text, said in zip(texts, attributes, strict=True))
    return [
        *_short([("items with text or attributes", described, needs.items_with_text)]),
        *missing_events(data, needs),
    ]


def missing_events(data: Happened, needs: Needs) -> list[Missing]:
    """Return what falls short of the needs among events alone."""
    return _short(
        [
            ("events", len(data.all_events.item), needs.events),
            ("shoppers with two items or more", _goers(data.sequences), needs.shoppers),
            ("days of events", _days(data.all_events), needs.days),
        ]
    )


def explain(missing: list[Missing]) -> str:
    """Return a sentence for people; nothing where nothing is missing."""
    return f" Too little data, so expect little: {'; '.join(map(str, missing))}." if missing else ""


def require_items(data: TrainingData, *, site_id: str) -> None:
    """Raise Conflict where there is nothing that a model could be of."""
    if data.item_ids:
        return
    message = (
        f"The catalogue of {site_id} has no items, so there is nothing to train. Import items first; "
        f"{data.unknown_items:,} events name items that it does not hold."
    )
    raise Conflict(message, code="no_items", field="site_id", have=0, enough=1)


def _short(found: list[tuple[str, int, int]]) -> list[Missing]:
    return [Missing(what, have, enough) for what, have, enough in found if have < enough]


def _goers(events: Sequences) -> int:
    """Return how many sequences hold more than one item."""
    if len(events.item) == 0:
        return 0
    pairs = np.unique(np.stack([events.sequence, events.item]), axis=1)
    return int(np.count_nonzero(np.bincount(pairs[0]) > 1))


def _days(events: Sequences) -> int:
    """Return on how many days (UTC) there are events."""
    return len(np.unique(events.time // _DAY))
