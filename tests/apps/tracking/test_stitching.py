"""Sessions of events that name none: across batches, through Redis, and without it."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis

from apps.tracking import api
from apps.tracking.contracts import TrackedEvent
from apps.tracking.services import rules
from apps.tracking.steps import session_memory
from apps.tracking.stream.postgres import PostgresStream
from specrec.kernel.errors import Unavailable
from specrec.kernel.redis import client
from tests.apps.tracking.scene import HISTORY, NOW, ingest, make_event, open_site

pytestmark = pytest.mark.django_db(transaction=True)
START = NOW - timedelta(hours=5)


@pytest.fixture(autouse=True)
def _site(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    open_site()
    rules.forget_rules()
    monkeypatch.setattr(session_memory, "_rest_until", 0.0)
    yield
    rules.forget_rules()


def visit(minutes: float, **changes: Any) -> dict[str, Any]:
    given = {"time": (START + timedelta(minutes=minutes)).isoformat(), "session_id": None, "consent": HISTORY}
    return make_event(**given | changes)


def streamed() -> list[TrackedEvent]:
    asked = iter([False, True])
    batches = api.follow(group="test", find_positions=lambda _: {}, limit=1_000, wait=0.0, stop=lambda: next(asked))
    return [event for batch in batches for event in batch.events]


def sessions() -> list[str | None]:
    """Return the sessions of all events in order of time."""
    return [event.session_id for event in sorted(streamed(), key=lambda event: event.time)]


def names(*found: str | None) -> list[int]:
    numbers: dict[str | None, int] = {}
    return [numbers.setdefault(one, len(numbers)) for one in found]


class TestBatch:
    def test_silence_ends_a_session(self) -> None:
        ingest(visit(0), visit(29), visit(59), visit(60))
        assert names(*sessions()) == [0, 0, 1, 1]

    def test_a_session_that_is_named_stays(self) -> None:
        ingest(visit(0, session_id="theirs"), visit(1))
        first, second = sessions()
        assert first == "theirs"
        assert second is not None
        assert len(second) == 16

    def test_without_consent_there_is_none(self) -> None:
        ingest(visit(0, consent=None), visit(1, consent=[]), visit(2, anonymous_id=None, consent=None))
        assert sessions() == [None, None, None]
        assert client().keys("session:*") == []

    def test_shoppers_have_their_own(self) -> None:
        ingest(visit(0), visit(0, anonymous_id="bea"))
        assert len(set(sessions())) == 2

    def test_a_campaign_begins_one(self) -> None:
        ingest(visit(0), visit(1, context={"campaign": "spring"}))
        assert names(*sessions()) == [0, 1]
        assert [event.campaign for event in streamed()] == [None, "spring"]


class TestAcrossBatches:
    def test_a_session_goes_on(self) -> None:
        ingest(visit(0))
        ingest(visit(20))
        ingest(visit(51))
        assert names(*sessions()) == [0, 0, 1]

    def test_a_late_event_joins_the_session_that_it_falls_into(self) -> None:
        ingest(visit(0))
        ingest(visit(25))
        ingest(visit(200))
        ingest(visit(10))
        assert names(*sessions()) == [0, 0, 0, 1]

    def test_the_same_events_again_have_the_same_session(self) -> None:
        events = [visit(0), visit(10)]
        ingest(*events)
        ingest(*events)
        assert names(*sessions()) == [0, 0, 0, 0]

    def test_nobody_remembers_a_batch_that_was_not_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise Unavailable("away", code="stream_unavailable")

        with monkeypatch.context() as patched:
            patched.setattr(PostgresStream, "append", fail)
            with pytest.raises(Unavailable):
                ingest(visit(0))
        assert client().keys("session:*") == []

    def test_what_is_kept_goes_away_by_itself(self) -> None:
        ingest(visit(0))
        (key,) = client().keys("session:*")
        assert 86_400 < client().ttl(key) <= 86_400 + 1_800

    def test_what_another_version_kept_is_begun_anew(self) -> None:
        ingest(visit(0))
        (key,) = client().keys("session:*")
        client().set(key, b"\xff")
        assert ingest(visit(1)).accepted == 1


class TestImports:
    @pytest.mark.parametrize("kind", ["historical", "replay"])
    def test_they_are_stitched_among_themselves(self, kind: str) -> None:
        ingest(visit(0))
        kept = [client().get(key) for key in client().keys("session:*")]
        ingest(visit(1, **{kind: True}), visit(2, **{kind: True}))
        first, second, third = sessions()
        assert second == third
        assert first != second
        assert [client().get(key) for key in client().keys("session:*")] == kept

    def test_years_have_their_sessions(self) -> None:
        ingest(*[visit(0, historical=True, time=f"20{year}-05-02T10:00:00Z") for year in (19, 20, 21)])
        assert names(*sessions()) == [0, 1, 2]


class TestWithoutRedis:
    def test_events_are_taken_without_a_session(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[datetime] = []

        class Away:
            def mget(self, _: object) -> None:
                asked.append(NOW)
                raise redis.ConnectionError

        monkeypatch.setattr(session_memory, "hasty_client", Away)
        assert [ingest(visit(minute)).accepted for minute in range(3)] == [1, 1, 1]
        assert sessions() == [None, None, None]
        assert len(asked) == 1

    def test_imports_have_theirs_all_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(session_memory, "_rest_until", float("inf"))
        ingest(visit(0, historical=True), visit(1))
        first, second = sessions()
        assert (first is not None, second) == (True, None)


class TestIds:
    def test_a_retry_after_a_restart_of_redis_begins_with_the_same_name(self) -> None:
        event = visit(0, id=str(uuid.uuid4()))
        ingest(event)
        client().flushdb()
        ingest(event)
        assert len(set(sessions())) == 1
