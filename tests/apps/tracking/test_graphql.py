"""`recordEvents`: the same intake as REST."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.profiles import api as profiles
from apps.tracking import api
from specrec.kernel import clock
from tests.apps.tracking.scene import make_event, open_site
from tests.apps.tracking.test_stitching import streamed

pytestmark = pytest.mark.django_db(transaction=True)
MUTATION = """
mutation Record($events: [EventInput!]!, $sentAt: String) {
  recordEvents(events: $events, sentAt: $sentAt) {
    accepted duplicate dropped results { index status id reason field message }
  }
}
"""


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()


@pytest.fixture
def secret_key() -> str:
    return profiles.create_key(site_id="uk", kind="secret", name="server").secret


def record(key: str | None, *events: dict[str, Any], sent_at: str | None = None) -> dict[str, Any]:
    body = json.dumps({"query": MUTATION, "variables": {"events": events, "sentAt": sent_at}})
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = Client().post("/graphql", data=body, content_type="application/json", headers=headers)
    return dict(answer.json())


def current(**changes: Any) -> dict[str, Any]:
    snake = make_event(time=clock.now().isoformat(), **changes)
    return {_camel(name): value for name, value in snake.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


class TestRecordEvents:
    def test_an_event_is_accepted(self, secret_key: str) -> None:
        event = current(consent=["history_personalisation"], context={"placement": "home", "storeId": "london-01"})
        answer = record(secret_key, event)["data"]["recordEvents"]
        assert (answer["accepted"], answer["results"][0]["status"], answer["results"][0]["id"]) == (
            1,
            "accepted",
            event["id"],
        )
        assert api.status()["table"] == 1

    def test_a_null_is_the_same_as_nothing(self, secret_key: str) -> None:
        event = current() | {"quantity": None, "context": {"placement": None}, "consent": None}
        assert record(secret_key, event)["data"]["recordEvents"]["accepted"] == 1

    def test_a_bad_event_has_its_reason_beside_a_good_one(self, secret_key: str) -> None:
        answer = record(secret_key, current(quantity=0), current(type="purchase"), current())["data"]["recordEvents"]
        told = [(one["status"], one["reason"], one["field"]) for one in answer["results"]]
        assert told == [
            ("dropped", "invalid", "quantity"),
            ("dropped", "missing_field", "order_id"),
            ("accepted", None, None),
        ]

    def test_an_unknown_type_is_refused_by_the_schema(self, secret_key: str) -> None:
        answer = record(secret_key, current(type="stare"))
        assert "stare" in answer["errors"][0]["message"]
        assert api.status()["table"] == 0

    def test_the_fields_of_visitors_and_imports(self, secret_key: str) -> None:
        phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1"
        context = {"userAgent": phone, "referrer": "https://www.google.com/", "campaign": "spring"}
        assert record(secret_key, current(context=context, replay=True))["data"]["recordEvents"]["accepted"] == 1
        (event,) = streamed()
        assert (event.device, event.referrer, event.campaign, event.replay) == ("mobile", "search", "spring", True)

    def test_times_are_corrected_by_sent_at(self, secret_key: str) -> None:
        ahead = (clock.now() + timedelta(hours=2)).isoformat()
        event = {name: value for name, value in current().items() if name != "time"} | {"time": ahead}
        assert record(secret_key, event)["data"]["recordEvents"]["results"][0]["reason"] == "in_future"
        assert record(secret_key, event, sent_at=ahead)["data"]["recordEvents"]["accepted"] == 1

    def test_a_sent_at_that_is_none_is_refused(self, secret_key: str) -> None:
        extensions = record(secret_key, current(), sent_at="yesterday")["errors"][0]["extensions"]
        assert extensions["field"] == "sentAt"
        assert api.status()["table"] == 0

    def test_without_a_key_it_is_refused(self) -> None:
        assert record(None, current())["errors"][0]["extensions"]["code"] == "missing_key"

    def test_without_the_scope_it_is_refused(self) -> None:
        key = profiles.create_key(site_id="uk", kind="secret", name="reader", scopes=["recommend:read"]).secret
        assert record(key, current())["errors"][0]["extensions"]["code"] == "missing_scope"
        assert api.status()["table"] == 0
