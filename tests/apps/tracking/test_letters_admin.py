"""The page of the dead letters: found, read without what is personal, replayed by those who may."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client

from apps.tracking.admin import letters as pages
from apps.tracking.models import DeadLetter
from apps.tracking.stream import records
from apps.tracking.stream.base import Record
from apps.tracking.stream.choice import get_stream
from apps.tracking.stream.postgres import PostgresStream
from specrec.kernel.errors import Unavailable
from tests.apps.tracking.scene import drain_all, open_site
from tests.apps.tracking.told import append, stored_ids, tracked

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/admin/tracking/deadletter/"
ADA = uuid.UUID(int=0xADA)


@pytest.fixture
def operator(transactional_db: None) -> Client:
    open_site()
    client = Client()
    client.force_login(User.objects.create_superuser("olga", "", "a-long-password"))
    return client


@pytest.fixture
def refused(operator: Client) -> list[uuid.UUID]:
    """Two events that the table refused for a while, and a record that nobody can read."""
    _execute("ALTER TABLE tracking_event ADD CONSTRAINT narrow CHECK (item_id <> 'square')")
    events = [
        tracked(item_id="square", shopper_id=ADA, session_id="visit-1", query="my name is Ada"),
        tracked(item_id="square"),
    ]
    append(*events)
    get_stream().append([Record("gossip", "k", b"\x91\xa3ada"), Record("event", "k", b"\xc1ada")])
    drain_all()
    _execute("ALTER TABLE tracking_event DROP CONSTRAINT narrow")
    return [event.event_id for event in events]


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def shown(operator: Client, query: str = "") -> str:
    answer = operator.get(PAGE + query)
    assert answer.status_code == 200
    return answer.content.decode()


def act(operator: Client, action: str, *, query: str = "", ids: Any = ()) -> list[str]:
    answer = operator.post(PAGE + query, {"action": action, "_selected_action": [str(one) for one in ids]})
    assert answer.status_code == 302
    return [str(message) for message in get_messages(answer.wsgi_request)]


class TestList:
    def test_the_reason_and_the_content_are_shown(self, operator: Client, refused: list[uuid.UUID]) -> None:
        content = shown(operator)
        assert "narrow" in content
        assert "square" in content
        assert "5 bytes" not in content
        assert "4 bytes that are no record, beginning with c1 61 64 61" in content

    def test_nothing_personal_is_shown(self, operator: Client, refused: list[uuid.UUID]) -> None:
        content = shown(operator)
        for personal in (str(ADA), ADA.hex, "visit-1", "my name is Ada"):
            assert personal not in content

    def test_nothing_is_shown_of_a_record_whose_fields_are_not_those_of_its_kind(self, operator: Client) -> None:
        get_stream().append([Record("event", "k", b"\x91\xa5zebra"), Record("exposure", "k", b"\x92\xa5zebra\x01")])
        drain_all()
        assert DeadLetter.objects.count() == 2
        assert "zebra" not in shown(operator)

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("", 4),
            ("?cause__exact=refused", 2),
            ("?kind=gossip", 1),
            ("?q=narrow", 2),
            ("?q=unknown+kind", 1),
            ("?failed_at__year=1999", 0),
        ],
    )
    def test_letters_are_found(self, operator: Client, refused: list[uuid.UUID], query: str, count: int) -> None:
        assert shown(operator, query).count('class="action-select"') == count


class TestReplaySelected:
    def test_the_selected_are_replayed_and_the_others_are_not(self, operator: Client, refused: list[uuid.UUID]) -> None:
        first = DeadLetter.objects.filter(cause="refused").order_by("id").first()
        assert first is not None
        told = act(operator, "replay_selected", ids=[first.pk])
        assert told == ["1 written to their table, 0 put into the stream again, 0 still dead."]
        assert (stored_ids(), DeadLetter.objects.count()) == ([refused[0]], 3)

    def test_those_still_dead_are_told(self, operator: Client, refused: list[uuid.UUID]) -> None:
        ids = DeadLetter.objects.filter(cause="unreadable").values_list("id", flat=True)
        told = act(operator, "replay_selected", ids=ids)
        assert told == ["0 written to their table, 0 put into the stream again, 2 still dead."]

    def test_when_the_stream_is_away_it_is_told_and_nothing_is_lost(
        self, operator: Client, refused: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(_self: Any, _records: Any) -> None:
            raise Unavailable("The stream is away.", code="stream_unavailable")

        DeadLetter.objects.filter(kind="event", cause="refused").update(cause="unreadable")
        monkeypatch.setattr(PostgresStream, "append", away)
        told = act(operator, "replay_shown")
        assert told == ["The stream is away. Replay again what is left."]
        assert DeadLetter.objects.count() == 4

    @pytest.mark.parametrize("action", ["replay_selected", "replay_shown"])
    def test_who_may_only_look_may_not_replay(self, operator: Client, refused: list[uuid.UUID], action: str) -> None:
        looker = User.objects.create_user("leo", password="a-long-password", is_staff=True)
        looker.user_permissions.add(Permission.objects.get(codename="view_deadletter"))
        operator.force_login(looker)
        assert "replay_" not in shown(operator)
        ids = DeadLetter.objects.values_list("id", flat=True)
        operator.post(PAGE, {"action": action, "_selected_action": [str(one) for one in ids]})
        assert (stored_ids(), DeadLetter.objects.count()) == ([], 4)

    def test_who_was_given_the_right_may(self, operator: Client, refused: list[uuid.UUID]) -> None:
        mender = User.objects.create_user("mia", password="a-long-password", is_staff=True)
        mender.user_permissions.add(*Permission.objects.filter(codename__in=["view_deadletter", "replay_deadletter"]))
        operator.force_login(mender)
        act(operator, "replay_shown")
        assert len(stored_ids()) == 2


class TestReplayShown:
    def test_all_that_the_filters_let_through(self, operator: Client, refused: list[uuid.UUID]) -> None:
        told = act(operator, "replay_shown", query="?cause__exact=refused")
        assert told == ["2 written to their table, 0 put into the stream again, 0 still dead."]
        assert (stored_ids(), DeadLetter.objects.count()) == (sorted(refused), 2)

    def test_too_many_for_a_page_are_left_to_the_command(
        self, operator: Client, refused: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pages, "_AT_ONCE", 1)
        (told,) = act(operator, "replay_shown", query="?cause__exact=refused")
        assert told.endswith("There are more than 1: use manage.py replay_dead_letters.")
        assert DeadLetter.objects.count() == 3

    def test_nobody_deletes_or_changes(self, operator: Client, refused: list[uuid.UUID]) -> None:
        one = DeadLetter.objects.first()
        assert one is not None
        for path in (f"{one.pk}/delete/", f"{one.pk}/change/", "add/"):
            assert operator.post(PAGE + path).status_code in {302, 403}
        assert DeadLetter.objects.count() == 4


class TestStr:
    def test_it_names_no_shopper(self, operator: Client) -> None:
        record = records.from_event(tracked(shopper_id=ADA, quantity=2**40))
        get_stream().append([record])
        drain_all()
        assert str(ADA) not in str(DeadLetter.objects.get())
