"""Which answers leave a trace by themselves."""

from apps.recommend.models import TraceSampling

_WHOLE = 1 << 32


def find_share(*, site_id: str) -> float:
    """Return the part of the answers of the site that is drawn, 0 to 1."""
    share = TraceSampling.objects.filter(site_id=site_id).values_list("share", flat=True).first()
    return share or 0.0


def is_drawn(number: int, share: float) -> bool:
    """Return whether the answer of this number (that of its id, which is random) is drawn."""
    return share > 0.0 and number % _WHOLE < share * _WHOLE
