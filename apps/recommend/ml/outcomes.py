"""What experiments are judged by: the one place that says what is counted of a unit, and what each metric is.

A unit is what was assigned: a shopper, or a store. Of each, the FACTS are counted; a metric is the sum of one by
the sum of another, over all units of a variant. Reports, simulations and tests take it from here. An outcome counts
where it came at most the attribution window after a slate of the experiment was seen by the unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Variants = NDArray[np.int32]

# What is counted of a unit, in the order of rows that come from the event table.
FACTS: dict[str, str] = {
    "slates": "slates of the experiment that were seen: an impression came back with their id",
    "clicked": "of those, slates of which an item was clicked",
    "sessions": "sessions in which a slate was seen",
    "visitors": "shoppers who saw a slate: 1 where the unit is a shopper",
    "carted": "shoppers who put something into the basket",
    "bought": "shoppers who bought something",
    "revenue": "what was paid, in the site's currency",
    "pieces": "pieces that were bought",
    "returned": "of those orders, pieces that came back up to now, or to the end of the experiment",
}


class Ratio(NamedTuple):
    """A metric: the sum of `over` by the sum of `under`. `better`: 1 where more is better, -1 where less is."""

    over: str
    under: str
    better: int
    words: str


METRICS: dict[str, Ratio] = {
    "ctr": Ratio("clicked", "slates", 1, "slates clicked of slates seen"),
    "add_to_cart": Ratio("carted", "visitors", 1, "shoppers with something in the basket of shoppers who saw"),
    "conversion": Ratio("bought", "visitors", 1, "shoppers who bought of shoppers who saw"),
    "revenue_per_session": Ratio("revenue", "sessions", 1, "money per session in which a slate was seen"),
    "returns": Ratio("returned", "pieces", -1, "pieces returned of pieces bought"),
}


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The units of an experiment.

    variant: int32 [n], whose side; facts, before: by name of FACTS float64 [n], in the experiment and in the same
    length of time before it began; before is empty where nothing is known of then
    """

    variant: Variants
    facts: Mapping[str, Values]
    before: Mapping[str, Values]

    def of(self, metric: Ratio) -> "Sample":
        """Return the columns of one metric."""
        known = metric.over in self.before and metric.under in self.before
        return Sample(
            variant=self.variant,
            over=self.facts[metric.over],
            under=self.facts[metric.under],
            covariate=_excess(self.before[metric.over], self.before[metric.under]) if known else None,
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """One metric of the units: int32 [n], float64 [n] each; covariate: what the variants cannot have changed."""

    variant: Variants
    over: Values
    under: Values
    covariate: Values | None = None


def _excess(over: Values, under: Values) -> Values | None:
    """Return by how much each unit was above what is usual before; None where all were alike."""
    base = float(under.sum())
    if base <= 0.0:
        return None
    excess = over - over.sum() / base * under
    return excess if np.ptp(excess) > 0.0 else None
