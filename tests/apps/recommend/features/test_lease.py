"""The lease by which one consumer at a time rebuilds."""

import threading
from typing import Any

import pytest
import redis

from apps.recommend import conf
from apps.recommend.features.lease import Lease
from specrec.kernel.redis import client


class TestLease:
    def test_one_holds_it_at_a_time(self) -> None:
        first, second = Lease(client(), name="test"), Lease(client(), name="test")
        assert (first.holds(), second.holds()) == (True, False)

    def test_the_next_takes_it_when_it_was_left(self) -> None:
        first, second = Lease(client(), name="test"), Lease(client(), name="test")
        first.holds()
        first.leave()
        assert second.holds() is True

    def test_it_is_lost_when_another_took_it_meanwhile(self) -> None:
        ticks = iter([0.0, 100.0])
        first = Lease(client(), name="test", clock=lambda: next(ticks))
        first.holds()
        client().set("lease:test", b"somebody else")
        assert first.holds() is False

    def test_it_is_renewed_beside_a_long_step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conf, "LEASE_SECONDS", 0.2)
        lease = Lease(client(), name="test")
        lease.holds()
        renewed = threading.Event()
        take = lease._take

        def noted(**asked: Any) -> object:
            renewed.set()
            return take(**asked)

        monkeypatch.setattr(lease, "_take", noted)
        with lease.kept():
            assert renewed.wait(10)

    def test_redis_away_is_said(self) -> None:
        lease = Lease(redis.Redis(host="127.0.0.1", port=1), name="test")
        with pytest.raises(redis.RedisError):
            lease.holds()
