"""The doors: what goes in and comes out over HTTP, by Django's own client."""

import json
from typing import Any

import pytest
from django.test import Client
from msgspec.structs import replace

from apps.profiles import api as profiles
from apps.profiles.contracts import KeyKind
from apps.recommend import api
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.serving import Bundle, Request
from apps.recommend.rest import recommendations
from apps.recommend.serving import expose
from specrec.kernel.errors import Invalid
from specrec.kernel.ids import new_id
from tests.apps.recommend.serving.lens_lane import (
    NOW,
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    open_lens_lane,  # noqa: F401 - the fixture "shop"
)

JSON = "application/json"
SLATE = """
query Slate($input: RecommendationsInput!) {
  recommendations(input: $input) {
    placement strategy personalised fallback model
    items { itemId sku position score name brand itemType price currency imageUrl url reasons { code text itemId } }
  }
}
"""


def key(kind: KeyKind = "secret") -> dict[str, str]:
    """Return the headers of a fresh key."""
    issued = profiles.create_key(site_id=SITE, kind=kind, name="test")
    return {"Authorization": f"Bearer {issued.secret}"}


def post(client: Client, path: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Post JSON (or bytes as they are) and return status and answer."""
    data = body if isinstance(body, bytes) else json.dumps(body)
    response = client.post(path, data=data, content_type=JSON, headers=headers or key())
    return response.status_code, json.loads(response.content)


@pytest.mark.usefixtures("model")
class TestPostRecommendations:
    def test_an_answer_has_all_its_fields(self, client: Client) -> None:
        status, answer = post(
            client, "/v1/recommendations", {"placement": "for-you", "history": ["frame-a"], "limit": 1}
        )
        assert status == 200
        assert answer["items"] == [
            {
                "item_id": "frame-b",
                "sku": "frame-b-52",
                "position": 1,
                "score": 1.0,
                "name": "Frame B",
                "brand": "Lumen",
                "item_type": "frame",
                "price": "129.50",
                "currency": "GBP",
                "image_url": None,
                "url": None,
                "reasons": [{"code": "because_viewed", "text": "Because you looked at Frame A", "item_id": "frame-a"}],
            }
        ]
        assert (answer["personalised"], answer["fallback"], answer["model"]) == (True, None, "known")

    @pytest.mark.parametrize(
        ("body", "status", "code", "field"),
        [
            (b"{", 400, "malformed_json", None),
            (b"\xff", 400, "malformed_json", None),
            ([], 400, "invalid_type", None),
            ({}, 400, "missing_field", "placement"),
            ({"placement": 7}, 400, "invalid_type", "placement"),
            ({"placement": "for-you", "colour": "red"}, 400, "unknown_field", "colour"),
            ({"placement": "for-you", "shopper": {"name": "Anna"}}, 400, "unknown_field", "shopper.name"),
            ({"placement": "nowhere"}, 404, "unknown_placement", "placement"),
            ({"placement": "x" * 10_000}, 400, "invalid_value", "placement"),
            ({"placement": "for\x00you"}, 400, "invalid_value", "placement"),
            ({"placement": "for-you", "limit": 0}, 400, "invalid_value", "limit"),
            ({"placement": "for-you", "limit": 101}, 400, "invalid_value", "limit"),
            ({"placement": "for-you", "limit": "4"}, 400, "invalid_type", "limit"),
            ({"placement": "similar", "item_ids": ["nowhere"]}, 400, "unknown_item", "item_ids[0]"),
            ({"placement": "similar", "item_ids": ["a\x00b"]}, 400, "invalid_value", "item_ids[0]"),
            ({"placement": "similar", "item_ids": ["a"] * 51}, 400, "invalid_value", "item_ids"),
            ({"placement": "for-you", "channel": "fax"}, 400, "invalid_value", "channel"),
            ({"placement": "for-you", "locale": "english"}, 400, "invalid_value", "locale"),
            (b'"' + b"x" * 300_000 + b'"', 413, "too_large", None),
        ],
    )
    def test_bad_input_is_named(self, client: Client, body: Any, status: int, code: str, field: str | None) -> None:
        found, problem = post(client, "/v1/recommendations", body)
        assert (found, problem["code"], problem.get("field")) == (status, code, field)

    def test_a_key_is_needed(self, client: Client) -> None:
        response = client.post("/v1/recommendations", data="{}", content_type=JSON)
        assert (response.status_code, response.json()["code"]) == (401, "missing_key")

    def test_a_browser_may_not_name_a_customer(self, client: Client) -> None:
        body = {"placement": "for-you", "shopper": {"customer_id": "c-1"}}
        status, problem = post(client, "/v1/recommendations", body, key("publishable"))
        assert (status, problem["code"]) == (403, "customer_needs_secret_key")


@pytest.mark.usefixtures("model")
class TestGetRecommendations:
    def test_it_answers_for_everybody_and_may_be_kept_a_second(self, client: Client) -> None:
        response = client.get("/v1/recommendations?placement=similar&item_id=frame-a&limit=2", headers=key())
        assert [item["item_id"] for item in response.json()["items"]] == ["frame-d", "frame-e"]
        assert response["Cache-Control"] == "max-age=1"

    def test_the_same_answer_is_not_sent_again(self, client: Client) -> None:
        headers = key()
        first = client.get("/v1/recommendations?placement=popular", headers=headers)
        again = client.get("/v1/recommendations?placement=popular", headers=headers | {"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")

    @pytest.mark.parametrize("held", ["W/{tag}", '"other", {tag}', '"other",W/{tag}', "*"])
    def test_whoever_holds_it_is_told_so(self, client: Client, held: str) -> None:
        headers = key()
        tag = client.get("/v1/recommendations?placement=popular", headers=headers)["ETag"]
        asked = headers | {"If-None-Match": held.format(tag=tag)}
        assert client.get("/v1/recommendations?placement=popular", headers=asked).status_code == 304

    def test_a_set_that_costs_something_else_is_sent_again(self) -> None:
        answer = api.recommend(site_id=SITE, request=Request(placement="popular"), now=NOW)
        tags = {
            recommendations.tag_of(
                replace(answer, recommendation_id=new_id(), bundle=Bundle(("frame-a",), price, "GBP"))
            )
            for price in ("10.00", "10.00", "12.00")
        }
        assert len(tags) == 2

    def test_only_what_is_sent_is_an_exposure(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(expose, "_BUFFER", expose.ExposureBuffer(size=9))
        headers, path = key(), "/v1/recommendations?placement=popular"
        assert client.head(path, headers=headers).status_code == 200
        assert expose.exposure_counts()["waiting"] == 0
        tag = client.get(path, headers=headers)["ETag"]
        assert expose.exposure_counts()["waiting"] == 1
        client.get(path, headers=headers | {"If-None-Match": tag})
        assert expose.exposure_counts()["waiting"] == 1

    @pytest.mark.parametrize(
        ("query", "code", "field"),
        [
            ("", "missing_field", "placement"),
            ("placement=popular&shopper=anna", "unknown_field", "shopper"),
            ("placement=popular&search=reading+glasses", "unknown_field", "search"),
            ("placement=popular&colour=red", "unknown_field", "colour"),
            ("placement=popular&limit=many", "invalid_type", "limit"),
            ("placement=popular&placement=for-you", "invalid_value", "placement"),
        ],
    )
    def test_bad_input_is_named(self, client: Client, query: str, code: str, field: str) -> None:
        response = client.get(f"/v1/recommendations?{query}", headers=key())
        problem = response.json()
        assert (response.status_code, problem["code"], problem["field"]) == (400, code, field)


@pytest.mark.usefixtures("model")
class TestGraphQL:
    def test_it_answers_as_rest_does(self, client: Client) -> None:
        asked = {"placement": "for-you", "history": ["frame-a"]}
        _, rest = post(client, "/v1/recommendations", asked)
        _, found = post(client, "/graphql", {"query": SLATE, "variables": {"input": asked}})
        answer = found["data"]["recommendations"]
        assert [item["itemId"] for item in answer["items"]] == [item["item_id"] for item in rest["items"]]
        assert [item["reasons"][0]["itemId"] for item in answer["items"]] == [
            item["reasons"][0]["item_id"] for item in rest["items"]
        ]
        assert {name: answer[name] for name in ("strategy", "personalised", "fallback", "model")} == {
            name: rest[name] for name in ("strategy", "personalised", "fallback", "model")
        }

    @pytest.mark.parametrize(
        ("asked", "code", "field"),
        [
            ({"placement": "nowhere"}, "unknown_placement", "placement"),
            ({"placement": "for\x00you"}, "invalid_value", "input.placement"),
            ({"placement": "x" * 10_000}, "invalid_value", "input.placement"),
            ({"placement": "similar", "itemIds": ["nowhere"]}, "unknown_item", "item_ids[0]"),
            ({"placement": "for-you", "limit": 0}, "invalid_value", "input.limit"),
        ],
    )
    def test_bad_input_is_named(self, client: Client, asked: dict[str, Any], code: str, field: str) -> None:
        _, found = post(client, "/graphql", {"query": SLATE, "variables": {"input": asked}})
        extensions = found["errors"][0]["extensions"]
        assert (extensions["code"], extensions["field"]) == (code, field)


@pytest.mark.usefixtures("shop")
class TestPlacements:
    def test_put_and_list(self, client: Client) -> None:
        body = {"placement": "home", "title": "For you", "strategy": "for_you", "size": 6, "item_types": ["frame"]}
        response = client.put("/v1/placements", data=json.dumps(body), content_type=JSON, headers=key())
        assert response.status_code == 200
        listed = client.get("/v1/placements", headers=key()).json()
        assert response.json() in listed
        assert response.json()["item_types"] == ["frame"]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"strategy": "magic"}, "strategy"),
            ({"size": 0}, "size"),
            ({"placement": "Home!"}, "placement"),
            ({"exclude_purchased_days": 401}, "exclude_purchased_days"),
        ],
    )
    def test_bad_input_writes_nothing(self, client: Client, change: dict[str, Any], field: str) -> None:
        before = api.list_placements(site_id=SITE)
        body = {"placement": "home", "title": "For you", "strategy": "for_you", "size": 6} | change
        response = client.put("/v1/placements", data=json.dumps(body), content_type=JSON, headers=key())
        assert (response.status_code, response.json()["field"]) == (400, field)
        assert api.list_placements(site_id=SITE) == before

    def test_a_publishable_key_may_not(self, client: Client) -> None:
        body = {"placement": "home", "title": "For you", "strategy": "for_you", "size": 6}
        response = client.put("/v1/placements", data=json.dumps(body), content_type=JSON, headers=key("publishable"))
        assert response.status_code == 403
        assert "home" not in [info.placement for info in api.list_placements(site_id=SITE)]


@pytest.mark.usefixtures("shop")
class TestEnsurePlacement:
    def test_the_face_checks_as_the_door_does(self) -> None:
        bad = PlacementInfo(placement="home", title="", strategy="for_you", size=6)
        with pytest.raises(Invalid) as caught:
            api.ensure_placement(site_id=SITE, placement=bad)
        assert caught.value.field == "title"

    def test_it_changes_the_one_that_is_there(self) -> None:
        for size in (4, 8):
            api.ensure_placement(
                site_id=SITE, placement=PlacementInfo(placement="home", title="Home", strategy="popular", size=size)
            )
        (found,) = [info for info in api.list_placements(site_id=SITE) if info.placement == "home"]
        assert found.size == 8
