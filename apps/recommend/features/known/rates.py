"""How often what was shown was clicked, what was viewed went into a basket or was bought; with smoothing.

The estimate is the mean of the Beta posterior of a binomial rate, (successes + a) / (trials + a + b), as in Gelman et
al., "Bayesian Data Analysis", 3rd edition, section 2.4. The prior is the site's own rate with the weight of
`conf.RATE_STRENGTH` trials, so that one lucky click out of one impression is not a rate of 1.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from apps.recommend import conf
from apps.recommend.features.define import CountDefinition, CountReading, Entity, Span


class _Rate(NamedTuple):
    name: str
    entity: Entity
    success: str
    trial: str
    days: int


_RATES = (
    _Rate("item_ctr_7d", "item", "click", "impression", 7),
    _Rate("item_cart_rate_28d", "item", "add_to_cart", "view", 28),
    _Rate("item_conversion_28d", "item", "purchase", "view", 28),
    _Rate("placement_ctr_7d", "placement", "click", "impression", 7),
    _Rate("placement_cart_rate_28d", "placement", "add_to_cart", "impression", 28),
    _Rate("placement_conversion_28d", "placement", "purchase", "impression", 28),
)


def smoothed(successes: float, trials: float, *, mean: float, strength: float) -> float:
    """Return the posterior mean under a Beta prior of this mean and strength; more successes than trials count as all.

    Bought without having been viewed, clicked in an e-mail: successes may be counted whose trials were not.
    """
    trials = max(trials, 0.0)
    return (min(max(successes, 0.0), trials) + mean * strength) / (trials + strength)


def rate_of(
    own: tuple[Sequence[int], Sequence[int]], total: tuple[Sequence[int], Sequence[int]], usual: float
) -> float:
    """Return the rate of (successes, trials) of one, drawn to that of all, and that to the usual one."""
    everywhere = smoothed(sum(total[0]), sum(total[1]), mean=usual, strength=1.0)
    return smoothed(sum(own[0]), sum(own[1]), mean=everywhere, strength=conf.RATE_STRENGTH)


def _compute(success: Span, trial: Span, usual: float) -> Callable[[CountReading], float]:
    def compute(reading: CountReading) -> float:
        own, total = reading.own, reading.total
        return rate_of((own[success], own[trial]), (total[success], total[trial]), usual)

    return compute


def _define(rate: _Rate) -> CountDefinition:
    success = Span(f"{rate.entity}.{rate.success}", "d", rate.days, whole_site=True)
    trial = Span(f"{rate.entity}.{rate.trial}", "d", rate.days, whole_site=True)
    return CountDefinition(
        name=rate.name,
        entity=rate.entity,
        type="share",
        window=timedelta(days=rate.days),
        description=f"Events of type {rate.success} per {rate.trial}, drawn towards the rate of the site (Beta prior).",
        spans=(success, trial),
        compute=_compute(success, trial, conf.USUAL_RATES[rate.success]),
    )


DEFINED = tuple(_define(rate) for rate in _RATES)
