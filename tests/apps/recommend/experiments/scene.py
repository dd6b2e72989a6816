"""A site with two placements, experiments on them, and shoppers that see and do."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from apps.profiles import api as profiles
from apps.profiles.contracts import SiteInfo
from apps.recommend import api
from apps.recommend.contracts.experiments import ExperimentInfo, ExperimentInput, Variant
from apps.recommend.contracts.placements import PlacementInfo
from apps.tracking.models import Event, ServedSlate
from apps.tracking.services.partitions import Partitions

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CONTROL, SHORT = Variant(variant="control"), Variant(variant="short", changes={"size": 4})
SITE = SiteInfo(site_id="uk", name="UK", locale="en-GB", currency="GBP", time_zone="Europe/London")


def open_site() -> None:
    profiles.ensure_site(site=SITE)
    for name in ("home", "cart"):
        placement = PlacementInfo(placement=name, title=name, strategy="popular", size=12)
        api.ensure_placement(site_id="uk", placement=placement)


def make(key: str = "order", **changes: Any) -> ExperimentInput:
    given = {"experiment": key, "title": key, "placements": ("home",), "variants": (CONTROL, SHORT)} | changes
    return ExperimentInput(**given)


def draft(key: str = "order", **changes: Any) -> ExperimentInfo:
    return api.ensure_experiment(site_id="uk", written=make(key, **changes), now=NOW)


def start(key: str = "order", *, now: datetime = NOW, **changes: Any) -> ExperimentInfo:
    draft(key, **changes)
    return api.start_experiment(site_id="uk", experiment=key, now=now)


class Log:
    """Rows as the table consumer writes them, for many shoppers at once."""

    def __init__(self, *, day: datetime = NOW - timedelta(hours=2)) -> None:
        self._at = day
        self._slates: list[ServedSlate] = []
        self._events: list[Event] = []

    def show(self, shopper: UUID, label: str, *, clicked: bool = False) -> None:
        slate = uuid.uuid4()
        self._slates.append(
            ServedSlate(
                site_id="uk",
                recommendation_id=slate,
                day=self._at.date(),
                time=self._at,
                placement="home",
                shopper_id=shopper,
                item_ids=["a"],
                strategy="popular",
                channel="web",
                experiments=[label],
            )
        )
        for kind in ("impression", "click")[: 1 + clicked]:
            self.tell(kind, shopper, recommendation_id=slate)

    def tell(self, kind: str, shopper: UUID, **changes: Any) -> None:
        plain = {"quantity": 1, "channel": "web", "historical": False, "item_id": "a", "session_id": "visit"}
        at = self._at + timedelta(minutes=len(self._events) % 30)
        known = {"site_id": "uk", "event_id": uuid.uuid4(), "day": at.date(), "time": at, "received_at": at}
        self._events.append(Event(**known, type=kind, shopper_id=shopper, **(plain | changes)))

    def write(self) -> None:
        for table in ("tracking_event", "tracking_exposure"):
            Partitions().ensure(table=table, days={self._at.date()}, today=self._at.date())
        ServedSlate.objects.bulk_create(self._slates)
        Event.objects.bulk_create(self._events)
