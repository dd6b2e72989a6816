"""Features for operators: batch features, the command, a rebuild beside a consumer."""

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from apps.catalog import api as catalog
from apps.profiles import api as profiles
from apps.profiles.contracts import SCOPES, Caller, ConsentInput, SiteInfo
from apps.recommend import api, conf, tasks
from apps.recommend.features import backfill, batch
from apps.recommend.features.definitions import DEFINITIONS
from apps.recommend.features.lease import Lease
from apps.recommend.features.memory_store import MemoryStore
from apps.recommend.features.offline import Label, Place, read_point_in_time
from apps.recommend.features.rebuild import is_finished
from apps.recommend.features.redis_store import RedisStore
from apps.recommend.features.state import Changes, ShopperState
from apps.tracking import api as tracking
from apps.tracking.contracts import Envelope
from apps.tracking.models import DailyCount
from specrec.kernel import clock
from specrec.kernel.errors import Conflict
from specrec.kernel.ids import shopper_id
from specrec.kernel.redis import client
from tests.apps.catalog.builders import item
from tests.apps.recommend.features.catalogue import FACTS, WEIGHTS

SITE, OTHER = "lens-lane", "brillenhaus"
# Of today, because Redis forgets counts by its own clock.
NOW = datetime.now(tz=UTC).replace(hour=12, minute=0, second=0, microsecond=0)
TODAY = NOW.date()


def open_site(site_id: str = SITE) -> None:
    info = SiteInfo(site_id=site_id, name=site_id, locale="en-GB", currency="GBP", time_zone="UTC")
    profiles.ensure_site(site=info)


def count(kind: str, item: str, events: int, *, day: date = TODAY, **said: Any) -> None:
    values = {"site_id": SITE, "placement": "", "channel": "web", "currency": ""} | said
    DailyCount.objects.create(day=day, type=kind, item_id=item, events=events, quantity=events, revenue=0, **values)


def tell(*told: tuple[str, str], who: str = "anna", hours: float = 1.0) -> None:
    """Send (type, item) and write them to the table."""
    events = [
        {
            "id": str(UUID(int=len(told) * 100 + number + hash(who) % 1_000_000 * 1_000)),
            "type": kind,
            "time": (NOW - timedelta(hours=hours, minutes=-number)).isoformat(),
            "customer_id": who,
            "session_id": "s1",
            "item_id": item,
            "consent": ["history_personalisation"],
        }
        for number, (kind, item) in enumerate(told)
    ]
    caller = Caller(key_id="k", site_id=SITE, kind="secret", scopes=frozenset(SCOPES))
    envelope = Envelope(events=[msgspec.Raw(msgspec.json.encode(one)) for one in events])
    answer = tracking.ingest(caller=caller, envelope=envelope, received_at=NOW)
    assert answer.dropped == 0, answer.results
    tracking.drain(stop=lambda: tracking.status()["table"] == 0)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("features", *arguments, verbosity=0, stdout=out)
    return out.getvalue()


@pytest.fixture
def at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.mark.django_db
class TestRefreshFeatures:
    def test_known_answers(self) -> None:
        open_site()
        count("view", "frame-1", 60, placement="home")
        count("view", "frame-1", 40)
        count("purchase", "frame-1", 10)
        count("return", "frame-1", 1, day=TODAY - timedelta(days=179))
        count("purchase", "frame-1", 9, day=TODAY - timedelta(days=179))
        count("view", "frame-2", 50, day=TODAY - timedelta(days=30))
        store = MemoryStore()
        assert batch.refresh_features(store, now=NOW) == [SITE]
        popular = store.read_batch(site_id=SITE, name="popularity_90d")
        assert popular == pytest.approx({"frame-1": 1.0, "frame-2": 25 / 130})
        bought = (10 + conf.USUAL_RATES["purchase"]) / 151
        assert store.read_batch(site_id=SITE, name="conversion_90d") == pytest.approx(
            {"frame-1": (10 + 50 * bought) / 150, "frame-2": 50 * bought / 100}
        )
        returned = (1 + conf.USUAL_RATES["return"]) / 20
        assert store.read_batch(site_id=SITE, name="return_rate_180d") == pytest.approx(
            {"frame-1": (1 + 50 * returned) / 69}
        )

    def test_what_is_older_than_a_window_is_not_in_it(self) -> None:
        open_site()
        count("view", "frame-1", 60, day=TODAY - timedelta(days=90))
        count("purchase", "frame-1", 60, day=TODAY - timedelta(days=180))
        store = MemoryStore()
        batch.refresh_features(store, now=NOW)
        names = ("popularity_90d", "conversion_90d", "return_rate_180d")
        assert [store.read_batch(site_id=SITE, name=name) for name in names] == [{}, {}, {}]

    def test_values_are_replaced_as_a_whole(self) -> None:
        open_site()
        store = MemoryStore()
        store.write_batch(site_id=SITE, name="popularity_90d", values={"gone": 1.0})
        batch.refresh_features(store, now=NOW)
        assert store.read_batch(site_id=SITE, name="popularity_90d") == {}

    def test_a_site_that_fails_stops_no_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        open_site(OTHER)
        open_site()
        count("view", "frame-1", 1)
        known = tracking.sum_item_days

        def fail(*, site_id: str, **asked: Any) -> Any:
            if site_id == OTHER:
                message = "no such table"
                raise RuntimeError(message)
            return known(site_id=site_id, **asked)

        monkeypatch.setattr(tracking, "sum_item_days", fail)
        store = MemoryStore()
        assert batch.refresh_features(store, now=NOW) == [SITE]
        assert store.read_batch(site_id=SITE, name="popularity_90d") == {"frame-1": 1.0}

    @pytest.mark.usefixtures("at_now")
    def test_the_task_stores_them_where_they_are_shown(self) -> None:
        open_site()
        count("view", "frame-1", 1)
        assert tasks.refresh_features() == [SITE]
        report = api.show_item_features(site_id=SITE, item_id="frame-1", now=NOW)
        assert report.values["popularity_90d"] == 1.0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("at_now")
class TestFeaturesCommand:
    @pytest.fixture(autouse=True)
    def site(self, db: None) -> None:
        open_site()

    def test_list_names_every_definition(self) -> None:
        head, *rows = run("list").splitlines()
        assert head.split() == [
            *("name", "entity", "type", "source", "window", "half_life", "sensitivity", "purpose", "description")
        ]
        assert sorted(row.split()[0] for row in rows) == sorted(definition.name for definition in DEFINITIONS)
        assert "trending                    item       number   counts  49 h " in "\n".join(rows)

    def test_the_documentation_has_the_list(self) -> None:
        page = (settings.BASE_DIR / "docs" / "reference" / "features.md").read_text(encoding="utf-8")
        documented = "\n".join(row for row in page.splitlines() if row.startswith("| "))
        assert run("list", "--markdown").strip() in documented, "manage.py features list --markdown has the table"

    def test_backfill_then_show_and_export(self) -> None:
        tell(("view", "frame-1"), ("view", "frame-1"), ("add_to_cart", "frame-2"))
        catalog.upsert_items(site_id=SITE, items=[item("frame-1"), item("frame-2")], now=NOW)
        assert run("backfill") == "rebuilt from 3 events\n"
        anna = run("show", SITE, "--customer-id", "anna")
        assert "views_ever" in anna
        assert "recent_items" in anna
        assert "frame-1 1, frame-2 2" in anna
        assert "left out: care_brand_affinity (no consent to rx_personalisation)" in anna
        (line,) = run("export", SITE).splitlines()
        day = int((NOW - timedelta(hours=1)).timestamp() // 86_400)
        assert json.loads(line) == {
            "shopper_id": str(shopper_id(SITE, "customer", "anna")),
            "counts": {"add_to_cart": 1, "view": 2},
            "days": {str(day): 3},
            "last": (NOW - timedelta(minutes=58)).timestamp(),
        }

    def test_items_and_placements_are_shown(self) -> None:
        tell(("view", "frame-1"), ("view", "frame-2"))
        run("backfill")
        item = dict(row.split(maxsplit=1) for row in run("show", SITE, "--item", "frame-1").splitlines())
        assert (item["item_views_day"], item["followed_by"]) == ("1", "frame-2 8")
        assert item["popularity_90d"] == "-"
        placement = run("show", SITE, "--placement", "home")
        assert "placement_ctr_7d" in placement

    def test_without_consent_all_is_left_out(self) -> None:
        tell(("view", "frame-1"))
        run("backfill")
        caller = Caller(key_id="k", site_id=SITE, kind="secret", scopes=frozenset(SCOPES))
        profiles.set_consent(caller=caller, said=ConsentInput(customer_id="anna", granted=[]), now=NOW)
        shown = run("show", SITE, "--customer-id", "anna").splitlines()
        assert shown
        assert all(row.startswith("left out: ") for row in shown)

    def test_somebody_who_never_said_a_word(self) -> None:
        shown = run("show", SITE, "--anonymous-id", "nobody").splitlines()
        of_people = [found for found in DEFINITIONS if found.purpose is not None]
        assert len(shown) == len(of_people)
        assert all(row.startswith("left out: ") for row in shown)

    def test_an_unknown_site(self) -> None:
        with pytest.raises(CommandError, match="nowhere"):
            run("show", "nowhere", "--item", "frame-1")

    def test_export_of_another_site_is_empty(self) -> None:
        tell(("view", "frame-1"))
        run("backfill")
        assert run("export", OTHER) == ""

    def test_real_history_at_a_moment(self) -> None:
        tell(("view", "frame-1"), ("view", "frame-2"))
        anna = shopper_id(SITE, "customer", "anna")
        purposes = frozenset({"history_personalisation"})
        labels = [
            Label(anna, "frame-2", NOW - timedelta(minutes=minutes), purposes=purposes) for minutes in (60, 59, 58)
        ]
        found = read_point_in_time(
            place=Place(site_id=SITE, weights=WEIGHTS, facts=FACTS),
            labels=labels,
            since=NOW - timedelta(days=1),
            names=("views_ever", "item_views_day"),
        )
        assert found.values.tolist() == [[0.0, 0.0], [1.0, 0.0], [2.0, 1.0]]


class TestBackfill:
    def lease(self, monkeypatch: pytest.MonkeyPatch) -> Lease:
        monkeypatch.setattr(conf, "LEASE_SECONDS", 0.1)
        return Lease(client(), name="features")

    @pytest.mark.django_db
    def test_consumers_stand_by_and_then_go_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lease, other = Lease(client(), name="features"), Lease(client(), name="features")
        seen: list[bool] = []

        def rebuild(_store: object, *, now: datetime, over: Any, progress: object) -> str:
            assert (now, over(), progress) == (NOW, False, print)
            seen.append(other.holds())
            return "rebuilt:1"

        monkeypatch.setattr(backfill, "rebuild", rebuild)
        assert backfill.backfill(MemoryStore(), lease, now=NOW, stop=lambda: False, progress=print) is True
        assert seen == [False]
        assert other.holds() is True

    def test_another_rebuild_is_not_disturbed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        busy = Lease(client(), name="features")
        assert busy.holds()
        lease = self.lease(monkeypatch)
        with pytest.raises(Conflict, match="being rebuilt already"):
            backfill.backfill(MemoryStore(), lease, now=NOW, stop=lambda: False, progress=print)
        assert busy.holds()

    @pytest.mark.django_db(transaction=True)
    def test_stopped_it_says_so_and_leaves_it_to_a_consumer(self) -> None:
        open_site()
        tell(("view", "frame-1"))
        store, lease = MemoryStore(), Lease(client(), name="features")
        assert backfill.backfill(store, lease, now=NOW, stop=lambda: True, progress=print) is False
        assert not is_finished(store.ground())
        assert Lease(client(), name="features").holds() is True


class TestScan:
    def test_every_state_of_the_site_and_none_of_another(self) -> None:
        store = RedisStore(client())
        ids = [UUID(int=number) for number in range(1, 6)]
        states = {(SITE, number): ShopperState(first=1.0) for number in ids} | {(OTHER, UUID(int=9)): ShopperState()}
        assert store.write(Changes(states=states), ground=store.ground(), expected={}, positions={})
        assert dict(store.scan(site_id=SITE)) == dict.fromkeys(ids, ShopperState(first=1.0))
