"""Redis for the hot path, and the limiter that stands on it."""

import time

import pytest
import redis

from specrec.kernel import quick_redis, ratelimit
from specrec.kernel.errors import Throttled
from specrec.kernel.quick_redis import ask
from specrec.kernel.redis import client


class _Interrupted:
    """A reader that is interrupted before the answer is read."""

    def feed(self, data: bytes) -> None:
        raise KeyboardInterrupt


class TestAsk:
    def test_answers_come_in_order(self) -> None:
        client().set("a", b"\x00\xff")
        assert ask(("GET", "a"), ("GET", "nowhere"), ("INCRBY", "n", 3)) == [b"\x00\xff", None, 3]

    def test_an_answer_larger_than_one_read(self) -> None:
        client().set("a", b"x" * 300_000)
        assert ask(("GET", "a")) == [b"x" * 300_000]

    def test_what_redis_refuses_is_an_error_and_the_connection_goes_on(self) -> None:
        with pytest.raises(redis.ResponseError):
            ask(("NOSUCH",), ("GET", "a"))
        assert ask(("GET", "nowhere")) == [None]

    def test_a_connection_that_redis_closed_is_opened_again(self) -> None:
        ask(("GET", "a"))
        client().client_kill_filter(_type="normal", skipme=True)
        assert ask(("GET", "a")) == [None]

    def test_what_is_not_the_protocol_is_a_connection_error_once(self) -> None:
        ask(("GET", "a"))
        quick_redis._local.link._reader.feed(b"HTTP/1.1 400 Bad Request\r\n")
        with pytest.raises(redis.ConnectionError):
            ask(("GET", "a"))
        assert ask(("GET", "a")) == [None]

    def test_what_an_interrupted_question_left_is_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        client().set("a", b"1")
        ask(("GET", "nowhere"))
        link = quick_redis._local.link
        monkeypatch.setattr(link, "_reader", _Interrupted())
        with pytest.raises(KeyboardInterrupt):
            ask(("GET", "a"))
        assert ask(("GET", "nowhere")) == [None]

    def test_no_redis_is_a_connection_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        nowhere = redis.Redis(host="127.0.0.1", port=1)
        monkeypatch.setattr(quick_redis, "client", lambda: nowhere)
        with pytest.raises(redis.ConnectionError):
            ask(("GET", "a"))


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """One second that does not end."""
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.25)
    monkeypatch.setattr(ratelimit, "_windows", {})


@pytest.mark.usefixtures("noon")
class TestCheckRate:
    def test_a_small_limit_is_exact(self) -> None:
        for _ in range(3):
            ratelimit.check_rate(bucket="k", per_second=3)
        with pytest.raises(Throttled) as caught:
            ratelimit.check_rate(bucket="k", per_second=3)
        assert caught.value.retry_after == 0.75

    def test_buckets_are_apart(self) -> None:
        ratelimit.check_rate(bucket="k", per_second=1)
        ratelimit.check_rate(bucket="other", per_second=1)

    def test_what_other_processes_counted_is_learnt_at_the_next_step(self) -> None:
        client().set("rate:k:1700000000", 1_000)
        for _ in range(9):
            ratelimit.check_rate(bucket="k", per_second=1_000)
        with pytest.raises(Throttled):
            ratelimit.check_rate(bucket="k", per_second=1_000)

    def test_without_redis_the_process_counts_for_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(*_commands: object) -> list[object]:
            raise redis.ConnectionError

        monkeypatch.setattr(ratelimit, "ask", away)
        ratelimit.check_rate(bucket="k", per_second=1)
        with pytest.raises(Throttled):
            ratelimit.check_rate(bucket="k", per_second=1)
