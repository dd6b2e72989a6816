"""A database that comes back is followed again, by every process, without a restart of any."""

import time

import pytest

from specrec.embedded import Parts
from tests.conftest import Shop
from tests.journeys.door import VISIBLE_SECONDS, Door, eventually, ids

ITEM = {
    "item_id": "spare",
    "item_type": "accessory",
    "name": {"en-GB": "Spare case"},
    "stock_managed": False,
    "variants": [{"sku": "spare-1", "prices": [{"amount": "9.00", "currency": "GBP"}]}],
}
OFTEN = 20  # answers in a row: more than there are web processes to hide behind


@pytest.fixture
def server(shop: Shop) -> Door:
    """The back office, with one item that is shown."""
    door = Door(shop.url, shop.secret_key)
    shown = {"placement": "spares", "title": "Spares", "strategy": "new_in", "size": 9, "item_types": ["accessory"]}
    door.must("PUT", "/v1/placements", shown)
    door.must("POST", "/v1/items", ITEM)
    eventually(lambda: door.send("POST", "/v1/recommendations", {"placement": "spares"})[0], until=lambda s: s == 200)
    eventually(lambda: ids(door.recommend("spares")), until=lambda found: found == ["spare"])
    return door


class TestARestartOfPostgres:
    def test_what_is_hidden_afterwards_is_gone_from_every_answer(self, server: Door, stack_parts: Parts) -> None:
        stack_parts.restart_postgres()
        hidden = ITEM | {"published": False}
        eventually(lambda: server.send("POST", "/v1/items", hidden)[0], until=lambda status: status < 300)
        deadline = time.monotonic() + VISIBLE_SECONDS
        gone = 0
        while gone < OFTEN and time.monotonic() < deadline:
            gone = gone + 1 if ids(server.recommend("spares")) == [] else 0
        assert gone == OFTEN
