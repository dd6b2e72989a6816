"""States in hand: what one writer of a store read or wrote lately, so that it need not ask for it again.

Right as long as this writer is the only one of these states; whoever cannot be sure of that any more forgets them.
"""

import logging
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence

import msgspec
import redis

from apps.recommend import conf
from apps.recommend.features.counts import Adding
from apps.recommend.features.extract import apply_groups, by_state
from apps.recommend.features.shopper import Group, Nobody, PackedShopper, of_packed
from apps.recommend.features.state import Changes, StateKey
from apps.recommend.features.store import FeatureStore
from apps.tracking.contracts import TrackedEvent

logger = logging.getLogger(__name__)


class PositionMoved(RuntimeError):
    """Somebody else wrote, or Redis lost its data: what we hold is no longer what is stored."""


class Held:
    """States of a store in hand, those used longest ago given up first."""

    def __init__(
        self, store: FeatureStore, *, size: int = conf.STATES_HELD, settle: Callable[[], object] = lambda: None
    ) -> None:
        """settle: waits until everything that was applied is stored, for whoever writes by `apply`."""
        self.passed_over = 0
        self._store = store
        self._size = size
        self._settle = settle
        self._shoppers: dict[StateKey, PackedShopper | Nobody] = {}

    def forget(self) -> None:
        """Give up all states."""
        self._shoppers = {}

    def write(
        self,
        events: Sequence[TrackedEvent],
        *,
        now: float,
        ground: str,
        expected: Mapping[str, str | None],
        positions: Mapping[str, str],
    ) -> None:
        """Put the events into the store and move the positions, together; raises PositionMoved.

        An event that cannot be applied is passed over, so that it holds up no other.
        """
        try:
            changes = self.apply(events, now=now)
            stored = self._store.write(changes, ground=ground, expected=expected, positions=positions)
        except BaseException:
            self.forget()  # nobody knows what is stored now
            raise
        if not stored:
            self.forget()
            raise PositionMoved
        self.give_up_oldest()

    def give_up_oldest(self) -> None:
        """Give up those used longest ago beyond the size; what is given up must be stored by then."""
        while len(self._shoppers) > self._size:
            del self._shoppers[next(iter(self._shoppers))]

    def apply(self, events: Sequence[TrackedEvent], *, now: float) -> Changes:
        """Return what the events change, and hold it as stored: give up all states where it is not stored after all.

        An event that cannot be applied is passed over, so that it holds up no other.
        """
        try:
            return self._apply_all(events, now)
        except (redis.RedisError, OSError):
            raise
        except Exception:
            logger.exception("features: of %d events one cannot be applied; going one by one", len(events))
            self._settle()  # what is read anew must be stored first
            self.forget()  # some were changed by events that are not stored
            return self._apply_each(events, now)

    def _apply_all(self, events: Sequence[TrackedEvent], now: float) -> Changes:
        groups = by_state(events, now=now)
        adding = Adding(now)
        packed: dict[StateKey, bytes] = {}
        for (key, group), shopper in zip(groups.items(), self._take_in_hand(groups), strict=True):
            self._shoppers[key] = shopper  # as one that was used last
            if shopper.apply(key[0], group, adding):
                packed[key] = shopper.packed()
        return Changes({}, adding.amounts(), packed, adding.logged)

    def _take_in_hand(self, groups: Mapping[StateKey, Group]) -> "list[PackedShopper | Nobody]":
        """Return whose these events are, taken out of what is in hand, or else from the store."""
        held = self._shoppers
        found = [held.pop(key, None) for key in groups]
        missing = [key for key, shopper in zip(groups, found, strict=True) if shopper is None]
        stored = iter(zip(missing, self._store.read_packed(missing), strict=True))
        return [_take(groups, *next(stored)) if shopper is None else shopper for shopper in found]

    def _apply_each(self, events: Sequence[TrackedEvent], now: float) -> Changes:
        whole = Changes({}, {})
        for event in events:
            try:
                groups = by_state((event,), now=now)
                keys = list(groups)
                before = dict(zip(keys, self._store.read(keys), strict=True))
                one = apply_groups(ChainMap(whole.states, before), groups, now=now)
            except (redis.RedisError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the events after it must be applied
                self.passed_over += 1
                logger.error(  # noqa: TRY400 - the trace was logged with the batch
                    "features: passed over an event of type %r of site %s: %s (%d so far)",
                    *(event.type, event.site_id, type(error).__name__, self.passed_over),
                )
            else:
                _add(whole, one)
        return whole


def _take(groups: Mapping[StateKey, Group], key: StateKey, raw: bytes | None) -> PackedShopper | Nobody:
    try:
        return of_packed(raw, groups[key])
    except msgspec.MsgspecError:
        logger.exception("a stored shopper state cannot be read and counts as empty")
        return of_packed(None, groups[key])


def _add(whole: Changes, one: Changes) -> None:
    whole.states.update(one.states)
    for site_id, touches in one.logged.items():
        whole.logged.setdefault(site_id, []).extend(touches)
    for key, amounts in one.counts.items():
        fields = whole.counts.setdefault(key, {})
        for field, amount in amounts.items():
            fields[field] = fields.get(field, 0) + amount
