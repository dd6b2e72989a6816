"""What a site sets in the admin is in force without a restart: session gap, retention, bots."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import OperationalError
from django.test import Client

from apps.profiles import api as profiles
from apps.tracking import api
from apps.tracking.contracts import Rules
from apps.tracking.models import IntakeRules
from apps.tracking.services import rules
from specrec.kernel.errors import NotFound, Unavailable
from tests.apps.tracking.scene import NOW, ingest, make_event, open_site
from tests.apps.tracking.test_stitching import names, sessions, visit

pytestmark = pytest.mark.django_db(transaction=True)
ADD = "/admin/tracking/intakerules/add/"
CHANGE = "/admin/tracking/intakerules/uk/change/"
FORM = {"session_gap_minutes": "30", "split_at_midnight": "on", "split_at_campaign": "on", "drop_bots": "on"}


class Clock:
    """Stands in for the module `time` where rules grow stale."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(rules, "time", made)
    return made


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> Iterator[None]:
    open_site()
    rules.forget_rules()
    yield
    rules.forget_rules()


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("olga", "", "a-long-password"))
    return client


class TestGetRules:
    def test_a_site_without_a_row_has_the_defaults(self) -> None:
        assert api.get_rules(site_id="uk") == Rules(
            site_id="uk", time_zone="Europe/London", retention=timedelta(days=30)
        )

    def test_an_unknown_site_has_none(self) -> None:
        with pytest.raises(NotFound) as raised:
            api.get_rules(site_id="atlantis")
        assert raised.value.code == "unknown_site"

    def test_the_hosts_of_all_keys_are_its_own(self) -> None:
        origins = ["https://shop.example", "https://Pay.example:8443", "*"]
        profiles.create_key(site_id="uk", kind="publishable", name="shop", allowed_origins=origins)
        assert api.get_rules(site_id="uk").own_hosts == {"shop.example", "pay.example"}

    def test_they_are_read_again_after_ten_seconds(self, clock: Clock) -> None:
        api.get_rules(site_id="uk")
        IntakeRules.objects.create(site_id="uk", session_gap_minutes=5)
        clock.now += rules.FRESH_SECONDS - 0.1
        assert api.get_rules(site_id="uk").session_gap == timedelta(minutes=30)
        clock.now += 0.1
        assert api.get_rules(site_id="uk").session_gap == timedelta(minutes=5)

    def test_without_postgres_intake_is_unavailable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(**_: Any) -> None:
            raise OperationalError

        monkeypatch.setattr(profiles, "get_site", fail)
        with pytest.raises(Unavailable) as raised:
            ingest(make_event())
        assert raised.value.code == "intake_unavailable"


class TestAdmin:
    def test_a_session_gap_is_in_force_without_a_restart(self, operator: Client, clock: Clock) -> None:
        ingest(visit(0), visit(20))
        answer = operator.post(ADD, FORM | {"site_id": "uk", "session_gap_minutes": "10"})
        assert answer.status_code == 302
        clock.now += rules.FRESH_SECONDS
        ingest(visit(100), visit(120))
        assert names(*sessions()) == [0, 0, 1, 2]

    def test_a_retention_is_in_force_without_a_restart(self, operator: Client, clock: Clock) -> None:
        old = make_event(time=(NOW - timedelta(days=20)).isoformat())
        assert ingest(old).accepted == 1
        site = profiles.get_site(site_id="uk")
        form = {"name": site.name, "locale": "en-GB", "currency": "GBP", "time_zone": "Europe/London"}
        answer = operator.post("/admin/profiles/site/uk/change/", form | {"event_retention_days": "10"})
        assert answer.status_code == 302
        clock.now += rules.FRESH_SECONDS
        (result,) = ingest(old).results
        assert (result.status, result.reason) == ("dropped", "too_old")

    def test_bots_may_be_kept(self, operator: Client, clock: Clock) -> None:
        crawler = make_event(context={"user_agent": "Googlebot/2.1"})
        assert ingest(crawler).results[0].reason == "bot"
        form = {name: value for name, value in FORM.items() if name != "drop_bots"}
        assert operator.post(ADD, form | {"site_id": "uk"}).status_code == 302
        clock.now += rules.FRESH_SECONDS
        assert ingest(crawler).accepted == 1

    def test_a_change_keeps_the_site(self, operator: Client) -> None:
        IntakeRules.objects.create(site_id="uk")
        assert operator.post(CHANGE, FORM | {"site_id": "fr", "session_gap_minutes": "45"}).status_code == 302
        assert list(IntakeRules.objects.values_list("site_id", "session_gap_minutes")) == [("uk", 45)]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("site_id", "atlantis"),
            ("site_id", ""),
            ("session_gap_minutes", "0"),
            ("session_gap_minutes", "1441"),
            ("session_gap_minutes", "-5"),
            ("session_gap_minutes", "half an hour"),
            ("session_gap_minutes", ""),
        ],
    )
    def test_nonsense_is_refused_at_its_field(self, operator: Client, field: str, value: str) -> None:
        answer = operator.post(ADD, FORM | {"site_id": "uk", field: value})
        assert (answer.status_code, set(answer.context["adminform"].form.errors)) == (200, {field})
        assert not IntakeRules.objects.exists()

    def test_a_site_has_its_rules_once(self, operator: Client) -> None:
        IntakeRules.objects.create(site_id="uk")
        answer = operator.post(ADD, FORM | {"site_id": "uk"})
        assert (answer.status_code, set(answer.context["adminform"].form.errors)) == (200, {"site_id"})

    def test_who_may_only_look_changes_nothing(self) -> None:
        IntakeRules.objects.create(site_id="uk")
        user = User.objects.create_user("vera", "", "a-long-password", is_staff=True)
        user.user_permissions.add(Permission.objects.get(codename="view_intakerules"))
        client = Client()
        client.force_login(user)
        assert client.get(CHANGE).status_code == 200
        assert client.post(CHANGE, FORM | {"session_gap_minutes": "45"}).status_code == 403
