"""What operators do: the admin's placements and model versions, and the commands."""

import json
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from apps.recommend import selectors
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.models import ModelVersion, Placement
from apps.recommend.registry.promote import promote_model
from tests.apps.recommend.training.small_model import (
    NOW,
    SITE,
    MakeVersion,
    give_own_store,  # noqa: F401 - a fixture
    open_site,  # noqa: F401 - the fixture "site"
    provide_make_version,  # noqa: F401 - the fixture "make_version"
)

HOME = {
    "site_id": SITE,
    "placement": "home",
    "title": "For you",
    "strategy": "for_you",
    "size": "8",
    "item_types": ["frame", "sunglasses"],
    "category_ids": "round,metal",
    "fallback": "popular,new_in",
    "exclude_purchased_days": "30",
    "diversity": "0",
    "diversity_method": "mmr",
    "max_per_brand": "0",
    "exploration": "0",
    "exploration_method": "epsilon",
    "cap_impressions": "0",
    "cap_days": "7",
    "priority": "100",
    "is_active": "on",
}
VERSIONS = "/admin/recommend/modelversion/"


@pytest.fixture
def merchandiser(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("mia", "mia@example.org", "a-long-password"))
    return client


class TestPlacementAdmin:
    def test_lists_are_filled_in_by_people(self, merchandiser: Client) -> None:
        assert merchandiser.post("/admin/recommend/placement/add/", HOME).status_code == 302
        assert selectors.find_placement(site_id=SITE, placement="home") == PlacementInfo(
            placement="home",
            title="For you",
            strategy="for_you",
            size=8,
            item_types=("frame", "sunglasses"),
            category_ids=("round", "metal"),
            fallback=("popular", "new_in"),
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"size": "0"},
            {"size": "101"},
            {"fallback": "popular,guess"},
            {"item_types": ["spoon"]},
            {"strategy": "guess"},
            {"placement": "Home page"},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, merchandiser: Client, change: dict[str, object]) -> None:
        answer = merchandiser.post("/admin/recommend/placement/add/", {**HOME, **change})
        assert answer.status_code == 200
        assert "errorlist" in answer.content.decode()
        assert not Placement.objects.exists()

    def test_an_inactive_placement_is_not_found(self, merchandiser: Client) -> None:
        merchandiser.post("/admin/recommend/placement/add/", {**HOME, "is_active": ""})
        assert selectors.find_placement(site_id=SITE, placement="home") is None
        assert Placement.objects.get().is_active is False


class TestModelVersionAdmin:
    def test_shows_the_figure_beside_popularity(self, merchandiser: Client, make_version: MakeVersion) -> None:
        version = make_version("m1")
        version.metrics = {"ndcg@10": 0.0612, "popularity_ndcg@10": 0.0071, "cases": 400}
        version.save()
        page = merchandiser.get(VERSIONS).content.decode()
        assert "0.0612" in page
        assert "0.0071" in page

    def test_promotes_and_rolls_back(self, merchandiser: Client, make_version: MakeVersion) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        second = make_version("m2")
        chosen = {"_selected_action": [second.pk]}
        merchandiser.post(VERSIONS, {"action": "promote_selected", **chosen})
        assert selectors.find_promoted_stamp(site_id=SITE) == "m2"
        merchandiser.post(VERSIONS, {"action": "roll_back_selected", **chosen})
        assert selectors.find_promoted_stamp(site_id=SITE) == "m1"

    def test_tries_in_the_shadow_and_retires(self, merchandiser: Client, make_version: MakeVersion) -> None:
        chosen = {"_selected_action": [make_version("m1").pk]}
        merchandiser.post(VERSIONS, {"action": "shadow_selected", **chosen})
        assert ModelVersion.objects.get().state == "shadow"
        merchandiser.post(VERSIONS, {"action": "retire_selected", **chosen})
        assert ModelVersion.objects.get().state == "retired"

    def test_a_refusal_is_said(self, merchandiser: Client, make_version: MakeVersion) -> None:
        chosen = {"_selected_action": [make_version("m1").pk]}
        page = merchandiser.post(VERSIONS, {"action": "roll_back_selected", **chosen}, follow=True).content.decode()
        assert "no earlier promoted model to go back to" in page

    def test_two_at_once_are_refused(self, merchandiser: Client, make_version: MakeVersion) -> None:
        chosen = {"_selected_action": [make_version("m1").pk, make_version("m2").pk]}
        page = merchandiser.post(VERSIONS, {"action": "promote_selected", **chosen}, follow=True).content.decode()
        assert "Choose exactly one version." in page
        assert selectors.find_promoted_stamp(site_id=SITE) is None

    def test_versions_are_not_edited(self, merchandiser: Client, make_version: MakeVersion) -> None:
        version = make_version("m1")
        assert merchandiser.post(f"{VERSIONS}{version.pk}/change/", {"stamp": "m9"}).status_code == 403
        assert merchandiser.post(f"{VERSIONS}{version.pk}/delete/", {"post": "yes"}).status_code == 403
        assert ModelVersion.objects.get().stamp == "m1"


class TestModelsCommand:
    def run(self, *arguments: str) -> str:
        out = StringIO()
        call_command("models", *arguments, stdout=out)
        return out.getvalue()

    def test_promote_and_list(self, make_version: MakeVersion) -> None:
        make_version("m1")
        assert self.run("promote", SITE, "m1").startswith("m1  promoted")
        assert self.run("list", SITE).startswith("m1  promoted  not measured")

    def test_promote_needs_a_stamp(self, site: str) -> None:
        with pytest.raises(CommandError, match="arguments are required: stamp"):
            self.run("promote", site)

    def test_show(self, make_version: MakeVersion) -> None:
        make_version("m1")
        shown = json.loads(self.run("show", SITE, "m1"))
        assert (shown["stamp"], shown["state"], shown["recipe"]) == ("m1", "trained", "shop-1")

    def test_shadow_and_retire(self, make_version: MakeVersion) -> None:
        make_version("m1")
        assert self.run("shadow", SITE, "m1").startswith("m1  shadow")
        assert self.run("retire", SITE, "m1").startswith("m1  retired")

    def test_compare_what_was_recorded(self, make_version: MakeVersion) -> None:
        for stamp, figure in (("m1", 0.25), ("m2", 0.125)):
            version = make_version(stamp)
            version.metrics = {"ndcg@10": figure, "cases": 400}
            version.save()
        lines = self.run("compare", SITE, "m1", "m2").splitlines()
        assert lines[2].split() == ["ndcg@10", "0.2500", "0.1250"]
        assert lines[3].startswith("since both were trained 0 shoppers went on to another item: too few")

    def test_promote_unknown(self, site: str) -> None:
        with pytest.raises(CommandError, match="no model version m9"):
            self.run("promote", site, "m9")

    def test_rollback_without_an_earlier_one(self, site: str) -> None:
        with pytest.raises(CommandError, match="no earlier promoted model"):
            self.run("rollback", site)
