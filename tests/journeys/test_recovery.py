"""A database that comes back is followed again, by every process, without a restart of any."""

import pytest

from specrec.embedded import Parts
from tests.conftest import Shop
from tests.journeys.door import Door, eventually, everywhere, ids

ITEM = {
    "item_id": "spare",
    "item_type": "accessory",
    "name": {"en-GB": "Spare case"},
    "stock_managed": False,
    "variants": [{"sku": "spare-1", "prices": [{"amount": "9.00", "currency": "GBP"}]}],
}


@pytest.fixture
def server(shop: Shop) -> Door:
    """The back office, with one item that is shown."""
    door = Door(shop.url, shop.secret_key)
    shown = {"placement": "spares", "title": "Spares", "strategy": "new_in", "size": 9, "item_types": ["accessory"]}
    door.must("PUT", "/v1/placements", shown)
    door.must("POST", "/v1/items", ITEM)
    assert is_shown_by_all(door, ["spare"])
    return door


def is_shown_by_all(door: Door, wanted: list[str]) -> bool:
    """Return whether the slate becomes as wanted in every web process."""
    asked = {"placement": "spares"}
    return everywhere(
        lambda: door.send("POST", "/v1/recommendations", asked),
        until=lambda found: found[0] == 200 and ids(found[1]) == wanted,
    )


class TestARestartOfPostgres:
    def test_what_is_hidden_afterwards_is_gone_from_every_answer(self, server: Door, stack_parts: Parts) -> None:
        stack_parts.restart_postgres()
        hidden = ITEM | {"published": False}
        eventually(lambda: server.send("POST", "/v1/items", hidden)[0], until=lambda status: status < 300)
        assert is_shown_by_all(server, [])
