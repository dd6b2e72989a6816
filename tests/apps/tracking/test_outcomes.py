"""What became of served slates, by the model version that made them."""

import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from apps.tracking import api
from apps.tracking.contracts import Exposure
from apps.tracking.services import rules
from tests.apps.tracking.scene import NOW, drain_all, ingest, make_event, open_site

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()
    rules.forget_rules()


def serve(model: str | None = "m1", *, days_ago: int = 0, site_id: str = "uk") -> UUID:
    """Serve a slate and return its id."""
    slate_id = uuid.uuid4()
    time = NOW - timedelta(days=days_ago)
    slate = Exposure(site_id, slate_id, time, "home", None, ["a", "b"], "for_you", None, model, "web", None)
    api.record_exposures(exposures=[slate])
    return slate_id


def met(slate_id: UUID, kind: str, **changes: Any) -> None:
    """Let somebody see or click an item of the slate."""
    context = {"placement": "home", "recommendation_id": str(slate_id), "position": 1}
    assert ingest(make_event(type=kind, item_id="a", context=context, **changes)).dropped == 0


def outcomes() -> list[tuple[Any, ...]]:
    drain_all()
    return sorted(api.count_outcomes(site_id="uk", since=TODAY - timedelta(days=1), until=TODAY))


class TestCountOutcomes:
    def test_served_seen_and_clicked(self) -> None:
        slates = [serve() for _ in range(4)]
        for slate_id in slates[:3]:
            met(slate_id, "impression")
        met(slates[0], "click")
        assert outcomes() == [("m1", TODAY, 4, 3, 1)]

    def test_a_slate_that_is_clicked_twice_is_one(self) -> None:
        slate_id = serve()
        for _ in range(2):
            met(slate_id, "click")
        assert outcomes() == [("m1", TODAY, 1, 0, 1)]

    def test_by_model_and_day(self) -> None:
        for days_ago in (0, 1, 2):
            serve(days_ago=days_ago)
        met(serve("m2"), "click")
        serve(None)
        assert outcomes() == [
            ("m1", TODAY - timedelta(days=1), 1, 0, 0),
            ("m1", TODAY, 1, 0, 0),
            ("m2", TODAY, 1, 0, 1),
        ]

    def test_other_events_and_slates_of_nobody_do_not_count(self) -> None:
        met(serve(), "view")
        met(uuid.uuid4(), "click")
        assert outcomes() == [("m1", TODAY, 1, 0, 0)]
