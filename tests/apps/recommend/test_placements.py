"""The settings of placements: written over REST and in the admin, and what is wrong with them."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.test import Client

from apps.recommend import api
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.models import Placement
from specrec.kernel.errors import Invalid
from tests.apps.recommend.serving.lens_lane import SITE, open_lens_lane  # noqa: F401 - a fixture
from tests.apps.recommend.serving.test_doors import key

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "placements.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.usefixtures("shop")
EVERYTHING: dict[str, Any] = {
    "placement": "home",
    "title": "For you",
    "strategy": "hand_picked",
    "size": 6,
    "item_types": ["frame"],
    "category_ids": ["women"],
    "fallback": ["popular"],
    "exclude_purchased_days": 10,
    "exclude_history": True,
    "filter": "price < 150",
    "item_ids": ["frame-b", "frame-a"],
    "diversity": 0.4,
    "diversity_method": "dpp",
    "max_per_brand": 2,
    "exploration": 0.1,
    "exploration_method": "thompson",
    "cap_impressions": 5,
    "cap_days": 3,
    "priority": 10,
}
ADD = "/admin/recommend/placement/add/"
LISTS = ("category_ids", "fallback", "item_ids")


def put(**changes: Any) -> Any:
    body = json.dumps(EVERYTHING | changes)
    return Client(headers=key()).put("/v1/placements", body, content_type="application/json")


def stored() -> dict[str, Any]:
    """Return the placement as the face lists it, as JSON."""
    found = next(one for one in api.list_placements(site_id=SITE) if one.placement == "home")
    document: dict[str, Any] = json.loads(msgspec.json.encode(found))
    return document


def typed(**changes: Any) -> dict[str, Any]:
    """Return what the form of the admin sends."""
    joined = {name: ", ".join(EVERYTHING[name]) for name in LISTS}
    return {**EVERYTHING, **joined, "site_id": SITE, "exclude_history": "on", "is_active": "on"} | changes


class TestRest:
    def test_keeps_every_setting(self) -> None:
        answer = put()

        assert (answer.status_code, answer.json()) == (200, EVERYTHING)
        assert stored() == EVERYTHING

    def test_what_is_left_out_has_its_default(self) -> None:
        api.ensure_placement(site_id=SITE, placement=msgspec.convert(EVERYTHING, PlacementInfo))

        found = api.ensure_placement(
            site_id=SITE, placement=PlacementInfo(placement="home", title="For you", strategy="popular", size=6)
        )

        assert (found.filter, found.diversity, found.cap_impressions, found.priority) == ("", 0.0, 0, 100)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"diversity": 1.01}, "diversity"),
            ({"diversity": -0.1}, "diversity"),
            ({"diversity_method": "greedy"}, "diversity_method"),
            ({"exploration": 2}, "exploration"),
            ({"exploration_method": "ucb"}, "exploration_method"),
            ({"max_per_brand": 101}, "max_per_brand"),
            ({"cap_impressions": 51}, "cap_impressions"),
            ({"cap_days": 0}, "cap_days"),
            ({"cap_days": 61}, "cap_days"),
            ({"priority": 1_001}, "priority"),
            ({"item_ids": ["x"] * 101}, "item_ids"),
            ({"strategy": "magic"}, "strategy"),
            ({"sizes": 3}, "sizes"),
        ],
    )
    def test_refuses_by_field(self, changes: dict[str, Any], field: str) -> None:
        answer = put(**changes)

        assert (answer.status_code, answer.json()["field"]) == (400, field)

    def test_a_filter_that_is_none_is_shown_where(self) -> None:
        answer = put(filter="price < ")

        assert (answer.status_code, answer.json()["code"], answer.json()["position"]) == (400, "filter_syntax", 8)
        assert not Placement.objects.filter(placement="home").exists()


class TestEnsurePlacement:
    def test_a_filter_that_is_none(self) -> None:
        placement = msgspec.convert(EVERYTHING | {"filter": "prise < 3"}, PlacementInfo)

        with pytest.raises(Invalid) as caught:
            api.ensure_placement(site_id=SITE, placement=placement)

        assert (caught.value.code, caught.value.field) == ("filter_unknown_name", "filter")


class TestReference:
    def test_names_every_setting_with_its_default(self) -> None:
        table = PAGE.split("| Field |")[1].split("\n\n")[0]
        told = {
            name
            for names in re.findall(r"^\| (`.+?`) \|", table, re.MULTILINE)
            for name in re.findall(r"`(\w+)`", names)
        }

        assert told == set(EVERYTHING)

    def test_its_example_is_what_is_answered(self) -> None:
        sent, answered = (json.loads(text) for text in re.findall(r"(\{\"placement.+\})", PAGE)[:2])

        found = api.ensure_placement(site_id=SITE, placement=msgspec.convert(sent, PlacementInfo))

        assert json.loads(msgspec.json.encode(found)) == answered


class TestAdmin:
    def test_keeps_every_setting(self, admin_client: Client) -> None:
        answer = admin_client.post(ADD, typed())

        assert answer.status_code == 302, answer.context["adminform"].form.errors
        assert stored() == EVERYTHING

    def test_says_what_is_wrong_with_a_filter(self, admin_client: Client) -> None:
        answer = admin_client.post(ADD, typed(filter="brand = Vane"))

        assert answer.status_code == 200
        assert "Line 1, column 9" in answer.context["adminform"].form.errors["filter"][0]

    @pytest.mark.parametrize(
        "changes", [{"diversity": "1.5"}, {"cap_days": "0"}, {"priority": "1001"}, {"exploration": "-1"}]
    )
    def test_refuses_by_field(self, admin_client: Client, changes: dict[str, str]) -> None:
        answer = admin_client.post(ADD, typed(**changes))

        assert answer.status_code == 200
        assert set(answer.context["adminform"].form.errors) == set(changes)

    def test_explains_every_setting(self, admin_client: Client) -> None:
        form = admin_client.get(ADD).context["adminform"].form

        helped = {name for name, field in form.fields.items() if field.help_text}
        assert set(EVERYTHING) - helped == set()
