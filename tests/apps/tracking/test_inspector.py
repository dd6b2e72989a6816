"""What came in, counted and sampled: told to Redis by every process, shown to operators, naming no shopper."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
import redis
from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.profiles import api as profiles
from apps.tracking import api
from apps.tracking.contracts import InspectedEvent, Inspection
from apps.tracking.services import counting, inspector, rules
from specrec.kernel import clock
from specrec.kernel.errors import Unavailable
from specrec.kernel.redis import client
from tests.apps.tracking.scene import BROWSER, HISTORY, NOW, SITE, ingest, make_event, open_site

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/admin/tracking/intakerules/inspector/"


class Away:
    """A Redis that does not answer."""

    def pipeline(self, **_: object) -> None:
        raise redis.ConnectionError

    hgetall = pipeline


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> Iterator[None]:
    open_site()
    rules.forget_rules()
    counting.flush_counts()
    client().flushdb()
    yield
    rules.forget_rules()


def seen(**later: float) -> Inspection:
    counting.flush_counts()
    return api.inspect(site_id="uk", now=NOW + timedelta(**later))


class TestCounts:
    def test_events_by_type_and_drops_by_reason(self) -> None:
        good = make_event()
        ingest(good, good, make_event(type="search", query="round", item_id=None), make_event(quantity=0))
        ingest(make_event(item_id=None), make_event(customer_id="c-1"), caller=BROWSER)
        expected = {
            "accepted:view": 1,
            "accepted:search": 1,
            "duplicate": 1,
            "dropped:invalid": 1,
            "dropped:missing_field": 1,
            "dropped:not_allowed": 1,
        }
        assert (seen().today, seen().week) == (expected, expected)

    def test_a_day_is_over_and_a_week_too(self) -> None:
        ingest(make_event())
        assert [seen(days=days).today for days in (0, 1)] == [{"accepted:view": 1}, {}]
        assert [seen(days=days).week for days in (6, 7)] == [{"accepted:view": 1}, {}]

    def test_another_site_has_its_own(self) -> None:
        ingest(make_event())
        counting.flush_counts()
        assert api.inspect(site_id="fr", now=NOW) == Inspection({}, {}, [], [])

    def test_they_go_away_by_themselves(self) -> None:
        ingest(make_event())
        counting.flush_counts()
        day = counting.day_key("uk", "2026-11-22")
        assert 34 * 86_400 < client().ttl(day) <= 35 * 86_400
        assert client().ttl(counting.TOTALS) == -1

    def test_they_wait_for_redis(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ingest(make_event())
        with monkeypatch.context() as patched:
            patched.setattr(counting, "hasty_client", Away)
            counting.flush_counts()
            assert ingest(make_event()).accepted == 1
        assert seen().today == {"accepted:view": 2}
        assert len(seen().accepted) == 2

    def test_they_are_told_once(self) -> None:
        ingest(make_event())
        assert [seen().today for _ in range(2)] == [{"accepted:view": 1}] * 2


class TestTally:
    def test_a_defect_ends_neither_the_thread_nor_a_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[Counter[tuple[str, str, str]]] = []
        done = threading.Event()

        def tell(counts: Counter[tuple[str, str, str]], _: object) -> None:
            if not told:
                told.append(Counter())
                raise ValueError("a defect")
            told.append(counts)
            done.set()

        monkeypatch.setattr(counting, "_tell", tell)
        monkeypatch.setattr(counting, "_FLUSH_SECONDS", 0.001)
        tally = counting.Tally()
        tally.add("uk", "2026-11-22", Counter({"accepted": 3}), {})
        threading.Thread(target=tally._run, daemon=True).start()
        assert done.wait(10)
        assert told[1] == Counter({("uk", "2026-11-22", "accepted"): 3})


class TestSamples:
    def test_an_event_without_the_shopper_and_what_they_wrote(self) -> None:
        told = {"placement": "home", "channel": "mobile", "user_agent": "Shop/3 CFNetwork/1410 Darwin/22.6.0"}
        ingest(make_event(type="search", query="my secret", context=told, consent=HISTORY, order_id="o-77"))
        assert seen().accepted == [InspectedEvent(NOW, "search", "frame-1", "home", "mobile", "mobile")]
        stored = b"".join(client().lrange(counting.sample_key("uk", "accepted"), 0, -1))  # type: ignore[arg-type]
        assert not any(word in stored for word in (b"secret", b"ada", b"visit-1", b"o-77"))

    def test_a_drop_has_its_reason(self) -> None:
        ingest(make_event(item_id=None))
        (dropped,) = seen().dropped
        assert (dropped.type, dropped.reason, dropped.field, dropped.message) == (
            "view",
            "missing_field",
            "item_id",
            "An event of type view needs item_id.",
        )

    @pytest.mark.parametrize(
        ("changes", "field", "message"),
        [
            ({"type": "my secret"}, "type", "Invalid enum value '…'."),
            ({"my secret": 1}, "(unknown)", "Object contains unknown field `…`."),
            ({"my`secret": 1}, "(unknown)", "Object contains unknown field `…`."),
            ({"my secret" * 50: 1}, "(unknown)", "Object contains unknown field `…`."),
            ({"type": "my'secret"}, "type", 'Invalid enum value "…".'),
            ({"type": "my secret" * 50}, "type", "Invalid enum value '…'."),
            ({"context": {"my secret": 1}}, "(unknown)", "Object contains unknown field `…`."),
        ],
    )
    def test_what_a_client_wrote_is_not_shown(self, changes: dict[str, object], field: str, message: str) -> None:
        ingest(make_event(**changes))
        (dropped,) = seen().dropped
        assert (dropped.field, dropped.message) == (field, message)

    def test_at_most_five_of_a_batch_and_fifty_of_all(self) -> None:
        ingest(*[make_event(item_id=f"i-{number}") for number in range(9)])
        assert [one.item_id for one in seen().accepted] == ["i-4", "i-3", "i-2", "i-1", "i-0"]
        for _ in range(12):
            ingest(*[make_event() for _ in range(5)])
            counting.flush_counts()
        assert len(seen().accepted) == 50

    def test_many_of_a_reason_hide_no_other(self) -> None:
        ingest(*[make_event(quantity=0) for _ in range(9)], make_event(item_id=None))
        assert sorted(str(one.reason) for one in seen().dropped) == ["invalid"] * 4 + ["missing_field"]


class TestInspect:
    def test_without_redis_it_is_unavailable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(inspector, "hasty_client", Away)
        with pytest.raises(Unavailable) as raised:
            api.inspect(site_id="uk", now=NOW)
        assert raised.value.code == "counts_unavailable"


class TestPage:
    @pytest.fixture
    def operator(self) -> Client:
        found = Client()
        found.force_login(User.objects.create_superuser("olga", "", "a-long-password"))
        return found

    def test_it_shows_counts_and_events(self, operator: Client) -> None:
        now = clock.now()
        current = {"time": now.isoformat()}
        ingest(make_event(item_id="frame-77", **current), make_event(item_id=None, **current), received_at=now)
        counting.flush_counts()
        answer = operator.get(PAGE, {"site": "uk"})
        assert answer.status_code == 200
        page = answer.content.decode()
        assert all(word in page for word in ("frame-77", "missing_field", "needs item_id"))
        assert f'content="5; url={PAGE}?site=uk"' in page
        assert (answer.context["accepted_week"], answer.context["dropped_week"]) == (1, 1)

    def test_nothing_yet_is_said_so(self, operator: Client) -> None:
        page = operator.get(PAGE).content.decode()
        assert page.count('class="empty"') == 4

    @pytest.mark.parametrize("site", ["atlantis", "", "<script>"])
    def test_an_unknown_site_is_the_first(self, operator: Client, site: str) -> None:
        answer = operator.get(PAGE, {"site": site})
        assert (answer.status_code, answer.context["chosen"]) == (200, "uk")

    def test_what_clients_send_is_text(self, operator: Client) -> None:
        ingest(make_event(item_id="<script>alert(1)</script>"))
        counting.flush_counts()
        page = operator.get(PAGE).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page

    def test_without_redis_it_says_what_is_away(self, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(inspector, "hasty_client", Away)
        answer = operator.get(PAGE)
        assert (answer.status_code, b"Redis does not answer" in answer.content) == (200, True)

    def test_sites_can_be_chosen(self, operator: Client) -> None:
        profiles.ensure_site(site=msgspec.structs.replace(SITE, site_id="fr", name="France"))
        page = operator.get(PAGE, {"site": "fr"}).content.decode()
        assert '<a href="?site=fr" aria-current="page">France</a>' in page
        assert '<a href="?site=uk">United Kingdom</a>' in page

    def test_it_is_for_those_who_may_see_rules(self) -> None:
        user = User.objects.create_user("vera", "", "a-long-password", is_staff=True)
        found = Client()
        found.force_login(user)
        assert found.get(PAGE).status_code == 403
        user.user_permissions.add(Permission.objects.get(codename="view_intakerules"))
        assert found.get(PAGE).status_code == 200

    def test_strangers_are_sent_to_the_door(self) -> None:
        answer = Client().get(PAGE)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/admin/login/")
