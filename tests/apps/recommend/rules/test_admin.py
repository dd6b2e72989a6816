"""The pages of rules, as a merchandiser goes through them."""

import re
from typing import Any

import pytest
from django.test import Client

from apps.recommend import api
from apps.recommend.models import RULE_KINDS, MerchandisingRule
from tests.apps.recommend.rules.books import make_rule, publish, save
from tests.apps.recommend.serving.lens_lane import NOW, SITE, ask, ids, open_lens_lane  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("shop")
LIST = "/admin/recommend/merchandisingrule/"
ADD = f"{LIST}add/"
TYPED: dict[str, Any] = {
    "site_id": SITE,
    "rule": "no-a",
    "title": "Without a",
    "priority": "100",
    "note": "",
    "kind": "exclude",
    "target__item_ids": "frame-a,\n frame-b",
    "target__filter": "",
}


def page_of(rule: str) -> str:
    """Return the address of a rule's page."""
    return f"{LIST}{MerchandisingRule.objects.get(rule=rule).pk}/change/"


def fields_in(html: str) -> set[str]:
    """Return the names of the inputs of a page."""
    return set(re.findall(r'name="([a-z_]+)"', html))


class TestAdd:
    def test_first_the_kind_is_asked_for(self, admin_client: Client) -> None:
        html = admin_client.get(ADD).content.decode()
        assert all(f"?kind={kind}" in html for kind, _ in RULE_KINDS)

    @pytest.mark.parametrize("kind", [kind for kind, _ in RULE_KINDS])
    def test_the_form_has_the_fields_of_its_kind_alone(self, admin_client: Client, kind: Any) -> None:
        found = fields_in(admin_client.get(f"{ADD}?kind={kind}").content.decode())
        effects = {name for name in found if name.startswith("effect__")}
        assert effects == {f"effect__{name}" for name in api.list_rule_fields(kind=kind)}
        assert ("target__filter" in found) == (kind != "pin")
        assert {"scope__placements", "schedule__weekdays", "title"} <= found

    def test_what_was_typed_in_is_a_draft(self, admin_client: Client) -> None:
        answer = admin_client.post(ADD, {**TYPED, "_continue": "1"})
        assert answer.status_code == 302
        info = api.show_rule(site_id=SITE, rule="no-a", now=NOW)
        assert (info.state, info.number) == ("draft", 1)
        assert info.written.target.item_ids == ("frame-a", "frame-b")
        assert [one.by for one in api.list_rule_revisions(site_id=SITE, rule="no-a")] == ["admin"]

    def test_with_everything(self, admin_client: Client) -> None:
        typed = {
            **TYPED,
            "kind": "boost",
            "effect__factor": "2.5",
            "target__filter": 'brand = "Lumen"',
            "scope__placements": "new-in, popular",
            "scope__channels": ["web", "store"],
            "schedule__starts_at_0": "2026-03-02",
            "schedule__starts_at_1": "08:00",
            "schedule__weekdays": ["sat", "sun"],
            "schedule__from_time": "09:00",
            "schedule__time_zone": "Europe/Berlin",
        }
        admin_client.post(ADD, {**typed, "_continue": "1"})
        wanted = make_rule(
            "no-a",
            "boost",
            title="Without a",
            effect={"factor": 2.5},
            target={"item_ids": ["frame-a", "frame-b"], "filter": 'brand = "Lumen"'},
            scope={"placements": ["new-in", "popular"], "channels": ["web", "store"]},
            schedule={
                "starts_at": "2026-03-02T08:00:00Z",
                "weekdays": ["sat", "sun"],
                "from_time": "09:00",
                "time_zone": "Europe/Berlin",
            },
        )
        assert api.show_rule(site_id=SITE, rule="no-a", now=NOW).written == wanted

    def test_saved_and_published_at_once(self, admin_client: Client) -> None:
        admin_client.post(ADD, {**TYPED, "_publish": "1"})
        assert ids(ask("new-in"))[0] == "frame-c"

    def test_saved_and_tried(self, admin_client: Client) -> None:
        answer = admin_client.post(ADD, {**TYPED, "_dryrun": "1"}, follow=True)
        html = answer.content.decode()
        assert "lists of lens-lane would change" in html
        assert "<strong>frame-c</strong>" in html

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"target__item_ids": ""}, "needs items or a filter"),
            ({"target__filter": "price >"}, "Line 1, column"),
            ({"schedule__time_zone": "Moon/Sea"}, "No time zone is named"),
            ({"rule": "No A"}, "Use lower-case letters"),
        ],
    )
    def test_what_is_wrong_stands_in_the_form(self, admin_client: Client, changes: dict[str, str], words: str) -> None:
        answer = admin_client.post(ADD, {**TYPED, **changes, "_continue": "1"})
        assert answer.status_code == 200
        assert words in answer.content.decode()
        assert api.list_rules(site_id=SITE, now=NOW) == []

    def test_a_key_that_is_taken(self, admin_client: Client) -> None:
        save(make_rule())
        html = admin_client.post(ADD, {**TYPED, "_continue": "1"}, follow=True).content.decode()
        assert "already" in html
        assert len(api.list_rules(site_id=SITE, now=NOW)) == 1


class TestChange:
    def test_the_form_shows_the_draft(self, admin_client: Client) -> None:
        info = publish(make_rule())
        save(make_rule(title="Next week", schedule={"starts_at": "2026-03-09T00:00:00Z"}), info.number)
        html = admin_client.get(page_of("no-a")).content.decode()
        assert 'value="Next week"' in html
        assert 'value="09/03/2026"' in html
        assert "Forget the draft" in html

    def test_what_is_in_force_stays_until_it_is_published(self, admin_client: Client) -> None:
        info = publish(make_rule())
        admin_client.post(page_of("no-a"), {**TYPED, "number": info.number, "_continue": "1"})
        assert ids(ask("new-in"))[0] == "frame-b"
        admin_client.post(page_of("no-a"), {**TYPED, "number": info.number + 1, "_publish": "1"})
        assert ids(ask("new-in"))[0] == "frame-c"

    def test_a_form_that_was_opened_before_somebody_else_saved(self, admin_client: Client) -> None:
        info = publish(make_rule())
        html = admin_client.post(page_of("no-a"), {**TYPED, "number": info.number - 1}).content.decode()
        assert "Somebody changed this rule" in html
        assert api.show_rule(site_id=SITE, rule="no-a", now=NOW).number == info.number

    def test_archived_and_discarded(self, admin_client: Client) -> None:
        info = publish(make_rule())
        save(make_rule(title="Next"), info.number)
        admin_client.post(page_of("no-a"), {"_discard": "1"})
        assert api.show_rule(site_id=SITE, rule="no-a", now=NOW).draft is None
        admin_client.post(page_of("no-a"), {"_archive": "1"})
        assert api.show_rule(site_id=SITE, rule="no-a", now=NOW).state == "archived"

    def test_nothing_is_deleted(self, admin_client: Client) -> None:
        publish(make_rule())
        assert admin_client.post(page_of("no-a").replace("change", "delete"), {"post": "yes"}).status_code == 403


class TestList:
    def test_state_and_warnings(self, admin_client: Client) -> None:
        publish(make_rule("live"))
        save(make_rule("gone", target={"item_ids": ["frame-z"]}))
        html = admin_client.get(LIST).content.decode()
        assert "This site has no item frame-z." in html
        assert "Published" in html
        assert "Draft" in html

    def test_published_and_archived_together(self, admin_client: Client) -> None:
        for rule in ("one", "two"):
            save(make_rule(rule))
        chosen = [str(row.pk) for row in MerchandisingRule.objects.all()]
        admin_client.post(LIST, {"action": "publish_selected", "_selected_action": chosen})
        assert {info.state for info in api.list_rules(site_id=SITE, now=NOW)} == {"published"}
        admin_client.post(LIST, {"action": "archive_selected", "_selected_action": chosen})
        assert {info.state for info in api.list_rules(site_id=SITE, now=NOW)} == {"archived"}

    def test_the_audit_is_read_only(self, admin_client: Client) -> None:
        publish(make_rule())
        html = admin_client.get("/admin/recommend/rulechange/").content.decode()
        assert "publish" in html
        assert admin_client.get("/admin/recommend/rulechange/add/").status_code == 403


class TestDryRunPage:
    def test_a_site_that_is_not_there_is_told(self, admin_client: Client) -> None:
        html = admin_client.get(f"{LIST}dry-run?site=nowhere").content.decode()
        assert "nowhere" in html

    def test_strangers_are_sent_to_log_in(self, client: Client) -> None:
        assert client.get(f"{LIST}dry-run?site={SITE}").status_code == 302
