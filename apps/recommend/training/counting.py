"""The seam at which pairs are counted: in this process, or on a cluster. Twins: of the same events the same tables.

First-order transitions are such a table too: a window of one step, and nothing counted backward.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.pairtable import count
from apps.recommend.ml.sequences import Sequences
from specrec.kernel.errors import Invalid


class Counter(Protocol):
    """What counts pairs."""

    def __call__(
        self, sequences: Sequences, n_items: int, params: Mapping[str, CovisitationParams]
    ) -> dict[str, PairCounts]:
        """Return a table by name, one for each of the parameters; rules: `ml.pairtable.count`.

        Twins differ by the rounding of float32 at most. Raises Invalid where the events are not laid out as
        `Sequences` says or name an item that is none of the `n_items`.
        """


def count_here(sequences: Sequences, n_items: int, params: Mapping[str, CovisitationParams]) -> dict[str, PairCounts]:
    """Count in this process."""
    check_events(sequences, n_items)
    return {name: count(sequences, n_items, one) for name, one in params.items()}


def check_events(sequences: Sequences, n_items: int) -> None:
    """Raise Invalid unless all columns are as long, sequences lie together and every item has a row.

    Compiled loops do not look: an item without a row would be written beside the table.
    """
    lengths = {len(sequences.sequence), len(sequences.item), len(sequences.weight), len(sequences.time)}
    if len(lengths) > 1:
        raise Invalid(
            f"The columns of the events are {sorted(lengths)} long: each event needs a value in each.",
            code="uneven_events",
            field="sequences",
        )
    if len(sequences.item) == 0:
        return
    if sequences.sequence[0] < 0 or (np.diff(sequences.sequence) < 0).any():
        raise Invalid(
            "Events of one sequence do not lie together, or some have none (-1): order them by sequence, then by time.",
            code="unordered_events",
            field="sequence",
        )
    lowest, highest = int(sequences.item.min()), int(sequences.item.max())
    if lowest < 0 or highest >= n_items:
        raise Invalid(
            f"Items are rows from 0 to {n_items - 1}, but the events name {lowest if lowest < 0 else highest}: "
            "leave out events of items that the catalogue does not hold.",
            code="unknown_item",
            field="item",
        )
