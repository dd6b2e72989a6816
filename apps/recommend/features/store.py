"""The port: where states are kept. Its twins are `redis_store` and `memory_store`; one suite holds for both."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from apps.recommend.features.definitions import ShopperState
from apps.recommend.features.extract import StateKey


class FeatureStore(Protocol):
    """States of shoppers and the position of the consumer that wrote them."""

    def read(self, keys: Sequence[StateKey]) -> list[ShopperState]:
        """Return the states in the order of the keys; an unknown shopper has the empty one."""

    def position(self) -> str | None:
        """Return the position after the last record that is in the states; None when there is none."""

    def write(self, states: Mapping[StateKey, ShopperState], *, expected: str | None, position: str | None) -> bool:
        """Store states and position together and return True; nothing and False when the position is not `expected`."""
