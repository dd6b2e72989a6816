"""The decision table of rules: what a plan says, case by case."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from apps.catalog import api as catalog
from apps.recommend.rules import compile as compile_rules_of
from apps.recommend.rules.pins import Placed, place_pins
from apps.recommend.rules.plan import Limit
from tests.apps.recommend.rules.books import make_rule
from tests.apps.recommend.rules.vectors import COLUMNS, IDS, Run, named, read_cases

CASES = [case for name in ("conflicts", "scopes", "schedules") for case in read_cases(name)]


def _placed(run: Run) -> Placed:
    return place_pins(run.plan.pins, limit=run.limit, may=lambda row: row not in run.banned)


def _factors(run: Run) -> dict[str, float]:
    factor = np.ones(len(IDS)) if run.plan.factor is None else run.plan.factor
    return {IDS[row]: round(float(factor[row]), 6) for row in np.flatnonzero(factor != 1.0)}


def _limit(limit: Limit) -> dict[str, Any]:
    groups: dict[int, list[str]] = {}
    for row, code in enumerate(limit.codes.tolist()):
        if code >= 0:
            groups.setdefault(code, []).append(IDS[row])
    said = {"share": limit.share} if limit.kind.endswith("share") else {"count": limit.count}
    return {"kind": limit.kind, "rule": limit.rule, **said, "groups": list(groups.values())}


def _until(run: Run) -> float | None:
    return None if run.plan.until == float("inf") else run.plan.until


TOLD: dict[str, Callable[[Run], Any]] = {
    "in_force": lambda run: list(run.plan.in_force),
    "shown": lambda run: named(np.flatnonzero(run.plan.mask)),
    "pins": lambda run: {str(place): IDS[row] for place, row, _ in _placed(run).places},
    "unshown": lambda run: [*run.plan.unshown, *_placed(run).unshown],
    "include": lambda run: named(run.plan.include),
    "factor": _factors,
    "limits": lambda run: [_limit(limit) for limit in run.plan.limits],
    "limit_order": lambda run: [limit.rule for limit in run.plan.limits],
    "emptied_by": lambda run: list(run.plan.emptied_by),
    "until": _until,
}


def _expected(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value).timestamp() if name == "until" and value else value


PLANNED = [case for case in CASES if set(case["expect"]) & set(TOLD)]


class TestPlanFor:
    @pytest.mark.parametrize("case", PLANNED, ids=lambda case: case["name"])
    def test_case(self, case: dict[str, Any]) -> None:
        run = Run(case)
        wanted = {name: _expected(name, value) for name, value in case["expect"].items() if name in TOLD}
        assert {name: TOLD[name](run) for name in wanted} == wanted

    def test_the_table_is_as_large_as_it_says(self) -> None:
        assert len(CASES) >= 120
        assert len({case["name"] for case in CASES}) == len(CASES)

    def test_masks_that_were_given_are_not_written_to(self) -> None:
        run = Run(next(case for case in CASES if case["name"] == "an exclude takes its items out"))
        assert run.mask[0]
        assert run.offer.available[0]
        assert not run.plan.mask[0]

    def test_without_rules_the_mask_is_the_one_that_came(self) -> None:
        run = Run({"rules": []})
        assert run.plan.mask is run.mask
        assert run.plan.is_plain


class TestSituation:
    def test_what_no_rule_tells_apart_is_one_situation(self) -> None:
        rules = Run({"rules": []}).rules
        one = rules.situation(placement="home", store_id=None, channel="web", category_ids=["a"], audiences=["x"])
        other = rules.situation(placement="home", store_id=None, channel="email")
        assert one == other

    def test_what_a_rule_names_tells_situations_apart(self) -> None:
        rule = {"rule": "r", "kind": "exclude", "target": {"item_ids": ["f1"]}, "scope": {"audiences": ["vip"]}}
        rules = Run({"rules": [rule]}).rules
        one = rules.situation(placement="home", store_id=None, channel="web", audiences=["vip", "x"])
        other = rules.situation(placement="home", store_id=None, channel="web", audiences=["x"])
        assert one != other
        assert one.audiences == {"vip"}


class TestMemory:
    def test_does_not_grow_with_the_stores_that_callers_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(compile_rules_of, "MOST_MADE", 4)
        guard = make_rule("guard", "margin_guard", target={}, effect={"least_margin": 0.1})
        up = make_rule("up", "boost", target={"filter": "price > 10"}, effect={"factor": 2.0})
        rules = compile_rules_of.compile_rules([guard, up], columns=COLUMNS, time_zone="UTC")
        offer = catalog.offer(columns=COLUMNS, store_id=None)
        for number in range(20):
            situation = rules.situation(placement="home", store_id=f"store-{number}", channel="web")
            rules.plan_for(situation, now=1e9, mask=offer.available, offer=offer)
        assert len(rules.masks) <= 4
        assert len(rules.made) <= 4
