"""Live pairs over the real parts: table, stream, consumer, Redis, artifact."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NoReturn
from uuid import uuid4

import msgspec
import numpy as np
import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from apps.profiles.contracts import SCOPES, Caller
from apps.recommend.features import consume
from apps.recommend.features.lease import Lease
from apps.recommend.features.redis_store import RedisStore
from apps.recommend.registry.artifacts import BadArtifact, UnreadArtifact
from apps.recommend.registry.live_base import read_base
from apps.recommend.serving import live
from apps.recommend.serving.live import forget_live, get_live, live_status, measure_live
from apps.recommend.training.run import train_site
from apps.tracking import api as tracking
from apps.tracking.contracts import Envelope
from specrec.kernel import clock
from specrec.kernel.redis import client
from tests.apps.recommend.training.ranges import item_id, open_shop, walk  # noqa: F401 - the fixture "shop"
from tests.apps.recommend.training.small_model import (
    MakeVersion,
    give_own_store,  # noqa: F401 - a fixture
    open_site,  # noqa: F401 - the fixture "site"
    provide_make_version,  # noqa: F401 - the fixture "make_version"
)
from tests.unit.ml.pair_samples import matrix

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 20.0  # the promise is two seconds; a shared machine is given time, what counts is that it happens


@pytest.fixture(autouse=True)
def follow_nothing() -> Iterator[None]:
    forget_live()
    yield
    forget_live()


@pytest.fixture(name="consumer")
def run_consumer(shop: str) -> Iterator[None]:
    """A features consumer beside the test."""
    over = threading.Event()

    def run() -> None:
        try:
            consume.run(RedisStore(client()), Lease(client(), name="features"), stop=over.is_set)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    over.set()
    thread.join()


def view(site_id: str, shopper: str, *items: str) -> None:
    """Let a shopper look at the items, in this order, now."""
    now = clock.now()
    raws = [
        msgspec.Raw(
            msgspec.json.encode(
                {
                    "id": str(uuid4()),
                    "type": "view",
                    "time": (now - timedelta(seconds=len(items) - place)).isoformat(),
                    "customer_id": shopper,
                    "item_id": item,
                    "consent": ["history_personalisation"],
                }
            )
        )
        for place, item in enumerate(items)
    ]
    caller = Caller(key_id="k", site_id=site_id, kind="secret", scopes=frozenset(SCOPES))
    assert tracking.ingest(caller=caller, envelope=Envelope(events=raws), received_at=now).accepted == len(items)


def wait_for(seen: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < until
        time.sleep(0.02)


def pair(site_id: str, stamp: str, earlier: str, later: str) -> float:
    """Return what the live table counts for a pair, -1 where there is no table."""
    counts, ids = get_live(site_id, stamp), read_base(site_id=site_id, stamp=stamp).item_ids
    return -1.0 if counts is None else float(matrix(counts)[ids.index(earlier), ids.index(later)])


class TestGetLive:
    def test_events_are_in_it_at_once_and_as_a_training_counts_them(self, shop: str, consumer: None) -> None:
        walk(30, end=clock.now())
        stamp = train_site(site_id=shop, now=clock.now()).stamp
        wait_for(lambda: pair(shop, stamp, item_id(0, 1), item_id(5, 2)) == 0.0)
        view(shop, "c1", item_id(0, 1), item_id(5, 2))
        view(shop, "c2", item_id(5, 2), item_id(7, 0))
        wait_for(lambda: pair(shop, stamp, item_id(0, 1), item_id(5, 2)) > 0.0)
        wait_for(lambda: pair(shop, stamp, item_id(5, 2), item_id(7, 0)) > 0.0)
        tracking.drain(stop=lambda: tracking.status()["table"] == 0)
        trained = read_base(site_id=shop, stamp=train_site(site_id=shop, now=clock.now()).stamp).counts
        now = get_live(shop, stamp)
        assert now is not None
        assert np.allclose(matrix(now), matrix(trained), rtol=1e-5, atol=1e-6)
        assert np.isclose(now.unit, trained.unit)
        forget_live()  # as a process that starts now
        wait_for(lambda: pair(shop, stamp, item_id(5, 2), item_id(7, 0)) > 0.0)
        again = get_live(shop, stamp)
        assert again is not None
        assert np.allclose(matrix(again), matrix(now), rtol=1e-5, atol=1e-6)

    def test_while_redis_is_empty_there_is_nothing_to_go_on_from(self, shop: str) -> None:
        walk(30, end=clock.now())
        stamp = train_site(site_id=shop, now=clock.now()).stamp
        assert get_live(shop, stamp) is None
        assert [(one.stamp, one.state) for one in live_status()] == [(stamp, "waiting")]
        told = [(one.name, one.labels, one.value) for one in measure_live()]
        assert told == [("live_pairs", {"site": shop, "state": "waiting"}, 1.0)]

    def test_a_version_that_kept_nothing(self, make_version: MakeVersion, site: str) -> None:
        version = make_version("20260101T000000-aaaaaa")
        assert get_live(site, version.stamp) is None
        assert [one.state for one in live_status()] == ["unusable"]

    def test_a_table_that_does_not_fit_its_items(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        walk(30, end=clock.now())
        stamp = train_site(site_id=shop, now=clock.now()).stamp
        monkeypatch.setattr("apps.recommend.registry.live_base.decode_ids", lambda _: ["one"])
        with pytest.raises(BadArtifact) as refused:
            read_base(site_id=shop, stamp=stamp)
        assert "does not fit 1 items" in refused.value.message

    def test_it_is_followed_in_the_background(self, shop: str, consumer: None, settings: Settings) -> None:
        settings.MODEL_POLL_SECONDS = 0.05
        walk(30, end=clock.now())
        stamp = train_site(site_id=shop, now=clock.now()).stamp
        wait_for(lambda: get_live(shop, stamp) is not None)
        before = get_live(shop, stamp)
        view(shop, "c1", item_id(0, 1), item_id(5, 2))
        wait_for(lambda: get_live(shop, stamp) is not before)

    def test_one_that_cannot_be_read_right_now(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        walk(30, end=clock.now())
        stamp = train_site(site_id=shop, now=clock.now()).stamp

        def read_no_base(**_: str) -> NoReturn:
            raise UnreadArtifact("The folder is away.", code="bad_artifact")

        with monkeypatch.context() as away:
            away.setattr(live, "read_base", read_no_base)
            assert get_live(shop, stamp) is None
        assert live_status() == []
        get_live(shop, stamp)
        assert [one.state for one in live_status()] == ["waiting"]
