"""The same sides in every language: golden vectors, in Python and in JavaScript."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright._impl._driver import compute_driver_executable

from apps.recommend.ml.bucketing import choose, hash_of, share_of, takes_part, to_bounds

ROOT = Path(__file__).resolve().parents[3]
VECTORS: dict[str, Any] = json.loads((ROOT / "tests" / "vectors" / "bucketing.json").read_text(encoding="utf-8"))
_ASK = """
import { readFileSync } from "node:fs";
import { hashOf, shareOf, toBounds, variantOf } from "./clients/js/bucketing.js";
const given = JSON.parse(readFileSync("tests/vectors/bucketing.json", "utf-8"));
console.log(JSON.stringify({
  hashes: given.hashes.map((one) => hashOf(one.text)),
  shares: given.shares.map((one) => shareOf(one.salt, one.unit)),
  variants: given.experiments.map((one) => Object.keys(one.variants).map((unit) => variantOf(one, unit))),
  bounds: given.experiments.map((one) => toBounds(one.weights)),
}));
"""


@pytest.fixture(scope="module")
def script() -> Any:
    """What the JavaScript twin says of the vectors."""
    node = compute_driver_executable()[0]
    command = [node, "--input-type=module", "--no-warnings", "--eval", _ASK]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


class TestHashOf:
    @pytest.mark.parametrize(
        ("text", "expected"), [("", 0), ("hello", 0x248BFA47), ("hello, world", 0x149BBB7F), ("abcd", 0x43ED676A)]
    )
    def test_published_values(self, text: str, expected: int) -> None:
        assert hash_of(text) == expected

    def test_golden_vectors(self) -> None:
        assert [hash_of(one["text"]) for one in VECTORS["hashes"]] == [one["hash"] for one in VECTORS["hashes"]]

    def test_golden_vectors_in_javascript(self, script: Any) -> None:
        assert script["hashes"] == [one["hash"] for one in VECTORS["hashes"]]


class TestShareOf:
    def test_golden_vectors(self) -> None:
        found = [share_of(one["salt"], one["unit"]) for one in VECTORS["shares"]]
        assert found == [one["share"] for one in VECTORS["shares"]]

    def test_golden_vectors_in_javascript(self, script: Any) -> None:
        assert script["shares"] == [one["share"] for one in VECTORS["shares"]]

    def test_tenths_hold_about_a_tenth_each(self) -> None:
        counts = [0] * 10
        for number in range(10_000):
            counts[int(share_of("salt", f"shopper-{number}") * 10)] += 1
        assert all(900 < count < 1_100 for count in counts)


class TestToBounds:
    def test_parts_follow_the_weights_and_end_at_one(self) -> None:
        assert to_bounds([1, 2, 1]) == (0.25, 0.75, 1.0)

    def test_a_variant_without_weight_has_nobody(self) -> None:
        assert choose(0.0, to_bounds([0.0, 1.0])) == 1

    @pytest.mark.parametrize("weights", [[], [0.0], [2.0, -1.0]])
    def test_weights_that_are_none(self, weights: list[float]) -> None:
        with pytest.raises(ValueError, match="weights"):
            to_bounds(weights)

    def test_the_same_in_javascript(self, script: Any) -> None:
        assert [tuple(bounds) for bounds in script["bounds"]] == [
            to_bounds(one["weights"]) for one in VECTORS["experiments"]
        ]


class TestChoose:
    @pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.249, 0), (0.25, 1), (0.75, 2), (0.999, 2)])
    def test_the_lower_end_belongs_to_a_part(self, share: float, expected: int) -> None:
        assert choose(share, (0.25, 0.75, 1.0)) == expected


class TestTakesPart:
    @pytest.mark.parametrize("one", VECTORS["experiments"], ids=lambda one: one["name"])
    def test_golden_vectors(self, one: dict[str, Any]) -> None:
        found = {unit: _variant(one, unit) for unit in one["variants"]}
        assert found == one["variants"]

    def test_golden_vectors_in_javascript(self, script: Any) -> None:
        assert script["variants"] == [list(one["variants"].values()) for one in VECTORS["experiments"]]

    def test_a_larger_ramp_keeps_everybody_where_he_was(self) -> None:
        small, large = (one["variants"] for one in VECTORS["experiments"] if one["salt"] == "ramp-1")
        began = {unit: side for unit, side in small.items() if side is not None}
        assert len(began) == len([unit for unit in began if large[unit] == began[unit]]) > 0
        assert len([unit for unit in large if large[unit] is not None]) > len(began)


def _variant(one: dict[str, Any], unit: str) -> int | None:
    part = one["part"][0], one["part"][1]
    if not takes_part(one["salt"], unit, layer_salt=one["layerSalt"], part=part, ramp=one["ramp"]):
        return None
    return choose(share_of(one["salt"], unit), to_bounds(one["weights"]))
