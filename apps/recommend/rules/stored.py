"""Reading the rules of a site: what is in force, what is drafted, what was done to them, what they did."""

import logging
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import msgspec
from django.db import DatabaseError
from django.db.models import QuerySet, Sum

from apps.profiles import api as profiles
from apps.recommend.contracts import rules as contracts
from apps.recommend.contracts.rules import RuleInfo, RuleInput, RuleNotice, RuleRevision
from apps.recommend.models import MerchandisingRule, RuleChange, RuleReport, RuleStamp, RuleState
from apps.recommend.rules.schedule import is_in_force, next_change
from specrec.kernel.errors import NotFound

logger = logging.getLogger(__name__)


def get_rules_stamp(*, site_id: str) -> int:
    """Return the version of what is in force; 0 where nothing ever was."""
    stamp = RuleStamp.objects.filter(site_id=site_id).values_list("stamp", flat=True).first()
    return 0 if stamp is None else stamp


def read_published(*, site_id: str) -> list[RuleInput]:
    """Return the rules that are published, oldest first."""
    rows = _rows(site_id).filter(state=RuleState.PUBLISHED)
    return [to_rule(written) for written in rows.values_list("written", flat=True)]


def read_tried(*, site_id: str, drafts: Collection[str], archived: Collection[str] = ()) -> list[RuleInput]:
    """Return the rules as they would be if these drafts were published and those rules archived, oldest first."""
    return [
        to_rule(row.draft or row.written if row.rule in drafts else row.written)
        for row in _rows(site_id)
        if row.rule not in archived and (row.state == RuleState.PUBLISHED or row.rule in drafts)
    ]


def _rows(site_id: str) -> QuerySet[MerchandisingRule]:
    """Return the rules of a site, oldest first: age decides between rules of one priority."""
    return MerchandisingRule.objects.filter(site_id=site_id).order_by("created_at", "id")


def list_rules(*, site_id: str, now: datetime, state: contracts.RuleState | None = None) -> list[RuleInfo]:
    """Return the rules of a site, by priority, then age; raises NotFound for a site that is not there."""
    zone = profiles.get_site(site_id=site_id).time_zone
    rows = MerchandisingRule.objects.filter(site_id=site_id)
    return [to_rule_info(row, now=now, time_zone=zone) for row in (rows.filter(state=state) if state else rows)]


def get_rule(*, site_id: str, rule: str, now: datetime) -> RuleInfo:
    """Return the rule; raises NotFound."""
    row = MerchandisingRule.objects.filter(site_id=site_id, rule=rule).first()
    if row is None:
        raise rule_not_found(site_id, rule)
    return to_rule_info(row, now=now, time_zone=profiles.get_site(site_id=site_id).time_zone)


def list_revisions(*, site_id: str, rule: str) -> list[RuleRevision]:
    """Return who did what to the rule, newest first."""
    rows = RuleChange.objects.filter(site_id=site_id, rule=rule)
    return [
        RuleRevision(
            rule=row.rule,
            number=row.number,
            action=row.action,
            by=row.by,
            at=row.at,
            before=row.before,
            after=row.after,
        )
        for row in rows
    ]


def list_notices(*, site_id: str, now: datetime, days: int = 7) -> list[RuleNotice]:
    """Return what rules did within so many days that somebody should know, newest first."""
    since = now.astimezone(UTC).date() - timedelta(days=days)
    rows = RuleReport.objects.filter(site_id=site_id, day__gt=since)
    return [
        RuleNotice(rule=row.rule, day=row.day, placement=row.placement, emptied=row.emptied, unshown=row.unshown)
        for row in rows
    ]


def count_notices(*, now: datetime) -> list[tuple[str, int, int]]:
    """Return by site how many slates rules left empty today (UTC), and how many lack a pin.

    Failure policy: without Postgres there are no figures, which is logged.
    """
    rows = RuleReport.objects.filter(day=now.astimezone(UTC).date()).values("site_id").order_by("site_id")
    found = rows.annotate(empty=Sum("emptied"), lacking=Sum("unshown"))
    try:
        return [(row["site_id"], row["empty"], row["lacking"]) for row in found]
    except DatabaseError as error:
        logger.warning("no figures of rules: %s", type(error).__name__)
        return []


def to_rule(written: object) -> RuleInput:
    """Return the rule as it was stored: it was checked when it was written."""
    return msgspec.convert(written, RuleInput, strict=False)


def to_rule_info(row: MerchandisingRule, *, now: datetime, time_zone: str) -> RuleInfo:
    """Return the row as it crosses the face; `time_zone`: the site's."""
    written = to_rule(row.written)
    is_live = row.state == RuleState.PUBLISHED
    change = next_change(written.schedule, now=now, time_zone=time_zone)
    return RuleInfo(
        site_id=row.site_id,
        state=msgspec.convert(row.state, contracts.RuleState),
        written=written,
        draft=None if row.draft is None else to_rule(row.draft),
        number=row.number,
        created_at=row.created_at,
        updated_at=row.updated_at,
        published_at=row.published_at,
        in_force=is_live and is_in_force(written.schedule, now=now, time_zone=time_zone),
        next_change=datetime.fromtimestamp(change, UTC) if is_live and change < float("inf") else None,
    )


def rule_not_found(site_id: str, rule: str) -> NotFound:
    """Return the error for a rule that is not there."""
    message = f"The site {site_id} has no rule {rule!r}. `manage.py rules list {site_id}` names them."
    return NotFound(message, code="rule_not_found", field="rule")
