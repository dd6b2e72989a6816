"""How alike two pairs of spectacles look and sit: millimetres by the boxing system, shape, material, colour.

The tolerances are what opticians call the same size: a front of 4 mm more, a bridge of 1.5 mm more are one step off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Attribute -> how many millimetres are one step of difference.
TOLERANCES: dict[str, float] = {
    "front_width_mm": 4.0,
    "dbl_mm": 1.5,
    "a_mm": 2.5,
    "b_mm": 3.0,
    "temple_mm": 5.0,
}
# What is compared as a word, and how much of the whole likeness it is; the millimetres are the rest.
STYLE: dict[str, float] = {"shape": 0.28, "materials": 0.12, "colour_family": 0.12, "rim": 0.08}
METRIC_SHARE = 1.0 - sum(STYLE.values())
SHAPE = tuple(STYLE).index("shape")
# Shapes that are taken for one another at a glance; both ways.
_NEAR = (
    ("round", "panto"), ("round", "oval"), ("oval", "panto"), ("square", "rectangle"), ("square", "browline"),
    ("rectangle", "browline"), ("cat-eye", "butterfly"), ("geometric", "square"), ("wrap", "shield"),
    ("square", "aviator"),
)  # fmt: skip
NEAR_SHAPE = 0.5
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Looks:
    """What is known of the looks of items, by row.

    metrics: float32 [n, 5], in steps of `TOLERANCES`, NaN where unknown; style: int32 [n, 4], codes, -1 where unknown
    near: float32 [shapes, shapes], how alike two shapes are, 1 for the same
    """

    metrics: NDArray[np.float32]
    style: NDArray[np.int32]
    near: NDArray[np.float32]


def make_looks(
    numbers: Mapping[str, NDArray[np.float64]], codes: Mapping[str, NDArray[np.int32]], shapes: Sequence[str], size: int
) -> Looks:
    """Return the looks of `size` items; what a mapping lacks is unknown of all. `shapes` are the words of the codes."""
    metrics = np.full((size, len(TOLERANCES)), np.nan, dtype=np.float32)
    for column, (name, step) in enumerate(TOLERANCES.items()):
        if name in numbers:
            metrics[:, column] = numbers[name] / step
    style = np.full((size, len(STYLE)), UNKNOWN, dtype=np.int32)
    for column, name in enumerate(STYLE):
        if name in codes:
            style[:, column] = codes[name]
    return Looks(metrics, style, near_shapes(shapes))


def near_shapes(shapes: Sequence[str]) -> NDArray[np.float32]:
    """Return how alike each two of the shapes are: 1 the same, 0.5 near, 0 else."""
    near = np.eye(len(shapes), dtype=np.float32)
    place = {shape: at for at, shape in enumerate(shapes)}
    for one, other in _NEAR:
        if one in place and other in place:
            near[place[one], place[other]] = near[place[other], place[one]] = NEAR_SHAPE
    return near


def likeness(looks: Looks, row: int, others: NDArray[np.integer]) -> NDArray[np.float32]:
    """Return how alike each of the other rows looks, float32 [k] between 0 and 1; 0 where nothing can be compared.

    exp(-z2/2) of the mean squared difference in steps, and the weights of the words that agree; what is unknown of
    either side drops out, and the weights of the rest grow to make it up.
    """
    steps = looks.metrics[others] - looks.metrics[row]
    known = ~np.isnan(steps)
    measured = known.any(axis=1)
    counted = np.maximum(known.sum(axis=1), 1)
    squares = np.where(known, steps * steps, np.float32(0.0)).sum(axis=1) / counted
    # Two millimetres alone say less than all five.
    metric_weight = METRIC_SHARE * np.where(measured, counted / steps.shape[1], 0.0)
    total, weight = metric_weight * np.exp(-squares / 2.0), metric_weight
    mine, theirs = looks.style[row], looks.style[others]
    for column, share in enumerate(STYLE.values()):
        if mine[column] == UNKNOWN:
            continue
        both = theirs[:, column] != UNKNOWN
        same = (
            looks.near[mine[column]][np.maximum(theirs[:, column], 0)]
            if column == SHAPE
            else theirs[:, column] == mine[column]
        )
        total = total + np.where(both, same * share, 0.0)
        weight = weight + np.where(both, share, 0.0)
    return np.asarray(np.divide(total, weight, out=np.zeros(len(others)), where=weight > 0), dtype=np.float32)


def has_looks(looks: Looks, row: int) -> bool:
    """Return whether anything of the row can be compared: a millimetre, or the shape."""
    return bool(looks.style[row, SHAPE] != UNKNOWN or not np.isnan(looks.metrics[row]).all())
