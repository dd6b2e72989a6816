"""Bulk imports: what is taken, what is reported, and what a killed runner leaves behind."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from apps.catalog import api, tasks
from apps.catalog.models import ImportJob, Item
from apps.catalog.services import batches
from apps.catalog.services import items as item_services
from tests.apps.catalog.builders import NOON, wire_item


def _lines(entries: Iterable[dict[str, Any] | bytes]) -> bytes:
    return b"\n".join(entry if isinstance(entry, bytes) else json.dumps(entry).encode() for entry in entries)


def _start(site_id: str, data: bytes) -> Any:
    return api.start_import(site_id=site_id, data=data, now=NOON, background=False).import_id


def _clock(moment: datetime = NOON) -> Any:
    return lambda: moment


def _errors(site_id: str, import_id: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in api.get_import_errors(site_id=site_id, import_id=import_id).splitlines()]


class Killed(BaseException):
    """Stands for `kill -9`: nothing catches it, nothing is tidied up."""


class TestRunImport:
    def test_applies_the_good_lines_and_reports_the_others(self, uk: str) -> None:
        long_line = json.dumps(wire_item("long", description={"en": "x" * 1_048_576})).encode()
        import_id = _start(
            uk,
            _lines(
                [
                    b"\xef\xbb\xbf" + json.dumps(wire_item("a")).encode(),
                    b"",
                    b"{nonsense",
                    b'{"item_id": "\xff"}',
                    wire_item("b\0"),
                    wire_item("x" * 10_000),
                    wire_item("d", colour="red"),
                    long_line,
                    wire_item("e", item_type="frame", attributes={"shape": "blob"}),
                    wire_item("f", variants=[{"sku": "f", "prices": [{"amount": "1", "currency": "pounds"}]}]),
                    wire_item("g", variants=[{"sku": "a-49"}]),
                    wire_item("h"),
                ]
            ),
        )

        assert api.run_import(import_id=import_id, now_fn=_clock()) is True

        status = api.get_import(site_id=uk, import_id=import_id)
        assert (status.state, status.lines_total, status.lines_done, status.lines_failed) == ("done", 11, 2, 9)
        assert status.finished_at == NOON
        assert [
            (error["line"], error["item_id"] and error["item_id"][:4], error["code"], error["field"])
            for error in _errors(uk, import_id)
        ] == [
            (3, None, "malformed_json", None),
            (4, None, "malformed_json", None),
            (5, "b\0", "invalid_value", "item_id"),
            (6, "xxxx", "invalid_value", "item_id"),
            (7, "d", "unknown_field", "colour"),
            (8, None, "too_large", None),
            (9, "e", "invalid_value", "attributes.shape"),
            (10, "f", "invalid_value", "variants[0].prices[0].currency"),
            (11, "g", "sku_conflict", "variants[0].sku"),
        ]
        assert sorted(Item.objects.values_list("item_id", flat=True)) == ["a", "h"]

    def test_again_changes_nothing(self, uk: str) -> None:
        data = _lines(wire_item(f"i{number}") for number in range(3))
        api.run_import(import_id=_start(uk, data), now_fn=_clock())
        stamp = api.get_stamp(site_id=uk)

        import_id = _start(uk, data)
        api.run_import(import_id=import_id, now_fn=_clock())

        assert api.get_import(site_id=uk, import_id=import_id).lines_done == 3
        assert api.get_stamp(site_id=uk) == stamp

    def test_finished_has_nothing_to_do(self, uk: str) -> None:
        import_id = _start(uk, _lines([wire_item()]))

        assert api.run_import(import_id=import_id, now_fn=_clock()) is True
        assert api.run_import(import_id=import_id, now_fn=_clock()) is False
        assert api.get_import(site_id=uk, import_id=import_id).lines_done == 1

    def test_unknown_has_nothing_to_do(self, db: None) -> None:
        assert api.run_import(import_id=uuid4(), now_fn=_clock()) is False

    def test_is_left_alone_while_another_runner_is_alive(self, uk: str) -> None:
        import_id = _start(uk, _lines([wire_item()]))
        ImportJob.objects.filter(import_id=import_id).update(
            state="running", lease=uuid4(), heartbeat_at=NOON - timedelta(seconds=50)
        )

        assert api.run_import(import_id=import_id, now_fn=_clock()) is False
        assert not Item.objects.exists()

    def test_goes_on_where_a_killed_runner_stopped(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(batches, "BATCH_LINES", 2)
        entries: list[dict[str, Any] | bytes] = [wire_item("a"), b"{bad", wire_item("b"), b"{bad", wire_item("c")]
        import_id = _start(uk, _lines(entries))

        def die(status: Any) -> None:
            if status.lines_done + status.lines_failed == 4:
                raise Killed

        with pytest.raises(Killed):
            api.run_import(import_id=import_id, now_fn=_clock(), on_progress=die)
        halfway = api.get_import(site_id=uk, import_id=import_id)
        assert (halfway.state, halfway.lines_done, halfway.lines_failed) == ("running", 2, 2)
        assert [error["line"] for error in _errors(uk, import_id)] == [2, 4]
        stamp = api.get_stamp(site_id=uk)

        later = _clock(NOON + timedelta(seconds=61))
        assert api.run_import(import_id=import_id, now_fn=later) is True

        status = api.get_import(site_id=uk, import_id=import_id)
        assert (status.state, status.lines_done, status.lines_failed) == ("done", 3, 2)
        assert [error["line"] for error in _errors(uk, import_id)] == [2, 4]
        assert api.get_stamp(site_id=uk) == stamp + 1

    def test_rolls_a_batch_back_when_the_lease_is_lost(
        self, committed_uk: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import_id = _start(committed_uk, _lines([wire_item()]))
        write = item_services.upsert_items

        def overtaken(**given: Any) -> Any:
            outcomes = write(**given)
            ImportJob.objects.filter(import_id=import_id).update(lease=uuid4())
            return outcomes

        monkeypatch.setattr(item_services, "upsert_items", overtaken)

        assert api.run_import(import_id=import_id, now_fn=_clock()) is False
        assert not Item.objects.exists()
        assert api.get_stamp(site_id=committed_uk) == 0

    def test_is_given_up_after_five_attempts_without_progress(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        import_id = _start(uk, _lines([wire_item()]))

        def fail(**_: Any) -> Any:
            raise Killed

        monkeypatch.setattr(item_services, "upsert_items", fail)
        for attempt in range(5):
            with pytest.raises(Killed):
                api.run_import(import_id=import_id, now_fn=_clock(NOON + timedelta(minutes=2 * attempt)))

        assert api.run_import(import_id=import_id, now_fn=_clock(NOON + timedelta(minutes=20))) is False
        status = api.get_import(site_id=uk, import_id=import_id)
        assert (status.state, status.finished_at) == ("failed", NOON + timedelta(minutes=20))
        assert "no progress" in status.message

    def test_by_its_task_accepts_unknown_keywords(self, uk: str) -> None:
        import_id = _start(uk, _lines([wire_item()]))

        tasks.run_import(import_id=str(import_id), added_later=True)

        assert api.get_import(site_id=uk, import_id=import_id).state == "done"
