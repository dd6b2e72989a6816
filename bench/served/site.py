"""The site that is measured: its items, what its shoppers did, its placement, and all that may weigh on an answer."""

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from tqdm import tqdm

from bench.client import Client, Failed
from bench.load import Target
from bench.trained import refuse_trained, train

SITE = "bench-serving"
PLACEMENT = "bench"
SLATE = 12
BRANDS = 40
SHAPES = ("round", "square", "aviator", "cat-eye", "panto", "oval")
_IMPORTED_AT_ONCE = 20_000
_SURE = 20  # answers in a row
_FIELDS = "itemId sku position score name brand itemType price currency imageUrl url reasons { code text itemId }"
QUERY = (
    "query Slate($input: RecommendationsInput!) { recommendations(input: $input) { recommendationId placement strategy "
    f"personalised fallback model items {{ {_FIELDS} }} }} }}"
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is. `full`: with rules, diversity and an experiment on."""

    items: int = 2_400
    shoppers: int = 400
    events_each: int = 30
    full: bool = False
    is_built: bool = False  # the items are there already


def prepare(client: Client, size: Size) -> str:
    """Fill the site through its own doors and train; return the stamp of the model."""
    refuse_trained(client)
    body: dict[str, Any] = {"placement": PLACEMENT, "title": "For you", "strategy": "for_you", "size": SLATE}
    weighed = {"diversity": 0.3, "max_per_brand": 3} if size.full else {}
    client.call("PUT", "/v1/placements", body | weighed)
    if not size.is_built:
        put_items(client, size.items)
    events = list(_events(size))
    for start in tqdm(range(0, len(events), 1_000), desc="events", unit=" thousand", file=sys.stderr):
        client.call("POST", "/v1/events", {"events": events[start : start + 1_000]})
    client.wait_for("/v1/events/status", lambda answer: not any(answer["lag"].values()), seconds=300)
    print("training", file=sys.stderr)
    return train(client, seconds=1_800)


def put_items(client: Client, count: int) -> None:
    """Import the items."""
    for start in tqdm(range(0, count, _IMPORTED_AT_ONCE), desc="items", file=sys.stderr):
        numbers = range(start, min(count, start + _IMPORTED_AT_ONCE))
        job = client.call("POST", "/v1/items/bulk", b"\n".join(msgspec.json.encode(item(number)) for number in numbers))
        path = f"/v1/imports/{job['import_id']}"
        done = client.wait_for(path, lambda answer: answer["finished_at"], seconds=600)
        if done["lines_failed"]:
            raise Failed(f"the import refused {done['lines_failed']} lines: {done}")


def wait_for_model(client: Client, stamp: str) -> None:
    """Wait until twenty answers in a row come from this model: every web process has loaded it then."""
    deadline = time.monotonic() + 60
    seen = 0
    while seen < _SURE:
        answer = client.call("POST", "/v1/recommendations", asked(0))
        seen = seen + 1 if answer["model"] == stamp and answer["personalised"] else 0
        if time.monotonic() > deadline:
            raise Failed(f"the server does not answer personally from model {stamp}: {answer}")
        time.sleep(0.02)


def item(number: int) -> dict[str, Any]:
    """Return an item as `/v1/items/bulk` takes it."""
    shape = SHAPES[number % len(SHAPES)]
    return {
        "item_id": f"frame-{number:05}",
        "item_type": "frame",
        "name": {"en-GB": f"Frame {number} {shape}", "de-DE": f"Brille {number} {shape}"},
        "brand": f"Brand {number % BRANDS}",
        "attributes": {"shape": shape},
        "image_urls": [f"/images/{number}.svg"],
        "url": f"/frames/{number}",
        "variants": [
            {
                "sku": f"sku-{number:05}",
                "prices": [{"amount": str(60 + number % 200), "currency": "GBP"}],
                "stock": [{"on_hand": 5}],
            }
        ],
    }


def _events(size: Size) -> Iterator[dict[str, Any]]:
    """Views of shoppers who each keep to one part of the catalogue, so that there is something to learn."""
    rng = random.Random(3)
    start = datetime.now(UTC) - timedelta(hours=20)
    apart = min(60.0, 68_000 / size.shoppers)  # all within those hours
    for shopper in range(size.shoppers):
        home = rng.randrange(size.items)
        for step in range(size.events_each):
            yield {
                "id": str(UUID(int=rng.getrandbits(128), version=4)),
                "type": "view",
                "time": (start + timedelta(seconds=shopper * apart + step * 40)).isoformat(),
                "anonymous_id": shopper_id(shopper),
                "session_id": f"session-{shopper}-{step // 10}",
                "item_id": f"frame-{(home + int(rng.expovariate(0.05))) % size.items:05}",
                "consent": ["history_personalisation"],
            }


def shopper_id(number: int) -> str:
    """Return how a shopper's browser names itself."""
    return f"visitor-{number}"


def asked(shopper: int) -> dict[str, Any]:
    """Return the question as REST takes it."""
    return {"placement": PLACEMENT, "shopper": {"anonymous_id": shopper_id(shopper)}}


def asked_in_graphql(shopper: int) -> dict[str, Any]:
    """Return the question as GraphQL takes it, with all fields of an answer."""
    variables = {"input": {"placement": PLACEMENT, "shopper": {"anonymousId": shopper_id(shopper)}}}
    return {"query": QUERY, "variables": variables}


def rest_target(url: str, key: str, size: Size) -> Target:
    """Return the question of all shoppers in turn, for a load generator."""
    bodies = [msgspec.json.encode(asked(shopper)) for shopper in range(size.shoppers)]
    return Target(f"{url}/v1/recommendations", _headers(key), bodies)


def graphql_target(url: str, key: str, size: Size) -> Target:
    """Return the same in GraphQL."""
    bodies = [msgspec.json.encode(asked_in_graphql(shopper)) for shopper in range(size.shoppers)]
    return Target(f"{url}/graphql", _headers(key), bodies)


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}


def compare(client: Client) -> None:
    """Raise Failed unless REST and GraphQL give the same full, personal slate for a few shoppers."""
    for shopper in range(5):
        rest = _personal(client, shopper)
        found = client.call("POST", "/graphql", asked_in_graphql(shopper))
        if "errors" in found:
            raise Failed(f"GraphQL answered {found['errors']}")
        graphql = _snake(found["data"]["recommendations"])
        same = {name: rest[name] for name in graphql if name != "recommendation_id"}
        graphql.pop("recommendation_id")
        if same != graphql:
            raise Failed(f"REST and GraphQL differ for {shopper_id(shopper)}:\n{same}\n{graphql}")
        if len(rest["items"]) != SLATE or not rest["personalised"]:
            raise Failed(f"not a full personal slate: {rest}")


def _personal(client: Client, shopper: int) -> dict[str, Any]:
    """Return the answer once it is a personal one: what has just been started or stopped may cost one its deadline."""
    answer: dict[str, Any] = {}
    for _ in range(_SURE):
        answer = client.call("POST", "/v1/recommendations", asked(shopper))
        if answer["personalised"] and answer["fallback"] is None:
            break
        time.sleep(0.1)
    return answer


def _snake(value: Any) -> Any:
    if isinstance(value, list):
        return [_snake(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {"".join(f"_{c.lower()}" if c.isupper() else c for c in key): _snake(entry) for key, entry in value.items()}
