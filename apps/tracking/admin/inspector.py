"""The page that shows what came into a site: counts by reason and the last events, nothing of any shopper."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.profiles import api as profiles
from apps.tracking import api
from apps.tracking.contracts import DropReason
from specrec.kernel.errors import Unavailable

_MEANING: dict[str, str] = {
    DropReason.INVALID: "A value does not meet the schema.",
    DropReason.MISSING_FIELD: "This type of event needs the field.",
    DropReason.TOO_OLD: "Before what the site keeps.",
    DropReason.IN_FUTURE: "More than five minutes ahead.",
    DropReason.NOT_ALLOWED: "This key may not say so.",
    DropReason.INCONSISTENT: "A field is of no use without another.",
    DropReason.BOT: "A crawler or monitor, not a person.",
}


def make_context(*, chosen: str | None, now: datetime) -> dict[str, Any]:
    """Return what the page shows of the chosen site; of the first one when none, or an unknown one, is chosen."""
    sites = profiles.list_sites()
    found = next((site for site in sites if site.site_id == chosen), sites[0] if sites else None)
    context: dict[str, Any] = {"title": "Intake inspector", "sites": sites, "chosen": "", "now": now}
    if found is None:
        return context
    context |= {"chosen": found.site_id, "site": found}
    try:
        seen = api.inspect(site_id=found.site_id, now=now)
    except Unavailable as error:
        return context | {"problem": error.message}
    return context | {
        "accepted_today": _sum(seen.today, "accepted:"),
        "accepted_week": _sum(seen.week, "accepted:"),
        "dropped_today": _sum(seen.today, "dropped:"),
        "dropped_week": _sum(seen.week, "dropped:"),
        "types": _rows(seen.today, seen.week, "accepted:", {}),
        "reasons": _rows(seen.today, seen.week, "dropped:", _MEANING),
        "duplicates": (seen.today.get("duplicate", 0), seen.week.get("duplicate", 0)),
        "accepted": seen.accepted,
        "dropped": seen.dropped,
    }


def _sum(counts: Mapping[str, int], prefix: str) -> int:
    return sum(number for name, number in counts.items() if name.startswith(prefix))


def _rows(
    today: Mapping[str, int], week: Mapping[str, int], prefix: str, meaning: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the counts of the names with this prefix, the most frequent of the week first."""
    names = sorted((name for name in week if name.startswith(prefix)), key=lambda name: (-week[name], name))
    return [
        {
            "name": name.removeprefix(prefix),
            "meaning": meaning.get(name.removeprefix(prefix), ""),
            "today": today.get(name, 0),
            "week": week[name],
        }
        for name in names
    ]
