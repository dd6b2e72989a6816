"""Consent around an outage of Redis, whose entries outlive it: what was withdrawn meanwhile does not come back."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock

import pytest
import redis
from django.db import connection

from apps.profiles import api
from apps.profiles.contracts import ConsentSignal, Shopper, ShopperRef
from apps.profiles.models import Generation, Lapse
from apps.profiles.selectors import entries, leases, shoppers
from specrec.embedded import Parts, start_parts
from specrec.kernel import ids
from specrec.kernel.redis import client, hasty_client
from tests.apps.profiles.conftest import NOON

ANNA = ShopperRef(anonymous_id="anna")
ANNA_ID = ids.shopper_id("uk", "anonymous", "anna")
HISTORY = "history_personalisation"
KEYS = entries.entry_keys("uk", "anonymous", "anna")

pytestmark = pytest.mark.django_db(transaction=True)


def say(*purposes: str, minutes: int = 0) -> None:
    signal_ = ConsentSignal(ANNA, frozenset(purposes), NOON + timedelta(minutes=minutes), "web")
    api.record_consents(site_id="uk", signals=[signal_])


def purposes() -> set[str]:
    """Return what a process serves that has noticed nothing yet."""
    shoppers.resume()
    found = api.get_shopper(site_id="uk", ref=ANNA)
    assert found is not None
    return set(found.purposes)


def forget_connections() -> None:
    client.cache_clear()
    hasty_client.cache_clear()


@pytest.fixture
def parts(tmp_path: Path, settings: Any) -> Iterator[Parts]:
    """Give a Redis of the test's own, that it may end."""
    with start_parts(tmp_path, environ={"DATABASE_URL": os.environ["DATABASE_URL"]}) as parts:
        settings.REDIS_URL = parts.redis_url
        forget_connections()
        yield parts
    forget_connections()


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let writers not reach Redis, which readers reach all the time."""
    monkeypatch.setattr(entries, "hasty_client", mock.Mock(side_effect=redis.ConnectionError))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> mock.Mock:
    """Count the waits for older leases instead of waiting."""
    waits = mock.Mock()
    monkeypatch.setattr(leases, "outlast", waits)
    return waits


def kill(parts: Parts) -> Callable[[], None]:
    parts.kill_redis()
    return parts.start_redis


def stop(parts: Parts) -> Callable[[], None]:
    pid = parts.pids()["redis"]
    os.kill(pid, signal.SIGSTOP)
    return lambda: os.kill(pid, signal.SIGCONT)


class TestOutage:
    def test_a_withdrawal_while_redis_is_away_does_not_come_back(self, uk: str, parts: Parts) -> None:
        say(HISTORY)
        assert purposes() == {HISTORY}
        bring_back = kill(parts)
        say(minutes=1)
        bring_back()
        entry = client().get(KEYS[0])
        assert isinstance(entry, bytes)
        assert HISTORY.encode() in entry  # what makes this a test
        assert purposes() == set()

    def test_a_withdrawal_while_redis_hangs_does_not_come_back(self, uk: str, parts: Parts) -> None:
        say(HISTORY)
        assert purposes() == {HISTORY}
        bring_back = stop(parts)
        say(minutes=1)
        bring_back()
        assert purposes() == set()

    def test_a_grant_while_redis_is_away_holds_afterwards(self, uk: str, parts: Parts) -> None:
        say()
        assert purposes() == set()
        bring_back = kill(parts)
        say(HISTORY, minutes=1)
        bring_back()
        client().delete(leases.KEY)  # as two seconds do
        assert purposes() == {HISTORY}

    def test_entries_of_another_run_of_redis_are_not_trusted(self, uk: str, parts: Parts) -> None:
        say(HISTORY)
        assert purposes() == {HISTORY}
        kill(parts)()
        client().delete(leases.KEY)  # as two seconds do
        leases.renew()
        assert entries.unpacked(entries.read(KEYS)) is None

    def test_a_withdrawal_of_which_only_redis_could_not_be_told_holds_when_it_is_answered(
        self, uk: str, cut: None
    ) -> None:
        say(HISTORY)
        assert purposes() == {HISTORY}
        say(minutes=1)
        assert purposes() == set()
        assert not Lapse.objects.exists()
        assert api.get_shopper(site_id="uk", ref=ANNA) == Shopper(ANNA_ID)

    @pytest.mark.parametrize(("second", "count"), [((), 1), (("analytics",), 1), ((HISTORY, "analytics"), 0)])
    def test_only_what_narrows_a_consent_waits(
        self, uk: str, cut: None, waits: mock.Mock, second: tuple[str, ...], count: int
    ) -> None:
        say(HISTORY)
        say(*second, minutes=1)
        assert waits.call_count == count
        assert Lapse.objects.count() == 2

    def test_a_merge_waits(self, uk: str, cut: None, waits: mock.Mock) -> None:
        api.merge_shoppers(site_id=uk, anonymous_id="anna", customer_id="c1", now=NOON)
        assert waits.call_count == 1

    def test_a_change_that_is_told_leaves_no_lapse_and_does_not_wait(self, uk: str, waits: mock.Mock) -> None:
        say(HISTORY)
        say(minutes=1)
        assert waits.call_count == 0
        assert not Lapse.objects.exists()


class TestRenew:
    def test_the_tag_stays_until_there_is_a_lapse(self, db: None) -> None:
        first = leases.renew()
        assert first is not None
        assert len(first) == leases.TAG_LENGTH
        assert leases.renew() == first == client().get(leases.KEY)
        assert 0 < client().pttl(leases.KEY) <= 2_000
        Lapse.objects.create()
        second = leases.renew()
        assert second is not None
        assert second > first
        assert leases.renew() == second
        assert not Lapse.objects.exists()

    def test_the_number_grows_also_where_the_clock_was_set_back(self, db: None) -> None:
        Generation.objects.create(pk=1, number=9_000_000_000_000_000)
        Lapse.objects.create()
        tag = leases.renew()
        assert tag is not None
        assert tag[:16] == b"9000000000000001"

    def test_renewals_at_once_end_with_one_number(self, db: None) -> None:
        Lapse.objects.bulk_create(Lapse() for _ in range(200))
        tags: list[bytes | None] = []

        def run() -> None:
            try:
                tags.append(leases.renew())
            finally:
                connection.close()

        threads = [Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert len(tags) == 4
        assert len(set(tags)) == 1
        assert not Lapse.objects.exists()
