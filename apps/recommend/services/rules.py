"""Writing rules: drafted, published, archived; every step is noted with who did it, and checked against what was read.

What is in force moves the site's stamp in the same transaction, so that no process keeps what it compiled before.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import F

from apps.profiles import api as profiles
from apps.recommend.contracts.rules import RuleInfo, RuleInput
from apps.recommend.models import MerchandisingRule, RuleChange, RuleStamp, RuleState
from apps.recommend.rules.check import check_rule
from apps.recommend.rules.stored import rule_not_found, to_rule_info
from specrec.kernel import wire
from specrec.kernel.errors import Conflict


def save_rule(*, site_id: str, rule: RuleInput, number: int | None, by: str, now: datetime) -> RuleInfo:
    """Store the rule as a draft; what is in force stays until it is published.

    number: of the revision that was read before, None where the rule is new. Raises Invalid naming the field, NotFound
    for the site or the rule, and Conflict where somebody else was faster.
    """
    checked = wire.convert(msgspec.to_builtins(rule), RuleInput)
    check_rule(rule=checked)
    written = msgspec.json.decode(msgspec.json.encode(checked))
    if number is None:
        return _create(site_id, written, by, now)
    with transaction.atomic():
        row = _locked(site_id, rule.rule)
        if row is None:
            raise rule_not_found(site_id, rule.rule)
        _check_number(row, number)
        return _change(row, action="draft", by=by, now=now, step=lambda: _put_draft(row, written))


def publish_rule(*, site_id: str, rule: str, number: int, by: str, now: datetime) -> RuleInfo:
    """Put the draft in force, or an archived rule again; raises NotFound, Conflict, and Invalid for what cannot be."""
    with transaction.atomic():
        row = _get(site_id, rule, number)
        if row.state == RuleState.PUBLISHED and row.draft is None:
            message = f"The rule {rule} is published and has no draft: there is nothing to publish."
            raise Conflict(message, code="nothing_to_publish", field="rule")
        check_rule(rule=wire.convert(row.draft or row.written, RuleInput))
        return _change(row, action="publish", by=by, now=now, step=lambda: _put_in_force(row, now))


def archive_rule(*, site_id: str, rule: str, number: int, by: str, now: datetime) -> RuleInfo:
    """Take the rule out of force and keep it, without its draft; raises NotFound, Conflict."""
    with transaction.atomic():
        row = _get(site_id, rule, number)
        if row.state == RuleState.ARCHIVED:
            raise Conflict(f"The rule {rule} is archived already.", code="already_archived", field="rule")
        return _change(row, action="archive", by=by, now=now, step=lambda: _put_away(row))


def discard_draft(*, site_id: str, rule: str, number: int, by: str, now: datetime) -> RuleInfo:
    """Forget the draft of a published rule; raises NotFound, and Conflict where there is none."""
    with transaction.atomic():
        row = _get(site_id, rule, number)
        if row.draft is None:
            message = f"The rule {rule} has no draft beside what is in force. A rule that was never is archived."
            raise Conflict(message, code="no_draft", field="rule")
        return _change(row, action="discard", by=by, now=now, step=lambda: _forget_draft(row))


def _create(site_id: str, written: dict[str, Any], by: str, now: datetime) -> RuleInfo:
    profiles.get_site(site_id=site_id)
    row = MerchandisingRule(site_id=site_id, rule=written["rule"], created_at=now, state=RuleState.DRAFT)
    try:
        with transaction.atomic():
            return _change(row, action="create", by=by, now=now, step=lambda: _put_draft(row, written))
    except IntegrityError as error:
        message = f"The site {site_id} has a rule {row.rule!r} already. Read it, and send its number to change it."
        raise Conflict(message, code="rule_exists", field="rule") from error


def _put_draft(row: MerchandisingRule, written: dict[str, Any]) -> None:
    if row.state == RuleState.PUBLISHED:
        row.draft = None if written == row.written else written
        return
    row.state, row.written, row.draft = RuleState.DRAFT, written, None
    _show(row)


def _put_in_force(row: MerchandisingRule, now: datetime) -> None:
    row.state, row.written, row.draft, row.published_at = RuleState.PUBLISHED, row.draft or row.written, None, now
    _show(row)


def _put_away(row: MerchandisingRule) -> None:
    row.state, row.draft = RuleState.ARCHIVED, None


def _forget_draft(row: MerchandisingRule) -> None:
    row.draft = None


def _show(row: MerchandisingRule) -> None:
    """Put what lists are sorted and filtered by beside what is written."""
    row.kind, row.priority = row.written["kind"], row.written.get("priority", 100)


def _change(row: MerchandisingRule, *, action: str, by: str, now: datetime, step: Callable[[], None]) -> RuleInfo:
    """Do the step and note it; the stamp moves where what is in force did."""
    before, was_in_force = _snapshot(row), _in_force(row)
    step()
    row.number, row.updated_at = row.number + 1, now
    row.save()
    RuleChange.objects.create(
        site_id=row.site_id,
        rule=row.rule,
        number=row.number,
        action=action,
        by=by[:200],
        at=now,
        before=before,
        after=_snapshot(row),
    )
    if _in_force(row) != was_in_force:
        _move_stamp(row.site_id)
    return to_rule_info(row, now=now, time_zone=profiles.get_site(site_id=row.site_id).time_zone)


def _snapshot(row: MerchandisingRule) -> dict[str, Any] | None:
    """Return the rule as the audit keeps it; None before it was first written."""
    return {"state": str(row.state), "written": row.written, "draft": row.draft} if row.number else None


def _in_force(row: MerchandisingRule) -> dict[str, Any] | None:
    return row.written if row.state == RuleState.PUBLISHED else None


def _move_stamp(site_id: str) -> None:
    RuleStamp.objects.get_or_create(site_id=site_id)
    RuleStamp.objects.filter(site_id=site_id).update(stamp=F("stamp") + 1)


def _locked(site_id: str, rule: str) -> MerchandisingRule | None:
    return MerchandisingRule.objects.select_for_update().filter(site_id=site_id, rule=rule).first()


def _get(site_id: str, rule: str, number: int) -> MerchandisingRule:
    row = _locked(site_id, rule)
    if row is None:
        raise rule_not_found(site_id, rule)
    _check_number(row, number)
    return row


def _check_number(row: MerchandisingRule, number: int) -> None:
    if row.number != number:
        message = (
            f"The rule {row.rule} is at revision {row.number}, and what you read was {number}: somebody "
            "changed it meanwhile. Read it again, and repeat what you want of it."
        )
        raise Conflict(message, code="rule_moved", field="number", number=row.number)
