"""System checks say what is configured wrongly, and the way out."""

from typing import Any
from unittest import mock

import pytest
import redis.exceptions
from django.test import override_settings

from specrec import checks
from specrec.settings import base

LONG = "x" * 50


def codes(found: Any) -> list[str | None]:
    assert all(message.hint for message in found)
    return [message.id for message in found]


class TestCheckSafety:
    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ({"SECRET_KEY": LONG, "DEBUG": False, "ALLOWED_HOSTS": ["shop.example"]}, []),
            ({"SECRET_KEY": LONG, "DEBUG": True, "ALLOWED_HOSTS": ["localhost", "127.0.0.1"]}, []),
            ({"SECRET_KEY": "short", "DEBUG": False, "ALLOWED_HOSTS": []}, ["specrec.E001"]),
            ({"SECRET_KEY": LONG, "DEBUG": True, "ALLOWED_HOSTS": ["shop.example"]}, ["specrec.E002"]),
            ({"SECRET_KEY": LONG, "DEBUG": True, "ALLOWED_HOSTS": ["*"]}, ["specrec.E002"]),
        ],
    )
    def test_finds(self, settings: dict[str, Any], expected: list[str]) -> None:
        with override_settings(**settings):
            assert codes(checks.check_safety(None)) == expected


class TestCheckServices:
    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ({"SERVICES": ["catalog", "graphql"]}, []),
            ({"SERVICES": ["catalogue"]}, ["specrec.E003"]),
            ({"RATE_LIMIT_PER_SECOND": 0}, ["specrec.E004"]),
        ],
    )
    def test_finds(self, settings: dict[str, Any], expected: list[str]) -> None:
        with override_settings(**settings):
            assert codes(checks.check_services(None)) == expected


class TestCheckStream:
    @pytest.mark.parametrize(
        ("stream", "expected"),
        [("postgres", []), ("kafka", []), ("memory", ["specrec.E006"]), ("pulsar", ["specrec.E006"])],
    )
    def test_production_takes_only_what_keeps_events(self, stream: str, expected: list[str]) -> None:
        with override_settings(STREAM=stream, STREAMS=base.STREAMS, KAFKA_BROKERS="127.0.0.1:9092"):
            assert codes(checks.check_stream(None)) == expected

    def test_kafka_needs_to_be_told_where_it_is(self) -> None:
        with override_settings(STREAM="kafka", KAFKA_BROKERS=""):
            assert codes(checks.check_stream(None)) == ["specrec.E007"]

    def test_tests_may_forget(self) -> None:
        with override_settings(STREAM="memory"):
            assert codes(checks.check_stream(None)) == []


class TestCheckRedis:
    def test_takes_the_embedded_one(self) -> None:
        assert codes(checks.check_redis(None)) == []

    @pytest.mark.parametrize(("version", "expected"), [("6.2.0", []), ("7.4.1", []), ("6.0.20", ["specrec.E005"])])
    def test_asks_for_6_2(self, version: str, expected: list[str]) -> None:
        with mock.patch.object(checks, "client") as client:
            client.return_value.info.return_value = {"redis_version": version}
            assert codes(checks.check_redis(None)) == expected

    def test_warns_of_one_that_is_away(self) -> None:
        with mock.patch.object(checks, "client", side_effect=redis.exceptions.ConnectionError):
            assert codes(checks.check_redis(None)) == ["specrec.W001"]
