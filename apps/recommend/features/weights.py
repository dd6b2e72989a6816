"""How much an event of a type says of an interest, as a site has it.

Nothing is remembered here: serving holds the weights with the rest of a site's state, which is read again about every
second, and whoever trains or computes reads them once.
"""

from apps.recommend import conf
from apps.recommend.models import EventWeights


def find_weights(*, site_id: str) -> dict[str, float] | None:
    """Return the weights that the site was given, by event type; None where it has none of its own."""
    row = EventWeights.objects.filter(site_id=site_id).first()
    return None if row is None else {kind: getattr(row, kind) for kind in conf.EVENT_WEIGHTS}


def get_weights(*, site_id: str) -> dict[str, float]:
    """Return the site's weights, or the usual ones."""
    return find_weights(site_id=site_id) or dict(conf.EVENT_WEIGHTS)
