"""Whether a rule says something that can be done: which fields its kind needs, and which mean nothing to it."""

from zoneinfo import ZoneInfo

import msgspec

from apps.recommend.contracts.rules import Effect, RuleInput, RuleKind, Schedule
from apps.recommend.rules.targets import filter_of
from specrec.kernel.errors import Invalid

_NEEDED: dict[RuleKind, tuple[str, ...]] = {
    "pin": ("position",),
    "boost": ("factor",),
    "bury": ("factor",),
    "exclude": (),
    "include": (),
    "share": ("share",),
    "spacing": ("distance",),
    "max_per_group": ("count",),
    "price_guard": (),
    "margin_guard": ("least_margin",),
}
_ALLOWED: dict[RuleKind, tuple[str, ...]] = {
    "share": ("at_most",),
    "spacing": ("group_by",),
    "max_per_group": ("group_by",),
    "price_guard": ("least", "most"),
    "margin_guard": ("tax", "unknown_passes"),
}
_GROUPING = frozenset({"spacing", "max_per_group"})
_GUARDS = frozenset({"price_guard", "margin_guard"})
_PLAIN = Effect()
_RESERVED = frozenset({"dry-run", "notices"})


def check_rule(*, rule: RuleInput) -> None:
    """Raise Invalid, naming the field, for a rule that cannot do what its kind does."""
    if rule.rule in _RESERVED:
        raise _wrong("rule", f"{rule.rule!r} is an address of its own: choose another key.")
    _check_effect(rule)
    _check_target(rule)
    _check_schedule(rule.schedule)


def fields_of(*, kind: RuleKind) -> tuple[str, ...]:
    """Return the fields of an effect that say something in a rule of this kind, the needed ones first."""
    return _NEEDED[kind] + _ALLOWED.get(kind, ())


def _check_effect(rule: RuleInput) -> None:
    kind, effect = rule.kind, rule.effect
    for name in _NEEDED[kind]:
        if getattr(effect, name) is None:
            raise _wrong(f"effect.{name}", f"A rule of the kind {kind} needs it.", code="field_missing")
    for name in msgspec.structs.asdict(_PLAIN):
        if name not in fields_of(kind=kind) and getattr(effect, name) != getattr(_PLAIN, name):
            raise _wrong(f"effect.{name}", f"It means nothing to a rule of the kind {kind}: leave it out.")
    if effect.factor is not None:
        _check_factor(kind, effect.factor)
    if kind == "price_guard":
        _check_prices(effect)


def _check_factor(kind: RuleKind, factor: float) -> None:
    if kind == "boost" and factor < 1.0:
        raise _wrong("effect.factor", "A boost is a factor from 1 to 10. To move items down write a bury.")
    if kind == "bury" and factor > 1.0:
        raise _wrong("effect.factor", "A bury is a factor from 0.1 to 1. To move items up write a boost.")


def _check_prices(effect: Effect) -> None:
    if effect.least is None and effect.most is None:
        raise _wrong("effect.least", "A price guard needs a least price, a most price, or both.", code="field_missing")
    if effect.least is not None and effect.most is not None and effect.least > effect.most:
        raise _wrong("effect.most", "The most is below the least: nothing has such a price.")


def _check_target(rule: RuleInput) -> None:
    target = rule.target
    filter_of(target)
    if rule.kind == "pin" and (target.filter or not target.item_ids):
        raise _wrong("target.item_ids", "A pin names its items; the first of them that can be had is shown.")
    if target.item_ids or target.filter or rule.kind in _GUARDS or (rule.kind in _GROUPING and rule.effect.group_by):
        return
    message = f"A rule of the kind {rule.kind} needs items or a filter: without them it would be about every item."
    raise _wrong("target", message, code="field_missing")


def _check_schedule(schedule: Schedule) -> None:
    if schedule.time_zone:
        try:
            ZoneInfo(schedule.time_zone)
        except (KeyError, ValueError, OSError) as error:
            message = f"No time zone is named {schedule.time_zone!r}. Use an IANA name such as Europe/London."
            raise _wrong("schedule.time_zone", message, code="bad_time_zone") from error
    if schedule.starts_at and schedule.ends_at and schedule.ends_at <= schedule.starts_at:
        raise _wrong("schedule.ends_at", "It ends before it starts: choose a later end.")


def _wrong(field: str, message: str, *, code: str = "bad_rule") -> Invalid:
    return Invalid(message, code=code, field=field)
