"""Figures for monitoring: closed by default, the same from every process, whole where a part is away."""

import re
from typing import Any

import pytest
import redis
from django.db import DatabaseError
from django.test import Client

from apps.profiles import api as profiles
from apps.recommend.serving import expose
from apps.recommend.serving.live import forget_live
from apps.tracking.models import DeadLetter
from apps.tracking.services import counting, inspector, measuring, rules
from specrec.kernel.redis import client as redis_client
from tests.apps.tracking.scene import NOW, drain_all, ingest, make_event, open_site

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "a-token-of-some-length"


@pytest.fixture(autouse=True)
def _site(transactional_db: None, settings: Any) -> None:
    open_site()
    rules.forget_rules()
    counting.flush_counts()
    redis_client().flushdb()
    forget_live()
    settings.METRICS_TOKEN = TOKEN


def scrape(authorization: str = f"Bearer {TOKEN}") -> Any:
    return Client().get("/metrics", headers={"Authorization": authorization})


def figures() -> dict[str, float]:
    counting.flush_counts()
    answer = scrape()
    assert answer.status_code == 200
    rows = [line.rsplit(" ", 1) for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(number) for name, number in rows}


class TestDoor:
    def test_without_a_token_there_is_none(self, settings: Any) -> None:
        settings.METRICS_TOKEN = ""
        assert [scrape(given).status_code for given in ("", "Bearer ", f"Bearer {TOKEN}")] == [404] * 3

    @pytest.mark.parametrize(
        "authorization",
        ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer \xe4"],
    )
    def test_a_wrong_token_is_refused(self, authorization: str) -> None:
        answer = scrape(authorization)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="specrec metrics"')
        assert b"specrec_" not in answer.content

    def test_a_key_of_a_site_is_no_token(self) -> None:
        key = profiles.create_key(site_id="uk", kind="secret", name="server").secret
        assert scrape(f"Bearer {key}").status_code == 401

    def test_prometheus_can_read_it(self) -> None:
        answer = scrape()
        assert answer["Content-Type"].startswith("text/plain; version=")
        assert answer["Cache-Control"] == "no-store"
        assert re.search(r"^# TYPE specrec_events_accepted_total counter$", answer.content.decode(), re.MULTILINE)


class TestFigures:
    def test_what_came_in(self) -> None:
        good = make_event()
        ingest(good, good, make_event(quantity=0))
        found = figures()
        assert found['specrec_events_accepted_total{site="uk",type="view"}'] == 1
        assert found['specrec_events_dropped_total{reason="invalid",site="uk"}'] == 1
        assert found['specrec_events_duplicate_total{site="uk"}'] == 1

    def test_how_far_consumers_are(self) -> None:
        ingest(make_event())
        assert figures()['specrec_stream_lag_records{group="table"}'] == 1
        drain_all()
        found = figures()
        assert found['specrec_stream_lag_records{group="table"}'] == 0
        assert found["specrec_table_newest_event_timestamp_seconds"] == NOW.timestamp()

    def test_dead_letters_by_cause(self) -> None:
        DeadLetter.objects.create(kind="event", key="k", payload=b"", cause="unreadable", reason="why")
        found = figures()
        assert found['specrec_dead_letters{cause="unreadable"}'] == 1
        assert found['specrec_dead_letters{cause="refused"}'] == 0

    def test_rows_that_strayed(self) -> None:
        assert figures()['specrec_rows_strayed{table="tracking_event"}'] == 0

    def test_exposures_that_were_lost(self) -> None:
        assert figures()["specrec_exposures_lost_total"] == 0
        assert expose._tell_lost(3) == 3
        assert figures()["specrec_exposures_lost_total"] == 3

    def test_an_empty_table_has_no_newest_event(self) -> None:
        assert "specrec_table_newest_event_timestamp_seconds" not in figures()

    def test_names_of_sites_are_text(self) -> None:
        redis_client().hset(counting.TOTALS, 'a"b accepted:view', 1)
        assert figures()['specrec_events_accepted_total{site="a\\"b",type="view"}'] == 1


class TestParts:
    def test_without_redis_the_others_stay(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Away:
            def hgetall(self, _: str) -> None:
                raise redis.ConnectionError

            get = hgetall

        monkeypatch.setattr(inspector, "hasty_client", Away)
        monkeypatch.setattr(expose, "client", Away)
        found = {name.partition("{")[0] for name in figures()}
        assert found == {"specrec_stream_lag_records", "specrec_dead_letters", "specrec_rows_strayed"}

    def test_without_postgres_the_others_stay(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise DatabaseError

        ingest(make_event())
        for name in ("count_strays", "_count_letters", "_newest"):
            monkeypatch.setattr(measuring, name, fail)
        found = figures()
        assert found['specrec_events_accepted_total{site="uk",type="view"}'] == 1
        assert not any(name.startswith(("specrec_dead", "specrec_rows", "specrec_table")) for name in found)
