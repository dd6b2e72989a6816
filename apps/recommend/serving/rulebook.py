"""Rules beside the catalogue that they are about: with what makes them do nothing, and what lists would be with drafts.

A dry run goes through the steps of a real answer, with a state of the site that differs in its rules alone: no shopper
is known, nothing is recorded.
"""

import itertools
from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from apps.recommend.contracts.rules import DryRun, DryRunCase, DryRunInput, RuleInfo, RuleInput, RuleState
from apps.recommend.contracts.serving import Request
from apps.recommend.rules.compile import compile_rules
from apps.recommend.rules.stored import get_rule, list_rules, read_tried
from apps.recommend.rules.warn import warnings_of
from apps.recommend.serving import pipeline
from apps.recommend.serving.ready import Memories, ReadySite
from apps.recommend.serving.sites import get_ready
from apps.recommend.serving.state import Draft
from specrec.kernel.errors import Invalid, NotFound
from specrec.kernel.ids import new_id

MOST_CASES = 200
_SAMPLE = 2


def list_with_warnings(*, site_id: str, now: datetime, state: RuleState | None = None) -> list[RuleInfo]:
    """Return the rules by priority, then age, with warnings; raises NotFound, Unavailable (a site never read)."""
    found = list_rules(site_id=site_id, now=now, state=state)
    ready = get_ready(site_id) if found else None
    return found if ready is None else [_warned(info, ready, now) for info in found]


def show_with_warnings(*, site_id: str, rule: str, now: datetime) -> RuleInfo:
    """Return the rule with warnings; raises NotFound, Unavailable (a site that was never read)."""
    return _warned(get_rule(site_id=site_id, rule=rule, now=now), get_ready(site_id), now)


def dry_run(*, site_id: str, asked: DryRunInput, now: datetime) -> DryRun:
    """Return lists as they are and as they would be; raises NotFound (rule, placement), Invalid (item, store, size)."""
    at = asked.at or now
    ready = get_ready(site_id)
    known = {info.written.rule: info for info in list_rules(site_id=site_id, now=now)}
    for field, names in (("rules", asked.rules), ("archived", asked.archived)):
        _check_known(field, names, known)
    drafts = asked.rules
    if not asked.rules and not asked.archived:
        drafts = tuple(name for name, info in known.items() if info.state == "draft" or info.draft is not None)
    tried = _with_rules(ready, read_tried(site_id=site_id, drafts=drafts, archived=asked.archived))
    cases = tuple(_compare(ready, tried, request, at) for request in _requests(ready, asked))
    return DryRun(dry_run_id=new_id(), at=at, rules=(*drafts, *asked.archived), cases=cases)


def _with_rules(ready: ReadySite, written: Sequence[RuleInput]) -> ReadySite:
    """Return the state with other rules; what was computed without them is shared."""
    rules = compile_rules(written, columns=ready.shelf.columns, time_zone=ready.rules.time_zone)
    return replace(ready, rules=rules, memories=replace(ready.memories, plans=Memories.of(ready.shelf.columns).plans))


def _requests(ready: ReadySite, asked: DryRunInput) -> list[Request]:
    """Return what is asked: each placement about each item and about nothing, online and in each store."""
    columns = ready.shelf.columns
    _check_ids("item_ids", asked.item_ids, columns.row_of)
    _check_ids("store_ids", asked.store_ids, columns.store_ids)
    sample = [columns.item_ids[row] for row in ready.shelf.popular[:_SAMPLE].tolist()]
    about: list[list[str]] = [[], *([item] for item in asked.item_ids or sample)]
    stores = (None, *asked.store_ids)
    questions = list(itertools.product(asked.placements or sorted(ready.placements), about, stores))
    if len(questions) > MOST_CASES:
        message = f"These are {len(questions)} lists, and {MOST_CASES} are compared at once. Name fewer placements."
        raise Invalid(message, code="too_many_lists", field="placements")
    return [
        Request(
            placement=placement,
            item_ids=item_ids,
            store_id=store_id,
            channel=asked.channel,
            audiences=list(asked.audiences),
            profile="none",
        )
        for placement, item_ids, store_id in questions
    ]


def _check_ids(field: str, ids: Sequence[str], known: Container[str]) -> None:
    for at, name in enumerate(ids):
        if name not in known:
            raise Invalid(f"This site has no {name!r}.", code="unknown_id", field=f"{field}[{at}]")


def _compare(ready: ReadySite, tried: ReadySite, request: Request, at: datetime) -> DryRunCase:
    before, after = _slate(ready, request, at), _slate(tried, request, at)
    return DryRunCase(
        placement=request.placement,
        item_ids=tuple(request.item_ids),
        store_id=request.store_id,
        before=_ids(before),
        after=_ids(after),
        emptied=() if after.items else after.plan.emptied_by,
        unshown=after.plan.unshown + after.unshown,
    )


def _slate(ready: ReadySite, request: Request, at: datetime) -> Draft:
    draft = pipeline.begin(ready, request, at)
    pipeline.put_slate(draft)
    return draft


def _ids(draft: Draft) -> tuple[str, ...]:
    return tuple(item.item_id for item in draft.items)


def _warned(info: RuleInfo, ready: ReadySite, now: datetime) -> RuleInfo:
    placements = ready.placements.values()
    found = warnings_of(info.draft or info.written, columns=ready.shelf.columns, placements=placements, now=now)
    return msgspec.structs.replace(info, warnings=found)


def _check_known(field: str, names: Sequence[str], known: dict[str, RuleInfo]) -> None:
    for at, name in enumerate(names):
        if name not in known:
            message = f"This site has no rule {name!r}. `manage.py rules list` names them."
            raise NotFound(message, code="rule_not_found", field=f"{field}[{at}]")
