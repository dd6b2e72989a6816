"""Why a replay is another list: each thing that changed is put back alone, and whether that changes the list is seen.

What cannot be put back (the catalogue, pairs that were counted since, the program) is a cause where the list differs
although all else was put back. What changed and made no difference is told as well, as not decisive.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from apps.recommend.contracts.traces import Cause
from apps.recommend.serving.describe import Slate, fact_of, slate_of
from apps.recommend.serving.leftout import NO_ROOM
from apps.recommend.serving.putback import EVERYTHING, NO_MATTER, Asker, Back
from apps.recommend.serving.state import Draft
from apps.recommend.serving.versions import versions_of

_MOST = 40  # things that are put back one by one, and causes told of one kind


def find_causes(asker: Asker, today: Draft, then: Slate) -> list[Cause]:
    """Return what made the list of today's draft another than it was then, the decisive first."""
    now, restored = slate_of(today), asker.ask(EVERYTHING)
    found = [(cause, slate_of(asker.ask(back)) != now) for cause, back in islice(_changes(asker, today), _MOST)]
    together = slate_of(restored) != now and not any(decisive for _, decisive in found)
    causes = [msgspec.structs.replace(cause, decisive=decisive or together) for cause, decisive in found]
    if slate_of(restored) != then:
        causes += find_lasting(asker, restored, then)
    return sorted(causes, key=lambda cause: not cause.decisive)


def find_lasting(asker: Asker, restored: Draft, then: Slate) -> list[Cause]:
    """Return what makes the list another than it was then although all that can be put back was."""
    before, now = asker.recorded.versions, versions_of(restored.ready, asker.recorded.settings.placement)
    causes = []
    if asker.then is None:
        after = versions_of(asker.ready, asker.recorded.settings.placement)["model"]
        causes.append(Cause(what="model", name="is not kept any more", before=before["model"], after=after))
    causes += _of_catalogue(asker, restored, then)
    if not causes and before["catalogue"] != now["catalogue"]:
        causes.append(Cause(what="catalogue", before=before["catalogue"], after=now["catalogue"]))
    for what in ("pairs", "program"):
        if before[what] != now[what]:
            causes.append(Cause(what=what, before=before[what], after=now[what], decisive=not causes))
    return causes or [Cause(what="unknown", name="nothing that is recorded is other")]


def _changes(asker: Asker, today: Draft) -> Iterator[tuple[Cause, Back]]:
    """Yield what changed that can be put back, and how."""
    recorded = asker.recorded
    before, now = recorded.versions["model"], versions_of(today.ready, recorded.settings.placement)["model"]
    if before != now and asker.then is not None:
        yield Cause(what="model", before=before, after=now), Back(model=True)
    sides = [f"{side.experiment}:{side.variant}" for side in recorded.sides]
    if sides != [side.label for side in today.assigned]:
        after = [side.label for side in today.assigned]
        yield Cause(what="experiments", before=sides, after=after), Back(experiments=True)
    yield from _changed_rules(asker, today)
    settings = asker.settings_now()
    for name in () if settings is None else type(settings).__struct_fields__:
        was, is_now = getattr(recorded.settings, name), getattr(settings, name)
        if was != is_now and name not in NO_MATTER:
            yield Cause(what="placement", name=name, before=was, after=is_now), Back(fields=frozenset({name}))


def _changed_rules(asker: Asker, today: Draft) -> Iterator[tuple[Cause, Back]]:
    then = {rule.rule: rule for rule in asker.recorded.rules}
    now = {rule.rule: rule for rule in asker.ready.rules.rules if rule.rule in today.plan.in_force}
    for key in sorted(then.keys() | now.keys()):
        before, after = then.get(key), now.get(key)
        if before != after:
            told = [None if rule is None else msgspec.to_builtins(rule) for rule in (before, after)]
            yield Cause(what="rules", name=key, before=told[0], after=told[1]), Back(rules=frozenset({key}))


def _of_catalogue(asker: Asker, restored: Draft, then: Slate) -> list[Cause]:
    """Return what the catalogue says other than then; decisive is what it says of items that came or went."""
    moved = {item for item, _ in then} ^ {item for item, _ in slate_of(restored)}
    changes = [*_changed_facts(asker, restored), *_let_in(asker, restored)]
    some = any(item in moved for item, _ in changes)
    if not some:
        # What was further down comes up where another goes: only where none went it is itself what came.
        changes += _never_seen(asker, restored)
        some = any(item in moved for item, _ in changes)
    causes = [msgspec.structs.replace(cause, decisive=not some or item in moved) for item, cause in changes]
    return sorted(causes, key=lambda cause: not cause.decisive)[:_MOST]


def _changed_facts(asker: Asker, restored: Draft) -> Iterator[tuple[str, Cause]]:
    row_of = restored.ready.shelf.columns.row_of
    for item_id, then in asker.recorded.facts.items():
        row = row_of.get(item_id)
        now: dict[str, Any] = {"available": False} if row is None else fact_of(restored, row)
        switched = now["available"] != then["available"]  # what cannot be had has no price either
        for name, value in now.items():
            if value != then.get(name) and (name == "available" or not switched):
                yield item_id, Cause(what="catalogue", name=f"{item_id}: {name}", before=then.get(name), after=value)


def _let_in(asker: Asker, restored: Draft) -> Iterator[tuple[str, Cause]]:
    """Yield the items of the list that were kept out then, with what did."""
    why = {one["item_id"]: one["why"] for one in asker.recorded.left_out if one["why"] != [NO_ROOM]}
    for item_id, _ in slate_of(restored):
        if item_id in why and item_id not in asker.recorded.facts:
            yield item_id, Cause(what="catalogue", name=item_id, before=why[item_id], after="is shown")


def _never_seen(asker: Asker, restored: Draft) -> Iterator[tuple[str, Cause]]:
    """Yield the items of the list that were not found then at all."""
    seen = {one["item_id"] for one in asker.recorded.left_out} | asker.recorded.facts.keys()
    for item_id, _ in slate_of(restored):
        if item_id not in seen:
            yield item_id, Cause(what="catalogue", name=item_id, before="was not found", after="is shown")
