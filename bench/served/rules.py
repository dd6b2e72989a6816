"""Fifty rules in force and a running experiment: what merchandisers of a shop would have."""

from collections.abc import Iterator
from typing import Any

from bench.client import Client
from bench.served.site import BRANDS, PLACEMENT

RULES = 50


def put_rules(client: Client) -> int:
    """Write and publish the rules; return how many."""
    rules = list(_rules())
    for rule in rules:
        written = client.call("PUT", "/v1/rules", {"rule": rule})
        client.call("POST", f"/v1/rules/{rule['rule']}/publish", {"number": written["number"]})
    return len(rules)


def put_experiment(client: Client) -> None:
    """Write and start an experiment on the placement: two sides of another diversity."""
    variants = [{"variant": "as-it-is"}, {"variant": "more-alike", "changes": {"diversity": 0.2}}]
    body = {"experiment": "alike", "title": "Less diversity", "placements": [PLACEMENT], "variants": variants}
    client.call("PUT", "/v1/experiments", body)
    client.call("POST", "/v1/experiments/alike/start", {})


def _rules() -> Iterator[dict[str, Any]]:
    """Yield fifty: of every kind some, all in force on the measured placement, and none that leaves it empty."""
    for number in range(14):
        yield _rule(f"boost-{number}", "boost", f'brand = "Brand {number}"', factor=1.1 + number / 50)
    for number in range(8):
        yield _rule(f"bury-{number}", "bury", f'brand = "Brand {20 + number}" and price > 150', factor=0.6)
    for number in range(10):
        yield _rule(f"exclude-{number}", "exclude", f'brand = "Brand {number * 3 % BRANDS}" and price > {240 + number}')
    for number in range(2):
        yield _rule(f"pin-{number}", "pin", item_ids=[f"frame-{500 + number:05}"], position=3 + 5 * number)
    for number in range(3):
        yield _rule(f"include-{number}", "include", item_ids=[f"frame-{700 + number:05}"])
    for number in range(4):
        yield _rule(f"share-{number}", "share", f'brand = "Brand {number}"', share=0.5, at_most=True)
    yield _rule("spacing-brand", "spacing", group_by="brand", distance=1)
    yield _rule("spacing-shape", "spacing", "price > 100", group_by="shape", distance=1)
    for number in range(3):
        yield _rule(f"most-{number}", "max_per_group", f"price > {100 * number}", group_by="brand", count=4 - number)
    for number in range(2):
        yield _rule(f"price-{number}", "price_guard", least=10.0 + number, most=5_000.0)
    for number in range(2):
        yield _rule(f"margin-{number}", "margin_guard", least_margin=0.05, unknown_passes=True)


def _rule(rule: str, kind: str, words: str = "", item_ids: list[str] | None = None, **effect: Any) -> dict[str, Any]:
    return {
        "rule": rule,
        "title": rule.replace("-", " ").capitalize(),
        "kind": kind,
        "scope": {"placements": [PLACEMENT]} if rule.endswith(("0", "2")) else {},
        "schedule": {"from_time": "00:00", "until_time": "00:00"} if rule.endswith("1") else {},
        "target": {"filter": words, "item_ids": item_ids or []},
        "effect": effect,
    }
