"""An answer that is traced, asked again over HTTP: identical while nothing changed, and then with its cause named."""

import json
from typing import Any

import pytest

from tests.conftest import Shop
from tests.journeys.door import Door, eventually

SITE = "panto-lane"
ITEMS = [f"panto-{number}" for number in range(1, 7)]
_MAKE_SITE = f"""
import json
from apps.profiles import api
from apps.profiles.contracts import SiteInfo
api.ensure_site(site=SiteInfo(
    site_id="{SITE}", name="Panto Lane", locale="en-GB", currency="GBP", time_zone="Europe/London"))
keys = [api.create_key(site_id="{SITE}", kind=kind, name="journeys").secret for kind in ("secret", "publishable")]
keys.append(api.create_key(site_id="{SITE}", kind="secret", name="shop", scopes=["recommend:read"]).secret)
print(json.dumps(keys))
"""
NO_PANTO_6 = {"rule": "no-six", "title": "Not this one", "kind": "exclude", "target": {"item_ids": ["panto-6"]}}


@pytest.fixture(scope="module")
def doors(shop: Shop) -> dict[str, Door]:
    """The back office of a site of its own, its browser's key, and that of a server which may not read traces."""
    keys = json.loads(shop.stack.manage("shell", "--verbosity", "0", "--command", _MAKE_SITE))
    doors = dict(zip(("office", "browser", "shop"), (Door(shop.url, key) for key in keys), strict=True))
    for number, item_id in enumerate(ITEMS, start=1):
        doors["office"].must("POST", "/v1/items", panto(item_id, released_at=f"2026-03-0{number}T00:00:00Z"))
    placement = {"placement": "new", "title": "New", "strategy": "new_in", "size": 3}
    doors["office"].must("PUT", "/v1/placements", placement)
    assert eventually(lambda: shown(doors["office"]), until=lambda ids: ids == ["panto-6", "panto-5", "panto-4"])
    return doors


def panto(item_id: str, **changes: Any) -> dict[str, Any]:
    variant = {"sku": f"{item_id}-49", "prices": [{"amount": "99.00", "currency": "GBP"}], "stock": [{"on_hand": 3}]}
    item = {"item_id": item_id, "item_type": "frame", "name": {"en-GB": item_id.title()}, "variants": [variant]}
    return item | changes


def shown(door: Door) -> list[str]:
    return [item["item_id"] for item in door.recommend("new")["items"]]


def replay(door: Door, trace_id: str, against: str = "now") -> dict[str, Any]:
    found: dict[str, Any] = door.must("POST", f"/v1/traces/{trace_id}/replay", {"against": against})
    return found


class TestTraces:
    def test_a_traced_answer_is_replayed_and_what_changed_is_named(self, doors: dict[str, Door]) -> None:
        office = doors["office"]
        answer = office.recommend("new", trace=True)
        trace_id = answer["recommendation_id"]
        assert answer["trace"]["items"][0]["sources"][0]["strategy"] == "new_in"
        assert office.must("GET", f"/v1/traces/{trace_id}")["items"] == answer["trace"]["items"]
        assert trace_id in [one["trace_id"] for one in office.must("GET", "/v1/traces?placement=new")["items"]]
        unchanged = replay(office, trace_id)
        assert (unchanged["identical"], unchanged["after"]) == (True, ["panto-6", "panto-5", "panto-4"])

        office.must("PUT", "/v1/rules", {"rule": NO_PANTO_6})
        office.must("POST", "/v1/rules/no-six/publish", {"number": 1})
        changed = eventually(lambda: replay(office, trace_id), until=lambda found: not found["identical"])
        assert (changed["causes"][0]["what"], changed["causes"][0]["name"]) == ("rules", "no-six")
        assert changed["differences"][0] | {"why": []} == {
            "what": "removed", "name": "panto-6", "before": 1.0, "after": None, "why": []
        }  # fmt: skip
        assert eventually(lambda: replay(office, trace_id, "then"), until=lambda found: bool(found["identical"]))

        office.must("POST", "/v1/stock", {"stock": [{"sku": "panto-5-49", "on_hand": 0}]})
        sold_out = eventually(lambda: replay(office, trace_id, "then"), until=lambda found: not found["identical"])
        assert [cause["name"] for cause in sold_out["causes"] if cause["decisive"]] == ["panto-5: available"]

    @pytest.mark.parametrize("who", ["browser", "shop"])
    def test_only_a_key_with_the_scope_reads_traces(self, doors: dict[str, Door], who: str) -> None:
        trace_id = doors["office"].recommend("new", trace=True)["recommendation_id"]
        for method, path, body in (
            ("POST", "/v1/recommendations", {"placement": "new", "trace": True}),
            ("GET", "/v1/traces", None),
            ("GET", f"/v1/traces/{trace_id}", None),
            ("POST", f"/v1/traces/{trace_id}/replay", {}),
        ):
            assert doors[who].send(method, path, body)[0] == 403, path

    def test_a_cached_answer_for_everybody_tells_nothing(self, doors: dict[str, Door]) -> None:
        status, problem = doors["office"].send("GET", "/v1/recommendations?placement=new&trace=true")
        assert (status, problem["code"], problem["field"]) == (400, "unknown_field", "trace")
