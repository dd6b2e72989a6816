"""From events to a model and back: what is worse is not promoted, and what empties slates takes itself out."""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from specrec.roles import run_manage
from tests.conftest import Shop
from tests.journeys.door import Door, eventually

SITE = "round-lane"
ITEMS = [f"ring-{number:02}" for number in range(24)]
SHOPPERS, STEPS = 700, 4  # a tenth of them is asked for what comes next, and 50 are needed
PATIENCE = 90.0  # the guard looks every ten seconds; a shared machine is given time
_MAKE_SITE = f"""
import json
from apps.profiles import api
from apps.profiles.contracts import SiteInfo
from apps.recommend.models import TrainingSchedule
api.ensure_site(site=SiteInfo(
    site_id="{SITE}", name="Round Lane", locale="en-GB", currency="GBP", time_zone="Europe/London"))
TrainingSchedule.objects.create(site_id="{SITE}", is_active=False, min_slates=30, refresh_minutes=0)
print(json.dumps(api.create_key(site_id="{SITE}", kind="secret", name="journeys").secret))
"""
BLIND = """
name = "blind"
version = 1
description = "Finds nothing, on purpose"

[algorithms.mix]
covisitation = 0.0
content = 0.0
latent = 0.0
neighbours = 0.0
"""


@pytest.fixture(scope="module")
def door(shop: Shop) -> Door:
    """The back office of a site of its own: a ring of items that shoppers walk along, and a placement."""
    key = json.loads(shop.stack.manage("shell", "--verbosity", "0", "--command", _MAKE_SITE))
    door = Door(shop.url, key)
    for item_id in ITEMS:
        door.must("POST", "/v1/items", ring_item(item_id))
    door.must("PUT", "/v1/placements", {"placement": "next", "title": "Next", "strategy": "for_you", "size": 3})
    events = [event for number in range(SHOPPERS) for event in walk(number)]
    for start in range(0, len(events), 1_000):
        part = events[start : start + 1_000]
        assert door.must("POST", "/v1/events", {"events": part})["accepted"] == len(part)
    return door


@pytest.fixture(scope="module")
def blind_recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe whose models find nothing."""
    folder = tmp_path_factory.mktemp("recipes")
    (folder / "blind-1.toml").write_text(BLIND)
    return folder


def ring_item(item_id: str) -> dict[str, Any]:
    variant = {"sku": f"{item_id}-1", "prices": [{"amount": "99.00", "currency": "GBP"}]}
    return {
        "item_id": item_id,
        "item_type": "frame",
        "name": {"en-GB": item_id.title()},
        "stock_managed": False,
        "variants": [variant],
    }


def walk(number: int) -> list[dict[str, Any]]:
    """Return the views of a shopper who begins somewhere on the ring and goes on in its order."""
    began = datetime.now(UTC) - timedelta(days=10) + timedelta(minutes=20 * number)
    return [
        {
            "id": str(uuid4()),
            "type": "view",
            "time": (began + timedelta(minutes=step)).isoformat(),
            "customer_id": f"walker-{number}",
            "item_id": ITEMS[(7 * number + step) % len(ITEMS)],
            "consent": ["history_personalisation"],
            "historical": True,
        }
        for step in range(STEPS)
    ]


def models(door: Door) -> dict[str, dict[str, Any]]:
    """Return the versions by stamp, newest first."""
    return {model["stamp"]: model for model in door.must("GET", "/v1/models")}


def patiently(ask: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not (found := ask()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def next_of(door: Door, item_id: str) -> dict[str, Any]:
    return door.recommend("next", history=[item_id])


def is_trained(door: Door, shop: Shop) -> bool:
    """Train, and return whether it was enough: the consumer of the table may have to catch up."""
    shop.stack.manage("train", SITE, "--verbosity", "0")
    return any(model["state"] == "promoted" and model["metrics"].get("ndcg@10") for model in models(door).values())


class TestTheGateAndTheGuard:
    def test_a_worse_model_waits_outside_and_an_empty_one_goes_back_by_itself(
        self, door: Door, shop: Shop, blind_recipe: Path
    ) -> None:
        assert patiently(lambda: is_trained(door, shop))
        good = next(stamp for stamp, model in models(door).items() if model["state"] == "promoted")
        answer = eventually(lambda: next_of(door, "ring-05"), until=lambda found: found["model"] == good)
        assert (answer["items"][0]["item_id"], answer["fallback"]) == ("ring-06", None)

        environment = os.environ | shop.stack.environment | {"SPECREC_RECIPES_DIR": str(blind_recipe)}
        said = run_manage("train", SITE, "--recipe", "blind", "--verbosity", "0", environment=environment)
        blind = next(iter(models(door)))
        assert models(door)[blind]["state"] == "rejected"
        assert "does not beat popularity" in said
        assert next_of(door, "ring-05")["model"] == good

        promoted = door.must("POST", f"/v1/models/{blind}/promote")
        assert promoted["state"] == "promoted"
        seen = eventually(lambda: next_of(door, "ring-05"), until=lambda found: found["model"] == blind)
        assert seen["fallback"] is not None
        assert patiently(
            lambda: next_of(door, "ring-05")["model"] == good and models(door)[good]["state"] == "promoted"
        )

        taken_out = door.must("GET", f"/v1/models/{blind}")
        assert taken_out["state"] == "retired"
        assert taken_out["rolled_back_at"] is not None
        assert taken_out["note"].startswith("Rolled back by itself: ")
        assert "slates were left empty by the model" in taken_out["note"]
        assert (
            eventually(lambda: next_of(door, "ring-05"), until=lambda found: found["model"] == good)["fallback"] is None
        )


@pytest.mark.usefixtures("door")
class TestTheCommand:
    def test_says_what_there_is(self, shop: Shop, door: Door) -> None:
        stamp = next(iter(models(door)))
        assert stamp in shop.stack.manage("models", "list", SITE)
        assert json.loads(shop.stack.manage("models", "show", SITE, stamp))["stamp"] == stamp

    def test_a_browser_may_not_choose_models(self, shop: Shop) -> None:
        status, problem = Door(shop.url, shop.publishable_key).send("POST", "/v1/models/rollback")
        assert (status, problem["code"]) == (403, "missing_scope")
