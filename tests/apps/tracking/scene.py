"""A site, those who call, and events as a client would write them."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from apps.profiles import api as profiles
from apps.profiles.contracts import Caller, SiteInfo
from apps.tracking import api
from apps.tracking.contracts import Envelope, IngestResult

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HISTORY = ["history_personalisation"]
SITE = SiteInfo(
    site_id="uk",
    name="United Kingdom",
    locale="en-GB",
    currency="GBP",
    time_zone="Europe/London",
    event_retention_days=30,
)
SERVER = Caller(key_id="sk", site_id="uk", kind="secret", scopes=frozenset({"events:write"}))
BROWSER = Caller(key_id="pk", site_id="uk", kind="publishable", scopes=frozenset({"events:write"}))


def open_site() -> None:
    profiles.ensure_site(site=SITE)


def make_event(**changes: Any) -> dict[str, Any]:
    """Return an event that is right, with what the test wants different; a value of None leaves the field out."""
    given = {
        "id": str(uuid.uuid4()),
        "type": "view",
        "time": (NOW - timedelta(minutes=1)).isoformat(),
        "anonymous_id": "ada",
        "session_id": "visit-1",
        "item_id": "frame-1",
    } | changes
    return {name: value for name, value in given.items() if value is not None}


def ingest(*events: dict[str, Any], caller: Caller = SERVER, received_at: datetime = NOW) -> IngestResult:
    raws = [msgspec.Raw(msgspec.json.encode(one)) for one in events]
    return api.ingest(caller=caller, envelope=Envelope(events=raws), received_at=received_at)


def drain_all() -> None:
    """Run the table consumer until it has nothing left to do."""
    api.drain(stop=lambda: api.status()["table"] == 0)
