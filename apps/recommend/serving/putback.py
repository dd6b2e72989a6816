"""A recorded question asked again of the state of a site, with parts of what answered then put back in its place."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec
import numpy as np

from apps.recommend.columns import Shelf, make_shelf
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.rules import RuleInput
from apps.recommend.experiments.assign import NONE_LIVE, Assigned, change_placement, model_of
from apps.recommend.registry.artifacts import BadArtifact
from apps.recommend.registry.unpacked import read_version
from apps.recommend.rules.compile import compile_rules
from apps.recommend.serving import pipeline
from apps.recommend.serving.laying import lay_over
from apps.recommend.serving.ready import Memories, ReadySite
from apps.recommend.serving.recorded import Recorded, Tried
from apps.recommend.serving.state import Draft
from apps.recommend.serving.tries import Tries
from specrec.kernel.errors import NotFound

NO_MATTER = frozenset({"placement", "title", "priority"})  # of a placement, what its own list does not depend on


@dataclass(frozen=True, slots=True)
class Back:
    """What is put back as it was: the model, the sides of experiments, rules by key, fields of the placement.

    rules: None is all of them
    """

    model: bool = False
    experiments: bool = False
    rules: frozenset[str] | None = frozenset()
    fields: frozenset[str] = frozenset()


NOTHING = Back()
EVERYTHING = Back(model=True, experiments=True, rules=None, fields=frozenset(PlacementInfo.__struct_fields__))


@dataclass(frozen=True, slots=True)
class Asker:
    """One recorded question, and the state of its site today.

    then: columns of today under the model that answered then; None where that is not kept any more
    """

    recorded: Recorded
    trace_id: UUID
    at: datetime
    ready: ReadySite
    then: Shelf | None

    def ask(self, back: Back = NOTHING) -> Draft:
        """Return the finished draft; raises NotFound (placement), Invalid (an item, store or attribute that is gone).

        The moment, the shopper as known then and the other slots of the page are as they were.
        """
        state = self._state(back)
        draft = pipeline.begin(state, self.recorded.request, self.at)
        draft.recommendation_id = self.trace_id
        draft.drawn_for = self.recorded.known.drawn_for
        draft.shown = _rows_of(state, self.recorded.known.shown)
        draft.beside = _recalled(draft, self.recorded)
        pipeline.put_slate(draft)
        return draft

    def settings_now(self) -> PlacementInfo | None:
        """Return the placement as it is stored today, None where it is no more."""
        return self.ready.placements.get(self.recorded.settings.placement)

    def _state(self, back: Back) -> ReadySite:
        key = self.recorded.settings.placement
        ready, sides = self.ready, _sides(self.recorded) if back.experiments else ()
        settings = _with_fields(self.settings_now(), self.recorded.settings, back.fields)
        placements = {name: one for name, one in ready.placements.items() if name != key}
        if settings is not None:
            placements[key] = change_placement(settings, sides)
        shelf = self._shelf(back, sides)
        return replace(
            ready,
            shelf=shelf,
            variants={} if back.model else ready.variants,
            pairs=ready.pairs if shelf is ready.shelf else None,
            placements=placements,
            rules=compile_rules(
                _with_rules(ready.rules.rules, self.recorded.rules, back.rules),
                columns=ready.shelf.columns,
                time_zone=ready.rules.time_zone,
                stamp=ready.rules.stamp,
            ),
            tries=_tries(ready.tries, self.recorded.tried),
            live=NONE_LIVE if back.experiments else ready.live,
            memories=Memories(),  # what is held is of this moment, and the question of another
        )

    def _shelf(self, back: Back, sides: tuple[Assigned, ...]) -> Shelf:
        if back.model and self.then is not None:
            return self.then
        stamp = model_of(sides)
        variant = None if stamp is None else self.ready.variants.get(stamp)
        return self.ready.shelf if variant is None else variant[1]


def shelf_of(ready: ReadySite, stamp: str) -> Shelf | None:
    """Return the columns of today under this version ("": without a model); None where it is not kept any more."""
    answers = "" if ready.shelf.model is None else ready.shelf.model.stamp
    if stamp == answers:
        return ready.shelf
    if not stamp:
        return make_shelf(columns=ready.shelf.columns)
    if stamp in ready.variants:
        return ready.variants[stamp][1]
    try:
        return lay_over(ready.shelf.columns, read_version(site_id=ready.shelf.columns.site_id, stamp=stamp))
    except (BadArtifact, NotFound, OSError):
        return None


def _sides(recorded: Recorded) -> tuple[Assigned, ...]:
    return tuple(
        Assigned(experiment=one.experiment, variant=one.variant, changes=one.changes, model=one.model)
        for one in recorded.sides
    )


def _with_fields(now: PlacementInfo | None, then: PlacementInfo, fields: frozenset[str]) -> PlacementInfo | None:
    if now is None:
        return then if fields else None
    return msgspec.structs.replace(now, **{name: getattr(then, name) for name in fields})


def _with_rules(
    now: tuple[RuleInput, ...], then: tuple[RuleInput, ...], keys: frozenset[str] | None
) -> list[RuleInput]:
    """Return today's rules, those of these keys as they were in force then, or not at all where they were not."""
    if keys is None:
        return list(then)
    before = {rule.rule: rule for rule in then if rule.rule in keys}
    held = {rule.rule for rule in now}
    kept = [before.get(rule.rule, rule) for rule in now if rule.rule not in keys or rule.rule in before]
    return kept + [rule for key, rule in before.items() if key not in held]


def _recalled(draft: Draft, recorded: Recorded) -> Draft:
    """Return a draft whose context is what was known of the shopper then, for the steps to take it from."""
    known = recorded.known
    beside = replace(draft, shopper_id=known.shopper_id, purposes=known.purposes, stored=known.stored)
    row_of = draft.ready.shelf.columns.row_of
    beside.audiences = known.audiences
    there = [at for at, item_id in enumerate(known.history) if item_id in row_of]
    beside.history_rows = np.array([row_of[known.history[at]] for at in there], dtype=np.int32)
    if known.weights is not None:
        beside.history_weights = np.array([known.weights[at] for at in there], dtype=np.float32)
    return beside


def _tries(now: Tries | None, then: Tried | None) -> Tries | None:
    """Return how items fare as it was known then: a draw of the same chances falls alike."""
    if then is None:
        return now
    clicks, shown = ({}, {}) if now is None else (now.clicks, now.shown)
    return Tries({**clicks, **then.clicks}, {**shown, **then.shown}, then.usual)


def _rows_of(ready: ReadySite, item_ids: tuple[str, ...]) -> np.ndarray:
    row_of = ready.shelf.columns.row_of
    return np.array([row_of[item] for item in item_ids if item in row_of], dtype=np.int32)
