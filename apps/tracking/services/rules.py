"""The rules of a site's intake, as of some seconds ago: asking for every batch is a tenth of a small one."""

import time
from datetime import timedelta

from django.db import InterfaceError, OperationalError

from apps.profiles import api as profiles
from apps.tracking.contracts import Rules
from apps.tracking.models import IntakeRules
from apps.tracking.steps.referrers import host_of
from specrec.kernel.errors import Unavailable

FRESH_SECONDS = 10.0
_known: dict[str, tuple[Rules, float]] = {}


def get_rules(*, site_id: str) -> Rules:
    """Return the rules of the site, at most FRESH_SECONDS old. Raises NotFound, Unavailable."""
    held = _known.get(site_id)
    if held is None or held[1] <= time.monotonic():
        held = _known[site_id] = (_read(site_id), time.monotonic() + FRESH_SECONDS)
    return held[0]


def forget_rules() -> None:
    """Have all rules read again, as in a new process."""
    _known.clear()


def _read(site_id: str) -> Rules:
    try:
        site = profiles.get_site(site_id=site_id)
        keys = profiles.list_keys(site_id=site_id)
        row = IntakeRules.objects.filter(site_id=site_id).first() or IntakeRules(site_id=site_id)
    except (OperationalError, InterfaceError) as error:
        message = "Events cannot be written at the moment. Send the same events again."
        raise Unavailable(message, code="intake_unavailable") from error
    return Rules(
        site_id=site_id,
        time_zone=site.time_zone,
        retention=timedelta(days=site.event_retention_days),
        session_gap=timedelta(minutes=row.session_gap_minutes),
        split_at_midnight=row.split_at_midnight,
        split_at_campaign=row.split_at_campaign,
        drop_bots=row.drop_bots,
        own_hosts=frozenset(host_of(origin) for key in keys for origin in key.allowed_origins) - {""},
    )
