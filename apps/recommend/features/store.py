"""The port: where features are kept. Its twins are `redis_store` and `memory_store`; one suite holds for both."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from apps.recommend.features.state import Changes, CountKey, ShopperState, StateKey
from apps.recommend.features.touch_log import LogPage


class FeatureStore(Protocol):
    """States, counts, and how far the stream is in them.

    The ground says what the states were built on: None when nothing was, a word that begins with `rebuild.REBUILDING`
    while the table is being put into them, the name of the finished rebuild afterwards. Positions, one for each
    partition of the stream, mean something on that ground alone.
    """

    def read(self, keys: Sequence[StateKey]) -> list[ShopperState]:
        """Return the states in the order of the keys; an unknown shopper has the empty one."""

    def read_packed(self, keys: Sequence[StateKey]) -> list[bytes | None]:
        """Return the states as they are stored, for a writer; None for an unknown shopper."""

    def read_counts(self, keys: Sequence[CountKey]) -> list[dict[str, int]]:
        """Return the counts in the order of the keys, by field; an unknown key has none. One round trip."""

    def read_batch(self, *, site_id: str, name: str) -> dict[str, float]:
        """Return what a batch feature says by item id; empty when it was never computed."""

    def write_batch(self, *, site_id: str, name: str, values: Mapping[str, float]) -> None:
        """Replace the values of a batch feature as a whole."""

    def read_log(self, *, site_id: str, after: str, limit: int) -> LogPage:
        """Return entries of the site's touch log behind the place, "0" being before the first."""

    def ground(self) -> str | None:
        """Return what the states are built on."""

    def positions(self, partitions: Sequence[str]) -> dict[str, str]:
        """Return by partition the position after the last record that is in the states; absent when there is none."""

    def write(
        self, changes: Changes, *, ground: str | None, expected: Mapping[str, str | None], positions: Mapping[str, str]
    ) -> bool:
        """Store changes and positions together and return True.

        Stores nothing and returns False when the ground is not `ground`, or one of the `expected` positions (None: no
        position) is not the stored one.
        """

    def move(self, *, ground: str | None, to: str | None, positions: Mapping[str, str]) -> bool:
        """Change the ground and return True; all positions are forgotten but these. False when it is not `ground`."""

    def clear(self, *, ground: str | None = None) -> bool:
        """Forget all states and counts and positions (batch features stay), on `ground` from the first moment on.

        So writers on another add nothing any more. Returns False, and forgets nothing more, when somebody else changed
        the ground meanwhile.
        """
