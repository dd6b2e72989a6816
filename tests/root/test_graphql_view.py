"""The GraphQL door over HTTP."""

from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client, override_settings
from graphql import parse

from apps.profiles import api, gate
from apps.profiles.contracts import IssuedKey, ShopperRef, SiteInfo
from specrec import graphql_documents
from specrec.kernel.errors import Throttled

SITE = "{ site { siteId name locale currency } }"
CONSENT = 'mutation { setConsent(anonymousId: "anna", granted: ["analytics"]) { granted } }'


@pytest.fixture
def key(db: None) -> IssuedKey:
    gate.forget_all()
    graphql_documents.forget_all()
    api.ensure_site(site=SiteInfo("uk", "United Kingdom", "en-GB", "GBP", "Europe/London"))
    return api.create_key(site_id="uk", kind="publishable", name="shop", allowed_origins=["https://shop.example"])


def send(client: Client, body: Any, key: IssuedKey | None, **headers: str) -> tuple[int, Any]:
    if key is not None:
        headers["authorization"] = f"Bearer {key.secret}"
    answer = client.post("/graphql", body, content_type="application/json", headers=headers)
    assert answer["Content-Type"] == "application/json"
    return answer.status_code, answer.json()


def refusal_of(client: Client, body: Any, key: IssuedKey | None, **headers: str) -> tuple[int, str]:
    status, answer = send(client, body, key, **headers)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["status"] == status
    return status, answer["errors"][0]["extensions"]["code"]


class TestAnswer:
    def test_a_query(self, client: Client, key: IssuedKey) -> None:
        site = {"siteId": "uk", "name": "United Kingdom", "locale": "en-GB", "currency": "GBP"}
        assert send(client, {"query": SITE}, key) == (200, {"data": {"site": site}})

    def test_a_query_by_get(self, client: Client, key: IssuedKey) -> None:
        words = {"query": "query($no: Boolean!) { site { name @skip(if: $no) locale } }", "variables": '{"no": true}'}
        answer = client.get("/graphql", words, headers={"authorization": f"Bearer {key.secret}"})
        assert answer.json() == {"data": {"site": {"locale": "en-GB"}}}

    def test_a_query_as_text(self, client: Client, key: IssuedKey) -> None:
        headers = {"authorization": f"Bearer {key.secret}"}
        answer = client.post("/graphql", SITE, content_type="application/graphql", headers=headers)
        assert answer.status_code == 200

    def test_a_mutation(self, client: Client, key: IssuedKey) -> None:
        assert send(client, {"query": CONSENT}, key) == (200, {"data": {"setConsent": {"granted": ["analytics"]}}})
        consents = api.get_profile(site_id="uk", ref=ShopperRef(anonymous_id="anna")).consents
        assert [word.purpose for word in consents if word.granted] == ["analytics"]

    def test_the_operation_that_is_named(self, client: Client, key: IssuedKey) -> None:
        body = {"query": "query A { site { name } } query B { site { locale } }", "operationName": "B"}
        assert send(client, body, key) == (200, {"data": {"site": {"locale": "en-GB"}}})

    def test_a_browser_gets_smaller_pages_than_a_server(self, client: Client, key: IssuedKey) -> None:
        body = {"query": "query($n: Int) { items(first: $n) { edges { cursor } } }", "variables": {"n": 101}}
        assert refusal_of(client, body, key) == (400, "page_too_large")
        secret = api.create_key(site_id="uk", kind="secret", name="till")
        assert send(client, body, secret) == (200, {"data": {"items": {"edges": []}}})
        costly = {"query": "{ a: stores { name } b: stores { name } c: stores { name } items { edges { cursor } } }"}
        assert refusal_of(client, costly, secret) == (400, "query_too_costly")

    def test_sets_no_cookie(self, client: Client, key: IssuedKey) -> None:
        send(client, {"query": SITE}, key)
        assert not client.cookies

    def test_parses_the_same_document_once(self, client: Client, key: IssuedKey) -> None:
        with mock.patch("specrec.graphql_documents.parse", wraps=parse) as parsing:
            for _ in range(3):
                send(client, {"query": SITE}, key)
        assert parsing.call_count == 1


class TestErrorsOfFields:
    def test_a_problem_has_code_status_and_field(self, client: Client, key: IssuedKey) -> None:
        query = 'mutation { setConsent(customerId: "c1", granted: []) { granted } }'
        status, answer = send(client, {"query": query}, key)
        assert (status, answer["data"]) == (200, {"setConsent": None})
        extensions = answer["errors"][0]["extensions"]
        assert (extensions["code"], extensions["status"], extensions["field"]) == (
            "customer_needs_secret_key",
            403,
            "customer_id",
        )

    def test_a_part_that_is_away_is_unavailable(self, client: Client, key: IssuedKey) -> None:
        with mock.patch.object(api, "get_site", side_effect=OperationalError):
            _, answer = send(client, {"query": SITE}, key)
        assert answer["errors"][0]["extensions"]["status"] == 503

    def test_a_defect_is_masked_and_logged(
        self, client: Client, key: IssuedKey, caplog: pytest.LogCaptureFixture
    ) -> None:
        with mock.patch.object(api, "get_site", side_effect=ZeroDivisionError("secret")):
            _, answer = send(client, {"query": SITE}, key)
        assert "secret" not in str(answer)
        assert answer["errors"][0]["extensions"]["correlation_id"] in caplog.text


class TestRefusal:
    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"{", 400, "malformed_json"),
            (b"\xff", 400, "malformed_json"),
            (b" ", 400, "malformed_json"),
            (b"[]", 400, "invalid_type"),
            (b'{"query": "{ site { name } }", "variables": {"a": ' + b"[" * 100_000, 400, "malformed_json"),
            ({}, 400, "missing_field"),
            ([{"query": SITE}], 400, "invalid_type"),
            ({"query": 7}, 400, "invalid_type"),
            ({"query": SITE, "variables": []}, 400, "invalid_type"),
            ({"query": SITE, "operationName": "Other"}, 400, "bad_query"),
            ({"query": "{ site { secretHash } }"}, 400, "bad_query"),
            ({"query": "subscription { site }"}, 400, "bad_query"),
            ({"query": "query($x: Int!) { site { name @skip(if: $x) } }"}, 400, "bad_query"),
            ({"query": "{" + "site{" * 2_000}, 400, "bad_query"),
            ({"query": SITE + "#" * 20_000}, 413, "query_too_large"),
            (b" " * 1_100_000, 413, "too_large"),
        ],
    )
    def test_of_a_bad_request(self, client: Client, key: IssuedKey, body: Any, status: int, code: str) -> None:
        assert refusal_of(client, body, key) == (status, code)

    @pytest.mark.parametrize("text", ["anna\x00", "a" * 10_000, "\ud800"])
    def test_of_odd_text_names_the_field_and_writes_nothing(self, client: Client, key: IssuedKey, text: str) -> None:
        query = "mutation($a: String) { setConsent(anonymousId: $a, granted: []) { granted } }"
        status, answer = send(client, {"query": query, "variables": {"a": text}}, key)
        assert status in {200, 400}
        assert answer["errors"][0]["extensions"]["status"] == 400
        assert api.list_aliases(site_id="uk") == {}

    def test_of_a_missing_key(self, client: Client, key: IssuedKey) -> None:
        assert refusal_of(client, {"query": SITE}, None) == (401, "missing_key")

    def test_of_an_unknown_key(self, client: Client, key: IssuedKey) -> None:
        headers = {"x-specrec-key": "pk_0123456789abcdef_nobody"}
        assert refusal_of(client, {"query": SITE}, None, **headers) == (401, "unknown_key")

    def test_of_another_origin(self, client: Client, key: IssuedKey) -> None:
        refused = refusal_of(client, {"query": SITE}, key, origin="https://evil.example")
        assert refused == (403, "origin_not_allowed")

    def test_of_too_many_requests(self, client: Client, key: IssuedKey) -> None:
        with mock.patch.object(api, "check_rate", side_effect=Throttled("Wait.")):
            assert refusal_of(client, {"query": SITE}, key) == (429, "throttled")

    def test_of_a_mutation_by_get(self, client: Client, key: IssuedKey) -> None:
        answer = client.get("/graphql", {"query": CONSENT}, headers={"authorization": f"Bearer {key.secret}"})
        assert (answer.status_code, answer["Allow"]) == (405, "GET, POST")
        assert api.list_aliases(site_id="uk") == {}

    def test_of_another_method(self, client: Client, key: IssuedKey) -> None:
        answer = client.put("/graphql", headers={"authorization": f"Bearer {key.secret}"})
        assert answer.status_code == 405

    def test_of_another_content_type(self, client: Client, key: IssuedKey) -> None:
        headers = {"authorization": f"Bearer {key.secret}"}
        answer = client.post("/graphql", {"query": SITE}, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (415, "unsupported_media_type")


class TestGraphiql:
    def test_is_shown_in_development(self, client: Client) -> None:
        with override_settings(DEBUG=True):
            answer = client.get("/graphql", headers={"accept": "text/html"})
        assert answer.status_code == 200
        assert b"specrec GraphQL" in answer.content

    def test_is_not_shown_in_production(self, client: Client) -> None:
        assert client.get("/graphql", headers={"accept": "text/html"}).status_code == 401

    def test_development_reads_the_schema_without_a_key_but_no_data(self, client: Client, key: IssuedKey) -> None:
        with override_settings(DEBUG=True):
            schema = send(client, {"query": "{ __schema { queryType { name } } }"}, None)
            _, data = send(client, {"query": SITE}, None)
        assert schema == (200, {"data": {"__schema": {"queryType": {"name": "Query"}}}})
        assert data["errors"][0]["extensions"]["code"] == "missing_key"
