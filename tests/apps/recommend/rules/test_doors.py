"""The doors of rules: REST, and the command."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.recommend import api
from tests.apps.recommend.rules.books import make_rule, publish, save
from tests.apps.recommend.serving.lens_lane import NOW, SITE, ask, ids, open_lens_lane  # noqa: F401 - a fixture
from tests.apps.recommend.serving.test_doors import key, post

pytestmark = pytest.mark.usefixtures("shop")
WRITTEN = {"rule": "no-a", "title": "No a", "kind": "exclude", "target": {"item_ids": ["frame-a"]}}


def put(client: Client, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Put a rule and return status and answer."""
    answer = client.put("/v1/rules", json.dumps(body), content_type="application/json", headers=headers or key())
    return answer.status_code, json.loads(answer.content)


def get(client: Client, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Get and return status and answer."""
    answer = client.get(path, headers=headers or key())
    return answer.status_code, json.loads(answer.content)


class TestRulesOverHttp:
    def test_from_a_draft_to_the_next_answer(self, client: Client) -> None:
        status, info = put(client, {"rule": WRITTEN})
        assert (status, info["state"], info["number"]) == (200, "draft", 1)
        assert ids(ask("new-in"))[0] == "frame-a"
        status, info = post(client, "/v1/rules/no-a/publish", {"number": 1})
        assert (status, info["state"], info["number"]) == (200, "published", 2)
        assert ids(ask("new-in"))[0] == "frame-b"
        status, info = post(client, "/v1/rules/no-a/archive", {"number": 2})
        assert (status, info["state"]) == (200, "archived")
        assert ids(ask("new-in"))[0] == "frame-a"

    def test_the_audit_names_the_key(self, client: Client) -> None:
        put(client, {"rule": WRITTEN})
        status, revisions = get(client, "/v1/rules/no-a/revisions")
        assert status == 200
        assert revisions[0]["action"] == "create"
        assert revisions[0]["by"].startswith("key ")

    def test_list_and_show(self, client: Client) -> None:
        publish(make_rule("live"))
        save(make_rule("drafted"))
        _, listed = get(client, "/v1/rules?state=draft")
        assert [info["written"]["rule"] for info in listed] == ["drafted"]
        _, shown = get(client, "/v1/rules/live")
        assert (shown["state"], shown["in_force"]) == ("published", True)

    def test_a_draft_can_be_forgotten(self, client: Client) -> None:
        info = publish(make_rule())
        put(client, {"rule": WRITTEN, "number": info.number})
        status, shown = post(client, "/v1/rules/no-a/discard", {"number": info.number + 1})
        assert (status, shown["draft"]) == (200, None)

    def test_a_dry_run(self, client: Client) -> None:
        put(client, {"rule": WRITTEN})
        status, found = post(client, "/v1/rules/dry-run", {"placements": ["new-in"], "item_ids": ["frame-e"]})
        assert (status, found["rules"]) == (200, ["no-a"])
        assert found["cases"][0]["before"][0] == "frame-a"
        assert found["cases"][0]["after"][0] == "frame-b"

    def test_notices(self, client: Client) -> None:
        assert get(client, "/v1/rules/notices") == (200, [])

    def test_somebody_was_faster(self, client: Client) -> None:
        put(client, {"rule": WRITTEN})
        status, problem = post(client, "/v1/rules/no-a/publish", {"number": 9})
        assert (status, problem["code"], problem["field"], problem["number"]) == (409, "rule_moved", "number", 1)

    def test_a_wrong_rule_says_where(self, client: Client) -> None:
        status, problem = put(client, {"rule": {**WRITTEN, "target": {"filter": "price >"}}})
        assert (status, problem["code"], problem["field"]) == (400, "filter_syntax", "target.filter")
        assert "caret" in problem

    def test_an_unknown_field(self, client: Client) -> None:
        status, problem = put(client, {"rule": {**WRITTEN, "colour": "red"}})
        assert (status, problem["code"]) == (400, "unknown_field")

    @pytest.mark.parametrize("path", ["/v1/rules", "/v1/rules/no-a", "/v1/rules/no-a/revisions", "/v1/rules/notices"])
    def test_a_key_of_browsers_opens_nothing(self, client: Client, path: str) -> None:
        status, _ = get(client, path, key("publishable"))
        assert status == 403

    def test_a_key_of_browsers_writes_nothing(self, client: Client) -> None:
        status, _ = put(client, {"rule": WRITTEN}, key("publishable"))
        assert status == 403
        assert api.list_rules(site_id=SITE, now=NOW) == []

    def test_a_rule_that_is_not_there(self, client: Client) -> None:
        status, problem = get(client, "/v1/rules/no-z")
        assert (status, problem["code"]) == (404, "rule_not_found")


def run(*words: str) -> str:
    """Run the command and return what it says."""
    out = StringIO()
    call_command("rules", *words, stdout=out)
    return out.getvalue()


class TestCommand:
    def test_list(self) -> None:
        publish(make_rule("live"))
        save(make_rule("drafted", target={"item_ids": ["frame-z"]}))
        lines = run("list", SITE).splitlines()
        assert [line.split()[0] for line in lines] == ["live", "drafted", "!"]
        assert "in force" in lines[0]
        assert "This site has no item frame-z." in lines[2]

    def test_publish_and_archive(self) -> None:
        save(make_rule())
        assert "published" in run("publish", SITE, "no-a")
        assert "archived" in run("archive", SITE, "no-a")
        assert next(one.by for one in api.list_rule_revisions(site_id=SITE, rule="no-a")) == "command line"

    def test_show(self) -> None:
        save(make_rule())
        found = json.loads(run("show", SITE, "no-a"))
        assert found["rule"]["written"]["target"]["item_ids"] == ["frame-a"]
        assert len(found["revisions"]) == 1

    def test_dry_run(self) -> None:
        save(make_rule())
        said = run("dry-run", SITE, "no-a", "--placement", "new-in", "--item", "frame-e")
        assert said.splitlines()[0].startswith("2 of 2 lists would change")
        assert "  then  frame-b, frame-c, frame-d, frame-e" in said

    def test_an_unknown_rule(self) -> None:
        with pytest.raises(CommandError, match="no-z"):
            run("show", SITE, "no-z")
