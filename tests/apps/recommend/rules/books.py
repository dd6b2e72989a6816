"""Rules as the tests of services, dry runs and doors write them."""

from typing import Any

import msgspec

from apps.recommend import api
from apps.recommend.contracts.rules import RuleInfo, RuleInput
from tests.apps.recommend.serving.lens_lane import NOW, SITE


def make_rule(rule: str = "no-a", kind: str = "exclude", **changes: Any) -> RuleInput:
    """Return a rule; by itself it excludes frame-a."""
    values: dict[str, Any] = {"title": rule, "target": {"item_ids": ["frame-a"]}} | changes
    return msgspec.convert({"rule": rule, "kind": kind, **values}, RuleInput)


def save(rule: RuleInput, number: int | None = None) -> RuleInfo:
    """Store a draft."""
    return api.save_rule(site_id=SITE, rule=rule, number=number, by="ann", now=NOW)


def publish(rule: RuleInput) -> RuleInfo:
    """Store a new rule and put it in force."""
    number = save(rule).number
    return api.publish_rule(site_id=SITE, rule=rule.rule, number=number, by="ann", now=NOW)
