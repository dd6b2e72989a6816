"""Which service comes next, by what was bought when; services are items.

Intervals are those that are usual, and an operator's to change. What was bought says something of eyes or ears where it
is lenses or aids: such a step may be proposed only to who agreed to that. Nothing is ever concluded of what somebody
may have: no step follows from looking at things.
"""

from collections.abc import Mapping
from dataclasses import dataclass

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Step:
    """A service of the kind `service` is due `after_days` after something of the type was bought.

    until_days: later than this after the last purchase it is too late to speak of it
    quiet_days: so long after the service itself it is not proposed
    health: what was bought says something of health
    from_first: counted from the first purchase that is known, as of what is bought again and again; else from the last
    """

    bought: str
    service: str
    after_days: float
    until_days: float
    quiet_days: float
    health: bool
    from_first: bool = False


STEPS: tuple[Step, ...] = (
    Step("contact_lens", "contact_lens_check", 180.0, 400.0, 365.0, health=True, from_first=True),
    Step("contact_lens", "eye_test", 330.0, 400.0, 700.0, health=True, from_first=True),
    Step("hearing", "hearing_check", 330.0, 400.0, 700.0, health=True, from_first=True),
    Step("lens_option", "eye_test", 330.0, 400.0, 700.0, health=True),
    Step("frame", "adjustment", 90.0, 365.0, 180.0, health=False),
    Step("sunglasses", "adjustment", 180.0, 365.0, 365.0, health=False),
)
# What the page is about -> services that go with it. That is said of the page and of nobody.
OF_PAGE: dict[str, tuple[str, ...]] = {
    "frame": ("advice", "eye_test", "adjustment"),
    "sunglasses": ("advice", "adjustment"),
    "contact_lens": ("contact_lens_fitting", "contact_lens_check", "lesson"),
    "lens_option": ("eye_test", "advice"),
    "solution": ("contact_lens_check",),
    "hearing": ("hearing_check",),
}
ANYBODY: tuple[str, ...] = ("eye_test", "advice", "adjustment")


def due_steps(
    bought: Mapping[str, tuple[float, float]], had: Mapping[str, float], *, now: float, health: bool
) -> list[tuple[str, float]]:
    """Return the kinds of service that are due, the longest overdue (beside its interval) first, with that measure.

    bought: by item type, when something of it was bought first and last, in seconds
    had: by kind of service, when it was had last
    health: whether the shopper agreed that what they bought may say something of eyes or ears
    """
    found: dict[str, float] = {}
    for step in STEPS:
        times = bought.get(step.bought)
        if times is None or (step.health and not health):
            continue
        waited = (now - times[0 if step.from_first else 1]) / DAY
        too_late = (now - times[1]) / DAY > step.until_days
        quiet = (now - had.get(step.service, float("-inf"))) / DAY < step.quiet_days
        if waited >= step.after_days and not too_late and not quiet:
            found[step.service] = max(found.get(step.service, 0.0), waited / step.after_days)
    return sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
