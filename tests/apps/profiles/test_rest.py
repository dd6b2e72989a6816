"""Shoppers over HTTP: what is let in, what is refused and how."""

from typing import Any

import pytest
from django.test import Client

from apps.profiles import api
from apps.profiles.contracts import IssuedKey, ShopperRef
from apps.profiles.models import ConsentRecord, Shopper
from specrec.kernel import ids

HISTORY = "history_personalisation"
CONSENT, MERGE, PROFILE = "/v1/shoppers/consent", "/v1/shoppers/merge", "/v1/shoppers/profile"


@pytest.fixture
def secret(uk: str) -> IssuedKey:
    return api.create_key(site_id=uk, kind="secret", name="back office")


@pytest.fixture
def publishable(uk: str) -> IssuedKey:
    return api.create_key(site_id=uk, kind="publishable", name="shop", allowed_origins=["https://shop.example"])


def post(client: Client, path: str, body: Any, key: IssuedKey | None = None, **headers: str) -> tuple[int, Any]:
    if key is not None:
        headers["authorization"] = f"Bearer {key.secret}"
    answer = client.post(path, body, content_type="application/json", headers=headers)
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()


class TestConsent:
    def test_a_browser_speaks_for_its_anonymous_id(self, client: Client, publishable: IssuedKey) -> None:
        body = {"anonymous_id": "anna", "granted": [HISTORY]}
        assert post(client, CONSENT, body, publishable, origin="https://shop.example") == (200, {"granted": [HISTORY]})
        consents = api.get_profile(site_id="uk", ref=ShopperRef(anonymous_id="anna")).consents
        assert {word.source for word in consents} == {"web"}

    def test_a_key_may_come_in_its_own_header(self, client: Client, publishable: IssuedKey) -> None:
        body = {"anonymous_id": "anna", "granted": []}
        assert post(client, CONSENT, body, None, **{"x-specrec-key": publishable.secret})[0] == 200

    @pytest.mark.parametrize(
        ("body", "status", "code", "field"),
        [
            (b"{", 400, "malformed_json", None),
            (b"\xff\xfe", 400, "malformed_json", None),
            (b"[]", 400, "invalid_type", None),
            ({"anonymous_id": "a"}, 400, "missing_field", "granted"),
            ({"granted": []}, 400, "missing_field", "anonymous_id"),
            ({"anonymous_id": "a", "granted": ["spying"]}, 400, "invalid_value", "granted[0]"),
            ({"anonymous_id": 7, "granted": []}, 400, "invalid_type", "anonymous_id"),
            ({"anonymous_id": "a\x00", "granted": []}, 400, "invalid_value", "anonymous_id"),
            ({"anonymous_id": "a" * 10_000, "granted": []}, 400, "invalid_value", "anonymous_id"),
            ({"anonymous_id": "a", "granted": [], "extra": 1}, 400, "unknown_field", "extra"),
            ({"anonymous_id": "a", "granted": [], "at": "2999-01-01T00:00:00Z"}, 400, "in_future", "at"),
            ({"anonymous_id": "a", "granted": [], "at": "2025-01-01T00:00:00"}, 400, "invalid_value", "at"),
            ({"customer_id": "c", "granted": []}, 403, "customer_needs_secret_key", "customer_id"),
            (b'{"anonymous_id": "' + b"a" * 20_000 + b'"}', 413, "too_large", None),
        ],
    )
    def test_names_code_and_field_and_writes_nothing(
        self, client: Client, publishable: IssuedKey, *, body: Any, status: int, code: str, field: str | None
    ) -> None:
        found, problem = post(client, CONSENT, body, publishable)
        assert (found, problem["code"], problem.get("field")) == (status, code, field)
        assert problem["status"] == status
        assert not Shopper.objects.exists()
        assert not ConsentRecord.objects.exists()

    def test_another_origin_is_refused(self, client: Client, publishable: IssuedKey) -> None:
        body = {"anonymous_id": "anna", "granted": [HISTORY]}
        status, problem = post(client, CONSENT, body, publishable, origin="https://evil.example")
        assert (status, problem["code"]) == (403, "origin_not_allowed")
        assert not Shopper.objects.exists()


class TestMerge:
    def test_a_server_merges_and_gets_the_customer(self, client: Client, secret: IssuedKey) -> None:
        status, shopper = post(client, MERGE, {"anonymous_id": "anna", "customer_id": "c1"}, secret)
        assert status == 200
        assert shopper == {
            "shopper_id": str(ids.shopper_id("uk", "customer", "c1")),
            "alias_ids": [str(ids.shopper_id("uk", "anonymous", "anna"))],
            "purposes": [],
        }

    def test_a_browser_may_not(self, client: Client, publishable: IssuedKey) -> None:
        status, problem = post(client, MERGE, {"anonymous_id": "anna", "customer_id": "c1"}, publishable)
        assert (status, problem["code"]) == (403, "customer_needs_secret_key")
        assert not Shopper.objects.exists()

    def test_a_second_customer_is_a_conflict(self, client: Client, secret: IssuedKey) -> None:
        post(client, MERGE, {"anonymous_id": "anna", "customer_id": "c1"}, secret)
        status, problem = post(client, MERGE, {"anonymous_id": "anna", "customer_id": "c2"}, secret)
        assert (status, problem["code"], problem["field"]) == (409, "already_merged", "anonymous_id")


class TestProfile:
    def test_a_server_sees_identities_and_consents(self, client: Client, secret: IssuedKey) -> None:
        post(client, CONSENT, {"customer_id": "c1", "granted": ["analytics"], "source": "store"}, secret)
        status, profile = post(client, PROFILE, {"customer_id": "c1"}, secret)
        assert (status, profile["customer_ids"]) == (200, ["c1"])
        assert [(word["purpose"], word["source"]) for word in profile["consents"] if word["granted"]] == [
            ("analytics", "store")
        ]

    def test_a_browser_may_not(self, client: Client, publishable: IssuedKey) -> None:
        status, problem = post(client, PROFILE, {"anonymous_id": "anna"}, publishable)
        assert (status, problem["code"]) == (403, "missing_scope")

    def test_the_key_of_another_site_finds_nothing(self, client: Client, secret: IssuedKey, de: str) -> None:
        post(client, CONSENT, {"customer_id": "c1", "granted": []}, secret)
        theirs = api.create_key(site_id=de, kind="secret", name="x")
        status, problem = post(client, PROFILE, {"customer_id": "c1"}, theirs)
        assert (status, problem["code"]) == (404, "unknown_shopper")


@pytest.mark.parametrize("path", [CONSENT, MERGE, PROFILE])
class TestEveryPath:
    def test_asks_for_a_key(self, client: Client, db: None, path: str) -> None:
        answer = client.post(path, {}, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (401, "missing_key")
        assert answer["WWW-Authenticate"].startswith("Bearer")

    def test_refuses_other_methods(self, client: Client, secret: IssuedKey, path: str) -> None:
        answer = client.get(path, headers={"authorization": f"Bearer {secret.secret}"})
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert "POST" in answer["Allow"]
