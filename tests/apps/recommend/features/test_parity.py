"""What followed the stream is what a rebuild from the table gives, to the integer."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from apps.profiles import api as profiles
from apps.profiles.contracts import SCOPES, Caller, SiteInfo
from apps.recommend import api, conf
from apps.recommend.features import consume
from apps.recommend.features.compare import compare, differences
from apps.recommend.features.lease import Lease
from apps.recommend.features.memory_store import MemoryStore
from apps.recommend.features.rebuild import rebuild
from apps.recommend.features.redis_store import RedisStore
from apps.recommend.features.state import Changes, ShopperState, Tally
from apps.recommend.features.store import FeatureStore
from apps.tracking import api as tracking
from apps.tracking.contracts import Envelope
from specrec.kernel import clock
from specrec.kernel.redis import client
from tests.suites.features.samples import KINDS, floats_of, integers_of

pytestmark = pytest.mark.django_db(transaction=True)
SITE = "lens-lane"


def make_events(random: Random, now: datetime) -> list[dict[str, Any]]:
    """Return 180 events of three shoppers, one of whom never consented, many of them close together or long ago."""
    found = []
    for number in range(180):
        kind = random.choice(KINDS)
        event: dict[str, Any] = {
            "id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
            "type": kind,
            "time": (now - timedelta(minutes=random.choice([1, 2, 3, 90, 2_000, 20_000]), seconds=number)).isoformat(),
            "customer_id": random.choice(["anna", "ben", "carl"]),
            "session_id": f"s{number % 5}",
            "context": {"placement": "home"} if number % 2 else {},
            "historical": True,
        }
        if event["customer_id"] != "carl":
            event["consent"] = ["history_personalisation"]
        if kind == "search":
            event["query"] = "round frames"
        else:
            event["item_id"] = f"frame-{random.randrange(12)}"
        if kind in {"purchase", "return"}:
            event |= {"order_id": "o1", "unit_price": 10, "currency": "GBP"}
        if kind == "rate":
            event["rating"] = float(random.randrange(6))
        found.append(event)
    return found


def send(events: list[dict[str, Any]]) -> None:
    caller = Caller(key_id="k", site_id=SITE, kind="secret", scopes=frozenset(SCOPES))
    for start in range(0, len(events), 35):
        raws = [msgspec.Raw(msgspec.json.encode(event)) for event in events[start : start + 35]]
        answer = tracking.ingest(caller=caller, envelope=Envelope(events=raws), received_at=clock.now())
        assert answer.dropped == 0, answer.results


def follow(store: FeatureStore) -> None:
    consume.run(store, Lease(client(), name="test"), stop=lambda: tracking.status().get("features", 1) == 0)


def drain() -> None:
    tracking.drain(stop=lambda: tracking.status()["table"] == 0)


def build(store: FeatureStore) -> None:
    assert rebuild(store, now=clock.now(), over=lambda: False) is not None


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site, and consumers that say at once how far they are."""
    monkeypatch.setattr(conf, "ACKNOWLEDGE_SECONDS", 0.0)
    monkeypatch.setattr(conf, "FOLLOW_LIMIT", 50)
    profiles.ensure_site(
        site=SiteInfo(site_id=SITE, name="Lens Lane", locale="en-GB", currency="GBP", time_zone="Europe/London")
    )


@pytest.fixture(params=["in order", "shuffled", "late, some twice"])
def events(request: pytest.FixtureRequest) -> Iterator[list[dict[str, Any]]]:
    """Events as they arrive."""
    random = Random(7)
    found = make_events(random, clock.now())
    if request.param == "in order":
        found.sort(key=lambda event: event["time"])
    elif request.param == "shuffled":
        random.shuffle(found)
    else:
        found.sort(key=lambda event: event["time"])
        late = found[::9]
        found = [*(event for event in found if event not in late), *late, *found[-20:]]
    return iter([found])


def assert_same(one: MemoryStore, other: MemoryStore) -> None:
    first, second = Changes(one.states, one.counts), Changes(other.states, other.counts)
    assert len(first.states) > 2
    assert integers_of(first) == integers_of(second)
    assert floats_of(first) == pytest.approx(floats_of(second), abs=1e-6)


class TestParity:
    def test_in_memory(self, events: Iterator[list[dict[str, Any]]]) -> None:
        streamed, rebuilt = MemoryStore(), MemoryStore()
        send(next(events))
        follow(streamed)
        drain()
        build(rebuilt)
        assert_same(streamed, rebuilt)

    def test_in_redis(self, events: Iterator[list[dict[str, Any]]]) -> None:
        send(next(events))
        api.follow_features(stop=lambda: tracking.status().get("features", 1) == 0)
        drain()
        found = api.check_features(now=clock.now(), progress=lambda _added, _total: None)
        assert (found.differing_states, found.differing_counts, found.examples) == (0, 0, [])
        assert (found.shoppers, found.counts > 20, found.states > found.shoppers) == (2, True, True)
        assert 0 < found.bytes_median <= found.bytes_max < 10_000
        assert client().keys("features-check*") == []

    def test_a_rebuild_on_the_way_goes_on_from_exactly_there(self, events: Iterator[list[dict[str, Any]]]) -> None:
        sent = next(events)
        begun, whole, rebuilt = MemoryStore(), MemoryStore(), MemoryStore()
        send(sent[:120])
        follow(whole)
        drain()
        send(sent[120:])
        build(begun)
        follow(whole)
        tracking.drain(stop=lambda: tracking.status()["table"] == 0)
        ground = begun.ground()
        assert ground is not None
        known = dict(begun.positions(["0"]))
        for positions in consume.follow_once(begun, ground=ground, stop=lambda: known == whole.positions(["0"])):
            known.update(positions)
        build(rebuilt)
        assert_same(begun, rebuilt)
        assert_same(whole, rebuilt)


class TestCompare:
    def test_what_differs_is_named(self) -> None:
        one, other = RedisStore(client(), prefix="one"), RedisStore(client(), prefix="other")
        anna, ben, carl = ((SITE, uuid.UUID(int=number << 64)) for number in (1, 2, 3))
        day = int(clock.now().timestamp() // 86_400)
        views, clicks = (SITE, "item.view", f"d{day}"), (SITE, "item.click", f"d{day}")
        put(one, Changes({anna: ShopperState(days={1: 1}), ben: ShopperState()}, {views: {"a": 1, "b": 2}}))
        put(other, Changes({anna: ShopperState(days={1: 2}), carl: ShopperState(first=1.0)}, {views: {"a": 1, "b": 3}}))
        put(other, Changes(counts={clicks: {"a": 1}}))
        found = compare(one, other, now=lambda: clock.now().timestamp())
        assert (found.states, found.counts, found.differing_states, found.differing_counts) == (3, 2, 2, 2)
        assert f"count item.view d{day}: 1 fields, b 2, rebuilt 3" in found.examples
        assert f"state {SITE}:{anna[1].hex}: days {{1: 1}}, rebuilt {{1: 2}}" in found.examples

    def test_a_bucket_that_has_ended_meanwhile_is_no_difference(self) -> None:
        one, other = RedisStore(client(), prefix="one"), RedisStore(client(), prefix="other")
        day = int(clock.now().timestamp() // 86_400)
        put(one, Changes(counts={(SITE, "item.view", f"d{day}"): {"a": 1}}))
        later = clock.now().timestamp() + 66 * 86_400
        assert compare(one, other, now=lambda: later).differing_counts == 0

    def test_nothing_is_the_same_as_nothing(self) -> None:
        found = compare(RedisStore(client(), prefix="one"), RedisStore(client(), prefix="other"), now=lambda: 0.0)
        assert (found.states, found.counts, found.shoppers, found.bytes_max) == (0, 0, 0, 0)

    def test_sums_may_differ_by_a_millionth(self) -> None:
        one = ShopperState(tallies={"view": Tally(1, 1.0, 1.0, 1.0, 5.0)})
        near = ShopperState(tallies={"view": Tally(1, 1.0 + 9e-7, 1.0, 1.0, 5.0)})
        far = ShopperState(tallies={"view": Tally(1, 1.0 + 2e-6, 1.0, 1.0, 5.0)})
        assert (differences(one, near), len(differences(one, far))) == ([], 1)

    def test_counts_of_events_may_not(self) -> None:
        one, other = ({"view": Tally(count, 1.0, 1.0, 1.0, 5.0)} for count in (1, 2))
        assert len(differences(ShopperState(tallies=one), ShopperState(tallies=other))) == 1


def put(store: RedisStore, changes: Changes) -> None:
    assert store.write(changes, ground=store.ground(), expected={}, positions={})
