"""What an orchestrator asks."""

from unittest import mock

import pytest
import redis.exceptions
from django.db import OperationalError
from django.test import Client, override_settings

from specrec import health


class TestLive:
    def test_asks_nothing_of_any_part(self, client: Client) -> None:
        with mock.patch.object(health, "client", side_effect=AssertionError):
            answer = client.get("/health/live")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert answer["Cache-Control"] == "no-store"


class TestReady:
    @pytest.fixture(autouse=True)
    def _ask_again(self) -> None:
        health._check_migrations.cache_clear()

    def test_names_all_parts(self, client: Client, db: None) -> None:
        answer = client.get("/health/ready")
        assert answer.status_code == 200
        assert answer.json()["parts"] == {"postgres": "ok", "migrations": "ok", "redis": "ok"}

    def test_without_postgres_is_unavailable(self, client: Client) -> None:
        with mock.patch.object(health, "connection") as connection:
            connection.cursor.side_effect = OperationalError
            answer = client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["status"] == "unavailable"
        assert answer.json()["parts"]["postgres"] == "down"

    def test_without_redis_is_unavailable(self, client: Client, db: None) -> None:
        with mock.patch.object(health, "client", side_effect=redis.exceptions.ConnectionError):
            answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()["parts"]["redis"]) == (503, "down")

    def test_without_migrations_says_what_to_do(self, client: Client, db: None) -> None:
        with mock.patch("specrec.health.MigrationExecutor.migration_plan", return_value=["one"]):
            answer = client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["parts"]["migrations"] == "missing: run `manage.py migrate`"


class TestVersion:
    def test_names_version_and_services(self, client: Client) -> None:
        with override_settings(VERSION="7.1", SERVICES=["catalog"]):
            answer = client.get("/version")
        assert answer.json() == {"name": "specrec", "version": "7.1", "services": ["catalog"]}
