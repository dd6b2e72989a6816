"""Whether two stores say the same: what the stream made of the events, and what a rebuild from the table makes of them.

Integers must be equal, floats within 1e-6. Which marks are kept depends on the order in which events came, so that they
are no part of it.
"""

from collections.abc import Callable, Iterator
from statistics import median

from apps.recommend.contracts.features import FeatureCheck
from apps.recommend.features.counts import ends_at
from apps.recommend.features.redis_store import RedisStore, state_of
from apps.recommend.features.state import CountKey, ShopperState, Tally

TOLERANCE = 1e-6
_EXAMPLES = 10
_SUMS = ("hour", "day", "week", "at")
_EXACT = ("recent", "orders", "dismissals", "days", "first", "last", "seen")


def compare(streamed: RedisStore, rebuilt: RedisStore, *, now: Callable[[], float]) -> FeatureCheck:
    """Return how many states and counts there are, which differ, and how much memory the states of shoppers need."""
    states, differing = 0, []
    for name, one, other in _states(streamed, rebuilt):
        states += 1
        differing += [f"state {name}: {words}" for words in differences(one, other)[:1]]
    counts, off = 0, []
    for key, first, second in _counts(streamed, rebuilt):
        counts += 1
        if first != second and ends_at(key) > now():  # one that ends meanwhile may be gone from one of them
            off.append(f"count {' '.join(key[1:])}: {_fields_off(first, second)}")
    sizes = [size for keys in streamed.pages(streamed.states_prefix) for size in streamed.sizes(_of_shoppers(keys))]
    return FeatureCheck(
        states=states,
        counts=counts,
        differing_states=len(differing),
        differing_counts=len(off),
        examples=[*differing[:_EXAMPLES], *off[:_EXAMPLES]],
        shoppers=len(sizes),
        bytes_median=int(median(sizes)) if sizes else 0,
        bytes_max=max(sizes, default=0),
    )


def differences(one: ShopperState, other: ShopperState) -> list[str]:
    """Return what is not the same in two states."""
    found = [
        f"{name} {getattr(one, name)!r}, rebuilt {getattr(other, name)!r}"
        for name in _EXACT
        if getattr(one, name) != getattr(other, name)
    ]
    for kind in sorted(one.tallies.keys() | other.tallies.keys()):
        first, second = one.tallies.get(kind, Tally()), other.tallies.get(kind, Tally())
        off = any(abs(getattr(first, name) - getattr(second, name)) > TOLERANCE for name in _SUMS)
        if first.count != second.count or off:
            found.append(f"tally of {kind} {first}, rebuilt {second}")
    return found


def _states(streamed: RedisStore, rebuilt: RedisStore) -> Iterator[tuple[str, ShopperState, ShopperState]]:
    for one, other in ((streamed, rebuilt), (rebuilt, streamed)):
        for keys in one.pages(one.states_prefix):
            twins = [other.states_prefix.encode() + key[len(one.states_prefix) :] for key in keys]
            for key, mine, its in zip(keys, one.packed(keys), other.packed(twins), strict=True):
                name = key[len(one.states_prefix) :].decode()
                if one is streamed:
                    yield name, state_of(mine), state_of(its)
                elif its is None:  # all others were seen before
                    yield name, state_of(its), state_of(mine)


def _counts(streamed: RedisStore, rebuilt: RedisStore) -> Iterator[tuple[CountKey, dict[str, int], dict[str, int]]]:
    for one, other in ((streamed, rebuilt), (rebuilt, streamed)):
        for keys in one.pages(one.counts_prefix):
            twins = [other.counts_prefix.encode() + key[len(one.counts_prefix) :] for key in keys]
            for key, mine, its in zip(keys, one.fields(keys), other.fields(twins), strict=True):
                site_id, name, bucket = key[len(one.counts_prefix) :].decode().split(":", 2)
                if one is streamed:
                    yield (site_id, name, bucket), mine, its
                elif mine and not its:
                    yield (site_id, name, bucket), its, mine


def _of_shoppers(keys: list[bytes]) -> list[bytes]:
    """Return the keys of states of shoppers; those of nobody have small numbers."""
    return [key for key in keys if not key.rsplit(b":", 1)[1].startswith(b"0" * 24)]


def _fields_off(first: dict[str, int], second: dict[str, int]) -> str:
    names = [name for name in sorted(first.keys() | second.keys()) if first.get(name, 0) != second.get(name, 0)]
    name = names[0]
    return f"{len(names)} fields, {name} {first.get(name, 0)}, rebuilt {second.get(name, 0)}"
