"""Experiments over HTTP, on the command line, in the admin and as a background job."""

import uuid
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client

from apps.profiles import api as profiles
from apps.profiles.contracts import KeyKind
from apps.recommend import tasks
from apps.recommend.models import Experiment
from specrec.kernel import clock
from specrec.kernel.errors import Conflict
from tests.apps.recommend.experiments.scene import NOW, Log, draft, open_site, start

pytestmark = pytest.mark.django_db(transaction=True)
WRITTEN = {
    "experiment": "order",
    "title": "A shorter list",
    "placements": ["home"],
    "variants": [{"variant": "control"}, {"variant": "short", "changes": {"size": 4}}],
}


@pytest.fixture(autouse=True)
def _site(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    open_site()
    monkeypatch.setattr(clock, "now", lambda: NOW)


class Caller:
    """A client with a key."""

    def __init__(self, kind: KeyKind) -> None:
        key = profiles.create_key(site_id="uk", kind=kind, name="tests").secret
        self._client, self._headers = Client(), {"Authorization": f"Bearer {key}"}

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        send = getattr(self._client, method)
        given = {} if method == "get" else {"data": {} if body is None else body, "content_type": "application/json"}
        answer = send(f"/v1/experiments{path}", headers=self._headers, **given)
        return answer.status_code, answer.json()


class TestRest:
    def test_from_draft_to_end(self) -> None:
        server = Caller("secret")
        assert server.ask("put", "", WRITTEN)[1]["state"] == "draft"
        assert server.ask("post", "/order/start")[1]["state"] == "running"
        assert [info["state"] for info in server.ask("get", "")[1]] == ["running"]
        assert server.ask("get", "/order/results")[1]["verdict"] == "Too few have seen it to say anything."
        status, info = server.ask("post", "/order/stop", {"note": "Kept.", "conclude": True})
        assert (status, info["state"], info["note"]) == (200, "concluded", "Kept.")
        assert server.ask("get", "/order")[1] == info
        assert server.ask("get", "/order/looks") == (200, [])

    @pytest.mark.parametrize(
        ("method", "path"), [("get", ""), ("put", ""), ("post", "/order/start"), ("get", "/order/results")]
    )
    def test_a_browser_sees_none_of_it(self, method: str, path: str) -> None:
        status, problem = Caller("publishable").ask(method, path, WRITTEN)
        assert (status, problem["code"]) == (403, "missing_scope")

    def test_mistakes_are_pointed_at(self) -> None:
        server = Caller("secret")
        assert server.ask("put", "", WRITTEN | {"ramp": 2})[1]["field"] == "ramp"
        assert server.ask("get", "/nothing")[1]["code"] == "unknown_experiment"
        draft()
        assert server.ask("get", "/order/results")[1]["code"] == "not_started"


class TestCommand:
    def run(self, *words: str) -> str:
        out = StringIO()
        call_command("experiments", *words, stdout=out)
        return out.getvalue()

    def test_list_start_stop(self) -> None:
        draft()
        assert "draft" in self.run("list", "uk")
        assert "running" in self.run("start", "uk", "order")
        assert "stopped" in self.run("stop", "uk", "order", "--note", "Enough.")
        assert "Enough." in self.run("list", "uk")
        assert '"size": 4' in self.run("show", "uk", "order")

    def test_results(self) -> None:
        start(now=NOW - timedelta(days=3))
        fill()
        shown = self.run("results", "uk", "order")
        assert "control 60, short 60" in shown
        assert "+50.0%" in shown
        assert shown.splitlines()[-1] == "No difference in ctr is proven yet."

    def test_what_cannot_be_is_said(self) -> None:
        start()
        with pytest.raises((Conflict, Exception), match="only a draft starts"):
            self.run("start", "uk", "order")


class TestTask:
    def test_looks_once_a_day(self) -> None:
        start(now=NOW - timedelta(days=3))
        assert tasks.look_experiments() == ["uk/order"]
        assert tasks.look_experiments() == []


class TestAdmin:
    @pytest.fixture
    def desk(self) -> Client:
        client = Client()
        client.force_login(User.objects.create_superuser("ada"))
        return client

    FORM: dict[str, Any] = {
        "site_id": "uk",
        "experiment": "order",
        "title": "A shorter list",
        "placements": "home",
        "variants": '[{"variant": "control"}, {"variant": "short", "changes": {"size": 4}}]',
        "metric": "ctr",
        "guardrails": ["returns"],
        "unit": "shopper",
        "attribution_hours": "24",
        "planned_units": "",
        "ramp": "1.0",
        "ends_at_0": "2027-01-01",
        "ends_at_1": "00:00:00",
        "layer": "default",
        "layer_from": "0",
        "layer_until": "1",
    }

    def test_written_as_a_form(self, desk: Client) -> None:
        assert desk.get("/admin/recommend/experiment/add/").status_code == 200
        answer = desk.post("/admin/recommend/experiment/add/", self.FORM)
        assert answer.status_code == 302, answer.context["adminform"].form.errors
        row = Experiment.objects.get()
        assert (row.state, row.written["variants"][1]["changes"]) == ("draft", {"size": 4})
        assert row.written["ends_at"] == "2027-01-01T00:00:00Z"

    def test_changed_as_a_form(self, desk: Client) -> None:
        desk.post("/admin/recommend/experiment/add/", self.FORM)
        row = Experiment.objects.get()
        address = f"/admin/recommend/experiment/{row.pk}/change/"
        assert b"A shorter list" in desk.get(address).content
        assert desk.post(address, self.FORM | {"ramp": "0.5"}).status_code == 302
        row.refresh_from_db()
        assert row.written["ramp"] == 0.5

    @pytest.mark.parametrize(
        ("field", "value"), [("placements", "nowhere"), ("variants", "[]"), ("ramp", "2"), ("site_id", "nowhere")]
    )
    def test_a_mistake_stands_at_its_field(self, desk: Client, field: str, value: str) -> None:
        answer = desk.post("/admin/recommend/experiment/add/", self.FORM | {field: value})
        assert list(answer.context["adminform"].form.errors) == [field]

    def test_an_end_that_has_passed_stands_at_its_field(self, desk: Client) -> None:
        start(ends_at=NOW + timedelta(days=90))
        address = f"/admin/recommend/experiment/{Experiment.objects.get().pk}/change/"
        answer = desk.post(address, self.FORM | {"title": "order", "ends_at_0": "2020-01-01"})
        assert list(answer.context["adminform"].form.errors) == ["ends_at"]

    def test_who_may_only_look_sees_what_is_tried(self) -> None:
        start()
        clerk, user = Client(), User.objects.create_user("bob", is_staff=True)
        user.user_permissions.add(Permission.objects.get(codename="view_experiment"))
        clerk.force_login(user)
        page = clerk.get(f"/admin/recommend/experiment/{Experiment.objects.get().pk}/change/")
        assert page.status_code == 200
        assert "&quot;variant&quot;: &quot;short&quot;" in page.content.decode()

    def test_started_stopped_and_concluded_by_actions(self, desk: Client) -> None:
        draft()
        key = Experiment.objects.get().pk
        for action, state in (
            ("start_selected", "running"),
            ("stop_selected", "stopped"),
            ("conclude_selected", "concluded"),
        ):
            given = {"action": action, "_selected_action": [key]}
            assert desk.post("/admin/recommend/experiment/", given).status_code == 302
            assert Experiment.objects.get().state == state
        assert Experiment.objects.get().note == "Too few have seen it to say anything."

    def test_results_have_plots_and_no_script(self, desk: Client) -> None:
        start(now=NOW - timedelta(days=3))
        fill()
        tasks.look_experiments()
        page = desk.get(f"/admin/recommend/experiment/{Experiment.objects.get().pk}/results")
        text = page.content.decode()
        assert page.status_code == 200
        assert text.count("<svg") == 2
        assert "<script" not in text
        assert "No difference in ctr is proven yet." in text
        assert "+50.0%" in text
        assert page["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"

    def test_results_are_not_for_everybody(self) -> None:
        start(now=NOW - timedelta(days=3))
        clerk = Client()
        clerk.force_login(User.objects.create_user("bob", is_staff=True))
        assert clerk.get(f"/admin/recommend/experiment/{Experiment.objects.get().pk}/results").status_code == 404

    def test_what_ran_stays(self, desk: Client) -> None:
        start()
        row = Experiment.objects.get()
        assert desk.post(f"/admin/recommend/experiment/{row.pk}/delete/", {"post": "yes"}).status_code == 403


def fill() -> None:
    """Let sixty shoppers see each side; thirty click the control's slates, forty-five the others."""
    log = Log()
    for label, clicks in (("order:control", 30), ("order:short", 45)):
        for number in range(60):
            log.show(uuid.uuid4(), label, clicked=number < clicks)
    log.write()
