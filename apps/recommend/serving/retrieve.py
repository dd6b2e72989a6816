"""Step 4: candidates, strategy by strategy down the chain, until the slate can be filled.

Failure policy: a source that fails has found nothing; the chain goes on. Once an answer has taken too long, only what
always has one at once is asked.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np

from apps.recommend.columns import NOTHING, About, Candidates, Question, Shelf
from apps.recommend.retrieval import (
    because_viewed,
    bestsellers,
    bought,
    bundle,
    buy_again,
    collaborative,
    complements,
    look_alike,
    newest,
    next_step,
    picked,
    popular,
    recent,
    reduced,
    similar,
    trending,
    unfinished,
    words,
)
from apps.recommend.rules.plan import Limit
from apps.recommend.serving import vectors
from apps.recommend.serving.fallback import LAST_RESORTS, chain_for
from apps.recommend.serving.state import Draft, Found

logger = logging.getLogger(__name__)

Source = Callable[[Shelf, Question], Candidates]
# The sources of a strategy are asked in order until one has something.
SOURCES: dict[str, tuple[Source, ...]] = {
    "for_you": (collaborative.find,),
    "similar": (similar.find, vectors.find),
    "also_viewed": (collaborative.find_for_context,),
    "popular": (popular.find,),
    "recently_viewed": (recent.find,),
    "new_in": (newest.find,),
    "because_you_viewed": (because_viewed.find,),
    "look_alike": (look_alike.find, similar.find, vectors.find),
    "continue_shopping": (unfinished.find,),
    "on_offer": (reduced.find,),
    "hand_picked": (picked.find,),
    "next_best_action": (next_step.find,),
    "also_bought": (bought.find,),
    "bundle": (bundle.find,),
    "buy_again": (buy_again.find,),
    "complete_the_pair": (complements.find,),
    "trending": (trending.find,),
    "bestsellers": (bestsellers.find,),
    "search_context": (words.find,),
}


def put_candidates(draft: Draft) -> None:
    """Put what the strategies of the chain found; a later one never sees what an earlier one has."""
    question = question_of(draft)
    _go_down(draft, question)
    if draft.plain or draft.request.include_item_ids:
        return
    for limit in draft.plan.limits:
        if limit.reserve is not None:
            _put_reserve(draft, question, limit, limit.reserve)


def _go_down(draft: Draft, question: Question) -> None:
    """Put what the chain finds for the question, until there is enough."""
    missing = question.limit
    for strategy in LAST_RESORTS if draft.plain else chain_for(draft.placement):
        if perf_counter() > draft.deadline and strategy not in LAST_RESORTS:
            continue
        found = ask_strategy(strategy, draft, question)
        if len(found.rows):
            draft.found.append(Found(strategy=strategy, candidates=found))
            missing -= len(found.rows)
            if missing <= 0:
                return
            question = replace(question, limit=missing, banned=np.union1d(question.banned, found.rows))


def _put_reserve(draft: Draft, question: Question, limit: Limit, reserve: np.ndarray) -> None:
    """Ask again for what a least share lacks, among the rows that it is for: bool [n]."""
    rows = np.concatenate([question.banned, *(found.candidates.rows for found in draft.found)])
    held = np.count_nonzero(limit.codes[rows[len(question.banned) :]] == 0)
    lacking = math.ceil(limit.share * draft.limit) - int(held)
    if lacking > 0:
        _go_down(draft, replace(question, mask=reserve, banned=np.unique(rows), limit=lacking))


def question_of(draft: Draft) -> Question:
    """Return what the sources are asked for this draft."""
    request, placement = draft.request, draft.placement
    return Question(
        context=draft.context_rows,
        history=draft.history_rows,
        mask=draft.mask,
        banned=draft.banned,
        now=draft.now.timestamp(),
        limit=draft.wanted,
        about=About(
            offer=draft.offer,
            category_id=request.category_id,
            store_id=request.store_id,
            search=request.search,
            picked=draft.ready.rows_of(placement.item_ids),
            bought=draft.stored.bought,
            purposes=draft.purposes,
            touched=draft.stored.touched,
            orders=draft.stored.orders,
        ),
        item_types=placement.item_types,
        history_weights=draft.history_weights,
        memo=draft.memo,
    )


def ask_strategy(strategy: str, draft: Draft, question: Question) -> Candidates:
    """Return what the first source of the strategy finds that finds anything."""
    for source in SOURCES.get(strategy, ()):
        try:
            found = source(draft.ready.shelf, question)
        except Exception:
            logger.exception("a source of %s failed for %s and counts as empty", strategy, draft.site_id)
            draft.faults += 1
            continue
        if len(found.rows):
            return found
    return NOTHING
