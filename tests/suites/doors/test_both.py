"""The edge and Django's own door, asked the same: status, headers and body are equal, whatever is asked."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError, close_old_connections

from apps.profiles import api as profiles
from apps.profiles import gate
from apps.recommend import api
from specrec import edge, graphql_documents
from specrec.edge import Edge
from tests.apps.recommend.serving.lens_lane import (
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    open_lens_lane,  # noqa: F401 - the fixture "shop"
)
from tests.suites.doors.asking import Answered, Asked, ask

Application = Callable[..., Iterable[bytes]]
Question = tuple[str, Asked, int, str | None]  # by which key, what, the status, the code of the problem
REST = "/v1/recommendations"
SHOP = "https://shop.example"
PAGES = "/v1/pages"
PAGE: dict[str, Any] = {
    "history": ["frame-a"],
    "slots": [{"placement": "for-you"}, {"placement": "popular", "slot": "below"}],
}
FOR_YOU: dict[str, Any] = {"placement": "for-you", "history": ["frame-a"]}
SLATE = """
query Slate($input: RecommendationsInput!) {
  recommendations(input: $input) {
    placement strategy personalised fallback model
    items { itemId sku position score name brand itemType price currency imageUrl url reasons { code text itemId } }
  }
}
"""
MISPLACED = {"query": SLATE, "variables": {"input": {"placement": "nowhere"}}}
CLAIM = {"placement": "for-you", "shopper": {"customer_id": "c-1"}}


def slate(**given: Any) -> dict[str, Any]:
    """Return the GraphQL question for a placement."""
    return {"query": SLATE, "variables": {"input": {"placement": "for-you"} | given}}


@pytest.fixture(autouse=True)
def _fresh(model: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what was kept, and leave the connection open, with the transaction of the test, as Django's client."""
    gate.forget_all()
    graphql_documents.forget_all()
    monkeypatch.setattr(edge, "close_old_connections", lambda: None)
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
    yield
    signals.request_started.connect(close_old_connections)
    signals.request_finished.connect(close_old_connections)
    gate.forget_all()


@pytest.fixture(name="keys")
def make_keys() -> dict[str, dict[str, str]]:
    """The headers of a secret key, of a browser's, and of one that may only send events."""
    secret = profiles.create_key(site_id=SITE, kind="secret", name="server")
    browser = profiles.create_key(site_id=SITE, kind="publishable", name="shop", allowed_origins=[SHOP])
    events = profiles.create_key(site_id=SITE, kind="secret", name="events", scopes=["events:write"])
    named = {"secret": secret, "browser": browser, "events": events}
    return {name: {"Authorization": f"Bearer {key.secret}"} for name, key in named.items()} | {"none": {}}


@pytest.fixture(name="django", scope="module")
def make_django() -> WSGIHandler:
    """Django's own application."""
    return WSGIHandler()


def no_django(*_: object) -> Iterable[bytes]:
    """Stand where Django would, for questions that must not reach it."""
    pytest.fail("the edge handed this on to Django")


def ask_both(django: Application, asked: Asked) -> Answered:
    """Return what the edge answers by itself, having compared it with what Django answers."""
    found = ask(Edge(no_django), asked)
    assert found == ask(django, asked)
    return found


QUESTIONS: list[Question] = [
    ("secret", Asked(REST, FOR_YOU), 200, None),
    ("browser", Asked(REST, FOR_YOU, {"Origin": SHOP}), 200, None),
    ("secret", Asked(REST, FOR_YOU | {"limit": 1, "locale": "de-DE"}), 200, None),
    (
        "secret",
        Asked(REST, {"placement": "similar", "item_ids": ["frame-a"], "exclude_item_ids": ["frame-d"]}),
        200,
        None,
    ),
    ("secret", Asked(REST, {"placement": "popular", "profile": "none"}), 200, None),
    ("secret", Asked(REST, FOR_YOU, environ={"CONTENT_TYPE": "application/json; charset=utf-8"}), 200, None),
    ("secret", Asked(REST, b""), 400, "malformed_json"),
    ("secret", Asked(REST, b"{"), 400, "malformed_json"),
    ("secret", Asked(REST, b"\xff"), 400, "malformed_json"),
    ("secret", Asked(REST, []), 400, "invalid_type"),
    ("secret", Asked(REST, {}), 400, "missing_field"),
    ("secret", Asked(REST, FOR_YOU | {"colour": "red"}), 400, "unknown_field"),
    ("secret", Asked(REST, FOR_YOU | {"limit": 0}), 400, "invalid_value"),
    ("secret", Asked(REST, FOR_YOU | {"store_id": "nowhere"}), 400, "unknown_store"),
    ("secret", Asked(REST, {"placement": "similar", "item_ids": ["nowhere"]}), 400, "unknown_item"),
    ("secret", Asked(REST, {"placement": "nowhere"}), 404, "unknown_placement"),
    ("secret", Asked(REST, b" " * 262_144), 400, "malformed_json"),
    ("none", Asked(REST, FOR_YOU), 401, "missing_key"),
    ("none", Asked(REST, FOR_YOU, {"Origin": SHOP}), 401, "missing_key"),
    ("none", Asked(REST, FOR_YOU, {"Authorization": "Basic YTpi"}), 401, "malformed_key"),
    ("none", Asked(REST, FOR_YOU, {"Authorization": "Bearer sk_nobody_x"}), 401, "unknown_key"),
    ("none", Asked(REST, FOR_YOU, {"X-Specrec-Key": "k\xff"}), 401, "malformed_key"),
    ("events", Asked(REST, FOR_YOU), 403, "missing_scope"),
    ("browser", Asked(REST, CLAIM), 403, "customer_needs_secret_key"),
    ("browser", Asked(REST, FOR_YOU, {"Origin": "https://elsewhere.example"}), 403, "origin_not_allowed"),
    ("secret", Asked(REST, FOR_YOU, {"Origin": SHOP}), 403, "secret_key_in_browser"),
    ("events", Asked(REST, FOR_YOU | {"trace": True}), 403, "missing_scope"),
    ("browser", Asked(REST, FOR_YOU | {"trace": True}), 403, "missing_scope"),
    ("secret", Asked(REST, FOR_YOU | {"filter": 'brand = "Lumen"', "include_item_ids": ["frame-b"]}), 200, None),
    ("secret", Asked(REST, FOR_YOU | {"filter": "brand ="}), 400, "filter_syntax"),
    ("secret", Asked(PAGES, PAGE), 200, None),
    ("browser", Asked(PAGES, PAGE, {"Origin": SHOP}), 200, None),
    ("secret", Asked(PAGES, {"slots": []}), 400, "invalid_value"),
    ("secret", Asked(PAGES, {"slots": [{"placement": "nowhere"}]}), 200, None),
    ("browser", Asked(PAGES, PAGE | {"shopper": {"customer_id": "c-1"}}), 403, "customer_needs_secret_key"),
    ("events", Asked(PAGES, PAGE), 403, "missing_scope"),
    ("none", Asked(PAGES, PAGE), 401, "missing_key"),
    ("secret", Asked("/graphql", slate()), 200, None),
    ("browser", Asked("/graphql", slate(), {"Origin": SHOP}), 200, None),
    ("secret", Asked("/graphql", {"query": "{ site { siteId } placements { placement title } }"}), 200, None),
    ("secret", Asked("/graphql", {"query": "{ a: __typename __schema { queryType { name } } }"}), 200, None),
    ("secret", Asked("/graphql", b"{"), 400, "malformed_json"),
    ("secret", Asked("/graphql", {"query": 7}), 400, "invalid_type"),
    ("secret", Asked("/graphql", {"query": "{"}), 400, "bad_query"),
    ("secret", Asked("/graphql", {"query": "{ nothing }"}), 400, "bad_query"),
    ("secret", Asked("/graphql", {"query": SLATE}), 400, "bad_query"),
    ("secret", Asked("/graphql", slate(colour="red")), 400, "bad_query"),
    ("secret", Asked("/graphql", {"query": "query A { site { siteId } } query B { site { name } }"}), 400, "bad_query"),
    ("secret", Asked("/graphql", {"query": "x" * 20_001}), 413, "query_too_large"),
    ("secret", Asked("/graphql", MISPLACED), 200, "unknown_placement"),
    ("events", Asked("/graphql", slate()), 200, "missing_scope"),
    ("browser", Asked("/graphql", slate(shopper={"customerId": "c-1"})), 200, "customer_needs_secret_key"),
    ("none", Asked("/graphql", slate()), 401, "missing_key"),
    ("secret", Asked("/graphql", slate(), {"Origin": SHOP}), 403, "secret_key_in_browser"),
]

# What the edge leaves to Django.
LEFT: list[Asked] = [
    Asked(f"{REST}?placement=popular", method="GET"),
    Asked(REST, method="OPTIONS", headers={"Origin": SHOP, "Access-Control-Request-Method": "POST"}),
    Asked(REST, FOR_YOU, method="PUT"),
    Asked(f"{REST}/", FOR_YOU),
    Asked(REST, FOR_YOU, environ={"CONTENT_LENGTH": None}),
    Asked(REST, FOR_YOU, environ={"CONTENT_LENGTH": "many"}),
    Asked(REST, FOR_YOU, environ={"CONTENT_TYPE": "text/plain"}),
    Asked(REST, FOR_YOU, environ={"HTTP_HOST": "elsewhere.example"}),
    Asked(REST, FOR_YOU, environ={"HTTP_HOST": None}),
    Asked(REST, FOR_YOU, {"Origin": "http://["}),
    Asked(REST, b" " * 262_145),
    Asked("/graphql?query={site{siteId}}", method="GET"),
    Asked("/graphql", b"{ site { siteId } }", environ={"CONTENT_TYPE": "application/graphql"}),
    Asked("/graphql", slate(), environ={"CONTENT_TYPE": "text/plain"}),
    Asked("/v1/placements", method="GET"),
    Asked("/health/live", method="GET"),
    Asked("/admin/", method="GET"),
    Asked("/nowhere", {}),
]


def _name(asked: Asked) -> str:
    return f"{asked.method} {asked.path} {str(asked.body)[:60]}"


def with_key(asked: Asked, headers: dict[str, str]) -> Asked:
    """Return the question with the key."""
    return Asked(asked.path, asked.body, headers | asked.headers, asked.method, asked.environ)


class TestBothDoors:
    @pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: _name(question[1]))
    def test_answer_alike(self, django: WSGIHandler, keys: dict[str, Any], question: Question) -> None:
        key, asked, status, code = question
        found = ask_both(django, with_key(asked, keys[key]))
        document = found.body.get("errors", [found.body])[0]
        assert (found.code, (document.get("extensions") or document).get("code")) == (status, code)

    def test_a_full_bucket_is_told_alike(self, django: WSGIHandler, keys: dict[str, Any], settings: Any) -> None:
        settings.RATE_LIMIT_PER_SECOND = 0
        for asked in (Asked(REST, FOR_YOU, keys["secret"]), Asked("/graphql", slate(), keys["secret"])):
            assert ask_both(django, asked).code == 429

    @pytest.mark.parametrize("path", [REST, "/graphql"])
    def test_a_defect_is_masked_alike(
        self, django: WSGIHandler, keys: dict[str, Any], path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(**_: object) -> None:
            message = "the till is on fire"
            raise RuntimeError(message)

        monkeypatch.setattr(api, "recommend", fail)
        found = ask_both(django, Asked(path, FOR_YOU if path == REST else slate(), keys["secret"]))
        assert "internal_error" in str(found.body)
        assert "fire" not in str(found.body)

    @pytest.mark.parametrize("path", [REST, "/graphql"])
    def test_a_database_that_is_away_is_told_alike(
        self, django: WSGIHandler, keys: dict[str, Any], path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_key_id: str) -> None:
            raise OperationalError

        monkeypatch.setattr(gate, "find_key", refuse)
        found = ask_both(django, Asked(path, FOR_YOU, keys["secret"]))
        assert found.code == 503
        assert "key_unverifiable" in str(found.body)


class TestHandedOn:
    @pytest.mark.parametrize("asked", LEFT, ids=_name)
    def test_is_answered_by_django(self, django: WSGIHandler, keys: dict[str, Any], asked: Asked) -> None:
        handed: list[object] = []

        def tell(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            handed.append(environ)
            return django(environ, start_response)

        asked = with_key(asked, keys["secret"])
        assert ask(Edge(tell), asked) == ask(django, asked)
        assert len(handed) == 1

    def test_is_everything_where_the_framework_has_more_to_do(self, keys: dict[str, Any], settings: Any) -> None:
        settings.SECURE_HSTS_SECONDS = 60
        assert ask(Edge(_say_django), Asked(REST, FOR_YOU, keys["secret"])).body == b"django"

    def test_is_what_this_process_does_not_serve(self, keys: dict[str, Any], settings: Any) -> None:
        settings.SERVICES = ["recommend"]
        door = Edge(_say_django)
        assert ask(door, Asked("/graphql", slate(), keys["secret"])).body == b"django"
        assert ask(door, Asked(REST, FOR_YOU, keys["secret"])).code == 200


def _say_django(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"django"]
