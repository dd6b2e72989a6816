"""Circuits: who failed is left alone for a moment."""

import time

import pytest

from apps.recommend.serving.breaker import Breaker, Broken


def fail(breaker: Breaker) -> None:
    with pytest.raises(OSError, match="away"), breaker.watch():
        raise OSError("away")


class TestWatch:
    def test_who_failed_is_not_asked(self) -> None:
        breaker = Breaker("part", seconds=60)
        fail(breaker)
        assert breaker.is_open()
        with pytest.raises(Broken), breaker.watch():
            pytest.fail("it was asked")

    def test_who_is_well_is_asked_every_time(self) -> None:
        breaker = Breaker("part", seconds=60)
        for _ in range(3):
            with breaker.watch():
                pass
        assert not breaker.is_open()

    def test_after_the_pause_the_first_success_closes_it(self) -> None:
        breaker = Breaker("part", seconds=0.01)
        fail(breaker)
        time.sleep(0.02)
        with breaker.watch():
            pass
        fail(breaker)  # one failure opens it: it was closed
        assert breaker.is_open()

    def test_after_the_pause_a_failure_opens_it_again(self) -> None:
        breaker = Breaker("part", seconds=0.05)
        fail(breaker)
        time.sleep(0.06)
        fail(breaker)
        assert breaker.is_open()

    def test_who_is_slow_is_used_once_and_left_alone(self) -> None:
        breaker = Breaker("part", seconds=60, deadline=0.001)
        with breaker.watch():
            time.sleep(0.005)
        assert breaker.is_open()

    def test_one_that_fails_while_another_has_failed_keeps_its_own_error(self) -> None:
        breaker = Breaker("part", seconds=60)
        with pytest.raises(KeyError), breaker.watch():
            fail_unseen(breaker)
        assert breaker.is_open()


def fail_unseen(breaker: Breaker) -> None:
    """Let one fail while another is still asking, and then that one."""
    fail(breaker)
    raise KeyError


class TestClose:
    def test_it_is_asked_again(self) -> None:
        breaker = Breaker("part", seconds=60)
        fail(breaker)
        breaker.close()
        assert not breaker.is_open()
