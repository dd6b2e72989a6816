"""A training by a real worker: asked for over HTTP with a recipe, its progress in Celery's state, its model listed."""

import json

import redis

from tests.conftest import Shop
from tests.journeys.door import Door, eventually


def _states(shop: Shop) -> list[dict[str, object]]:
    """Return what the worker said of its tasks."""
    store = redis.Redis.from_url(shop.stack.environment["REDIS_URL"])
    return [json.loads(store.get(key) or b"{}") for key in store.scan_iter("celery-task-meta-*")]


class TestTraining:
    def test_says_how_far_it_is_and_what_came_of_it(self, shop: Shop) -> None:
        door = Door(shop.url, shop.secret_key)
        item = {"item_id": "t1", "item_type": "generic", "name": {"en-GB": "Cloth"}, "variants": [{"sku": "t1-1"}]}
        door.must("POST", "/v1/items", item)
        before = {model["stamp"] for model in door.must("GET", "/v1/models")}
        assert door.must("POST", "/v1/models/train", {"recipe": "shop-1"}) == {"status": "queued"}

        def notes() -> list[str]:
            return [model["note"] for model in door.must("GET", "/v1/models") if model["stamp"] not in before]

        def decided(told: list[str]) -> bool:
            return any("of the 1,000 that would be enough" in note for note in told)

        # A worker that never trained compiles its loops first: it is waited for several times as long.
        assert any(decided(eventually(notes, until=decided)) for _ in range(5))
        done = {"percent": 100, "step": "done"}
        assert done in eventually(lambda: [state["result"] for state in _states(shop)], until=lambda told: done in told)
