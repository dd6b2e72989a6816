"""States in hand: what one writer of a store read or wrote lately, so that it need not ask for it again.

Right as long as this writer is the only one of these states; whoever cannot be sure of that any more forgets them.
"""

import logging
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence

import redis

from apps.recommend import conf
from apps.recommend.features.extract import apply_groups, by_state
from apps.recommend.features.state import Changes, ShopperState, StateKey
from apps.recommend.features.store import FeatureStore
from apps.tracking.contracts import TrackedEvent

logger = logging.getLogger(__name__)


class PositionMoved(RuntimeError):
    """Somebody else wrote, or Redis lost its data: what we hold is no longer what is stored."""


class Held:
    """States of a store in hand, those used longest ago given up first."""

    def __init__(self, store: FeatureStore, *, size: int = conf.STATES_HELD) -> None:
        self.passed_over = 0
        self._store = store
        self._size = size
        self._states: dict[StateKey, ShopperState] = {}

    def forget(self) -> None:
        """Give up all states."""
        self._states = {}

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
        changes = self._apply(events, now)
        try:
            stored = self._store.write(changes, ground=ground, expected=expected, positions=positions)
        except BaseException:
            self.forget()  # nobody knows what is stored now
            raise
        if not stored:
            self.forget()
            raise PositionMoved
        self._keep(changes.states)

    def _apply(self, events: Sequence[TrackedEvent], now: float) -> Changes:
        try:
            groups = by_state(events, now=now)
            return apply_groups(self._find(groups), groups, now=now)
        except (redis.RedisError, OSError):
            raise
        except Exception:
            logger.exception("features: of %d events one cannot be applied; going one by one", len(events))
            return self._apply_each(events, now)

    def _apply_each(self, events: Sequence[TrackedEvent], now: float) -> Changes:
        whole = Changes({}, {})
        for event in events:
            try:
                groups = by_state((event,), now=now)
                one = apply_groups(ChainMap(whole.states, self._find(groups)), groups, now=now)
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

    def _find(self, keys: Iterable[StateKey]) -> dict[StateKey, ShopperState]:
        """Return the states of these keys, asking the store for those that are not in hand."""
        held = self._states
        wanted = list(keys)
        found = {key: held[key] for key in wanted if key in held}
        missing = [key for key in wanted if key not in found]
        found.update(zip(missing, self._store.read(missing), strict=True))
        return found

    def _keep(self, states: Mapping[StateKey, ShopperState]) -> None:
        held = self._states
        for key in states:
            held.pop(key, None)  # put in again below, as one that was used last
        held.update(states)
        while len(held) > self._size:
            del held[next(iter(held))]


def _add(whole: Changes, one: Changes) -> None:
    whole.states.update(one.states)
    for key, amounts in one.counts.items():
        fields = whole.counts.setdefault(key, {})
        for field, amount in amounts.items():
            fields[field] = fields.get(field, 0) + amount
