"""Model versions over HTTP: looked at and chosen with a key of a server."""

import json
from typing import Any

import pytest
from django.test import Client

from apps.profiles import api as profiles
from apps.profiles.contracts import KeyKind
from apps.recommend import selectors
from apps.recommend.registry.promote import promote_model
from tests.apps.recommend.training.small_model import (
    NOW,
    SITE,
    MakeVersion,
    give_own_store,  # noqa: F401 - a fixture
    open_site,  # noqa: F401 - the fixture "site"
    provide_make_version,  # noqa: F401 - the fixture "make_version"
)


def ask(client: Client, method: str, path: str, kind: KeyKind = "secret") -> tuple[int, Any]:
    """Send without a body and return status and answer."""
    issued = profiles.create_key(site_id=SITE, kind=kind, name="test")
    response = client.generic(method, path, headers={"Authorization": f"Bearer {issued.secret}"})
    return response.status_code, json.loads(response.content)


class TestModels:
    def test_one_version(self, client: Client, make_version: MakeVersion) -> None:
        make_version("m1")
        status, found = ask(client, "GET", "/v1/models/m1")
        assert (status, found["stamp"], found["state"], found["recipe"]) == (200, "m1", "trained", "shop-1")
        assert found["parameters"] == {}

    def test_a_browser_sees_no_figures(self, client: Client, make_version: MakeVersion) -> None:
        version = make_version("m1")
        version.note, version.metrics = "2.10% of 12,345 slates seen were clicked", {"ndcg@10": 0.5}
        version.save()
        _, (found,) = ask(client, "GET", "/v1/models")
        assert (found["note"], found["metrics"]) == (version.note, version.metrics)
        status, (found,) = ask(client, "GET", "/v1/models", "publishable")
        assert (status, found["stamp"], found["note"], found["metrics"]) == (200, "m1", "", {})

    def test_unknown(self, client: Client, site: str) -> None:
        status, problem = ask(client, "GET", "/v1/models/m9")
        assert (status, problem["code"], problem["field"]) == (404, "model_not_found", "stamp")

    def test_promote_and_roll_back(self, client: Client, make_version: MakeVersion) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        make_version("m2")
        status, found = ask(client, "POST", "/v1/models/m2/promote")
        assert (status, found["stamp"], found["state"]) == (200, "m2", "promoted")
        status, found = ask(client, "POST", "/v1/models/rollback")
        assert (status, found["stamp"], found["state"]) == (200, "m1", "promoted")

    def test_nothing_to_roll_back_to(self, client: Client, make_version: MakeVersion) -> None:
        make_version("m1")
        status, problem = ask(client, "POST", "/v1/models/rollback")
        assert (status, problem["code"]) == (409, "nothing_to_roll_back_to")

    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "/v1/models/m1"), ("POST", "/v1/models/m1/promote"), ("POST", "/v1/models/rollback")],
    )
    def test_not_for_browsers(self, client: Client, make_version: MakeVersion, method: str, path: str) -> None:
        make_version("m1")
        status, problem = ask(client, method, path, "publishable")
        assert (status, problem["code"]) == (403, "missing_scope")
        assert selectors.find_promoted_stamp(site_id=SITE) is None
