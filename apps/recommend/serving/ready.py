"""One state of a site, as a request reads it from beginning to end, and the memories of what was computed from it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns, Offer
from apps.recommend import conf
from apps.recommend.columns import NO_ROWS, Shelf
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.experiments.assign import NONE_LIVE, LiveExperiments
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.tables import read_only
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.rules.compile import CompiledRules
from apps.recommend.rules.plan import Plan, Situation
from apps.recommend.rules.targets import group_codes
from apps.recommend.serving.cards import Cards
from apps.recommend.serving.masks import MaskKey, make_mask
from apps.recommend.serving.memories import Memory, fitting
from apps.recommend.serving.tries import Tries

_OFFER = 13  # bytes an item: variant, price, and whether it is available

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Memories:
    """What was computed from one state of the columns and the placements, filled on use. Another state begins anew.

    earlier: offers of states before, and which rows may differ from them
    """

    offers: Memory[str | None, Offer] = field(default_factory=lambda: Memory(conf.OFFERS_HELD))
    masks: Memory[MaskKey, np.ndarray] = field(default_factory=lambda: Memory(conf.MASKS_HELD))
    plans: Memory[tuple[Situation, MaskKey], Plan] = field(default_factory=lambda: Memory(conf.PLANS_HELD))
    cards: Memory[tuple[str | None, str], Cards] = field(default_factory=lambda: Memory(conf.LANGUAGES_HELD))
    groups: Memory[str, np.ndarray] = field(default_factory=lambda: Memory(conf.GROUPS_HELD))
    picked: Memory[tuple[str, ...], np.ndarray] = field(default_factory=lambda: Memory(conf.MASKS_HELD))
    earlier: Mapping[str | None, tuple[Offer, np.ndarray]] = field(default_factory=dict)

    @classmethod
    def of(cls, columns: ItemColumns) -> "Memories":
        """Return empty ones with room for fewer arrays where each is great: callers choose what fills them."""
        items = len(columns.item_ids)
        return cls(
            offers=Memory(fitting(conf.OFFERS_HELD, items, width=_OFFER)),
            masks=Memory(fitting(conf.MASKS_HELD, items)),
            plans=Memory(fitting(conf.PLANS_HELD, items)),
            groups=Memory(fitting(conf.GROUPS_HELD, items, width=4)),
        )

    def after(self, before: ItemColumns, columns: ItemColumns) -> "Memories":
        """Return the memories of a state with these columns: empty, but offers need not be made of every row."""
        if columns.base_id != before.base_id:
            return Memories.of(columns)
        moved = NO_ROWS if columns is before else columns.moved_rows
        known = {store: (offer, np.union1d(rows, moved)) for store, (offer, rows) in self.earlier.items()}
        known |= {store: (offer, moved) for store, offer in self.offers.held().items()}
        most = fitting(conf.OFFERS_HELD, len(columns.item_ids), width=_OFFER)
        return replace(Memories.of(columns), earlier=dict(list(known.items())[-most:]))


@dataclass(frozen=True, slots=True)
class ReadySite:
    """One state of a site. Immutable but for its memories.

    weights: by event type, how much one in a history says, as the site has it; None where all say the same
    pairs: what came after what, counted up to now; None where the version answers as it was trained
    live: experiments that run; variants: by stamp, versions that their variants answer with, over the same columns
    trace_share: part of the answers that leave a trace by themselves
    tries: what is known of the items that are worth trying; None where no placement asks, or nothing was read yet
    """

    shelf: Shelf
    loaded: LoadedModel | None
    placements: dict[str, PlacementInfo]
    rules: CompiledRules
    weights: dict[str, float] | None = None
    pairs: PairCounts | None = None
    live: LiveExperiments = NONE_LIVE
    variants: Mapping[str, tuple[LoadedModel, Shelf]] = field(default_factory=dict)
    trace_share: float = 0.0
    tries: Tries | None = None
    memories: Memories = field(default_factory=Memories)

    def offer_at(self, store_id: str | None) -> Offer:
        """Return what can be had at the store."""
        key = self._store_key(store_id)
        return self.memories.offers.of(key, lambda: self._make_offer(key))

    def _make_offer(self, store_id: str | None) -> Offer:
        columns, earlier = self.shelf.columns, self.memories.earlier.get(store_id)
        if earlier is None:
            return catalog.offer(columns=columns, store_id=store_id)
        before, rows = earlier
        return catalog.refresh_offer(before=before, columns=columns, store_id=store_id, rows=rows)

    def plan_of(self, key: MaskKey, situation: Situation, now: float) -> Plan:
        """Return what may be shown to such a question, and what the rules in force make of it; its arrays are shared.

        now: seconds since 1970
        """
        known = situation, self._same(key)
        plan = self.memories.plans.get(known)
        if plan is None or plan.until <= now:
            made = self.rules.plan_for(
                situation, now=now, mask=self.mask_of(key, now), offer=self.offer_at(key.store_id)
            )
            plan = replace(made, mask=_shared(made.mask), gate=_shared(made.gate))
            self.memories.plans.keep(known, plan)
        return plan

    def warm_plans(self, held: "ReadySite", now: float) -> None:
        """Make the plans that the state before was asked for last, so that no request waits for them."""
        for situation, key in held.memories.plans.newest(conf.PLANS_WARMED):
            try:
                self.plan_of(key, situation, now)
            except Exception:
                # The first request that needs it meets the same defect; the catalogue must move on all the same.
                logger.exception("a plan for %s is not made before it is asked for", situation.placement)

    def mask_of(self, key: MaskKey, now: float) -> np.ndarray:
        """Return which rows such a question may be answered with, rules apart: bool [n], shared and read-only."""
        known = self._same(key)
        found = self.memories.masks.get(known)
        if found is None:
            mask = make_mask(self.shelf.columns, key, self.offer_at, now)
            found = self.memories.masks.keep(known, mask)
        return found

    def rows_of(self, item_ids: tuple[str, ...]) -> np.ndarray:
        """Return the rows of a list that a placement or a rule names, int32, in its order; unknown items left out."""
        if not item_ids:
            return NO_ROWS
        row_of = self.shelf.columns.row_of
        return self.memories.picked.of(
            item_ids, lambda: np.array([row_of[item] for item in item_ids if item in row_of], dtype=np.int32)
        )

    def groups_by(self, name: str) -> np.ndarray:
        """Return the group of each row by "brand", "item_type", "category" or an attribute, int32 [n], -1 for none."""
        return self.memories.groups.of(name, lambda: group_codes(name, self.shelf.columns))

    def cards_at(self, store_id: str | None, locale: str) -> Cards:
        """Return what items are and cost at the store, in words of this locale; by row, as they are asked for."""
        key = self._store_key(store_id), locale
        return self.memories.cards.of(key, lambda: Cards(self.shelf.columns, self.offer_at(store_id), locale))

    def _same(self, key: MaskKey) -> MaskKey:
        if key.store_id is None and key.stock_at is None:
            return key
        return key._replace(store_id=self._store_key(key.store_id), stock_at=self._store_key(key.stock_at))

    def _store_key(self, store_id: str | None) -> str | None:
        """Return a key for memories: stores that the catalogue says nothing of share one, so that they stay bounded."""
        columns = self.shelf.columns
        if store_id is None or store_id in columns.store_stock or store_id in columns.store_price:
            return store_id
        return ""


def _shared(mask: np.ndarray) -> np.ndarray:
    """Return the mask read-only; one that is so already as the same object, by which equal questions are told."""
    return read_only(mask) if mask.flags.writeable else mask
