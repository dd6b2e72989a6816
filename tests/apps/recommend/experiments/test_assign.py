"""Who is on which side: layers, ramps, hold-outs, stores, and what a side changes."""

from typing import Any

import pytest

from apps.recommend.contracts.experiments import ExperimentInfo, ExperimentInput, Variant
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.experiments.assign import Assigned, assign, change_placement, compile_live, model_of

SHOPPERS = [f"shopper-{number}" for number in range(2_000)]
CONTROL, OTHER = Variant(variant="control"), Variant(variant="other", changes={"size": 4, "fallback": ["popular"]})
HOME = PlacementInfo(placement="home", title="Home", strategy="for_you", size=12)


def running(key: str = "order", **changes: Any) -> ExperimentInfo:
    given = {"experiment": key, "title": key, "placements": ("home",), "variants": (CONTROL, OTHER)} | changes
    return ExperimentInfo(site_id="uk", state="running", written=ExperimentInput(**given), salt=f"{key}-salt")


def sides(*infos: ExperimentInfo, placement: str = "home") -> dict[str, tuple[str, ...]]:
    live = compile_live(infos)
    found = {unit: assign(live, placement=placement, unit_id=unit) for unit in SHOPPERS}
    return {unit: tuple(side.label for side in given) for unit, given in found.items()}


class TestAssign:
    def test_halves_are_about_halves(self) -> None:
        found = list(sides(running()).values())
        assert found.count(("order:control",)) + found.count(("order:other",)) == 2_000
        assert found.count(("order:control",)) == 998

    def test_other_placements_are_as_usual(self) -> None:
        assert set(sides(running(), placement="cart").values()) == {()}

    def test_who_is_not_known_takes_no_part(self) -> None:
        assert assign(compile_live([running()]), placement="home", unit_id=None, store_id="oslo") == ()

    def test_parts_of_one_layer_share_nobody(self) -> None:
        found = sides(running("a", layer_until=0.5), running("b", layer_from=0.5))
        assert {len(given) for given in found.values()} == {1}
        assert 900 < sum(given[0].startswith("a:") for given in found.values()) < 1_100

    def test_layers_are_independent(self) -> None:
        found = sides(running("a", layer="one"), running("b", layer="two"))
        together = sum(given == ("a:other", "b:other") for given in found.values())
        assert {len(given) for given in found.values()} == {2}
        assert 420 < together < 580

    def test_raising_the_ramp_moves_nobody(self) -> None:
        before, after = sides(running(ramp=0.2)), sides(running(ramp=0.6))
        began = {unit: given for unit, given in before.items() if given}
        assert 300 < len(began) < 500
        assert began.items() <= after.items()
        assert 1_100 < sum(map(bool, after.values())) < 1_300

    def test_by_store_all_shoppers_of_a_store_are_on_one_side(self) -> None:
        live = compile_live([running(unit="store")])
        found = {assign(live, placement="home", unit_id=unit, store_id="oslo") for unit in SHOPPERS[:50]}
        assert len(found) == 1
        assert [side.experiment for side in found.pop()] == ["order"]
        assert assign(live, placement="home", unit_id="shopper-1") == ()

    def test_by_store_stores_are_split(self) -> None:
        live = compile_live([running(unit="store")])
        found = [assign(live, placement="home", unit_id=None, store_id=f"store-{one}")[0].variant for one in range(40)]
        assert {"control", "other"} == set(found)

    def test_who_is_held_out_takes_part_in_nothing_else(self) -> None:
        held = Variant(variant="held", weight=1.0), Variant(variant="rest", weight=9.0)
        both = running(), running("none", hold_out=True, variants=held, placements=("home",))
        found = sides(*both)
        out = [unit for unit, given in found.items() if given == ("none:held",)]
        assert 150 < len(out) < 250
        assert all(given[0] == "none:rest" and len(given) == 2 for given in found.values() if given != ("none:held",))

    def test_the_hold_out_holds_where_it_is_not_counted(self) -> None:
        held = Variant(variant="held", weight=1.0), Variant(variant="rest", weight=9.0)
        both = running(placements=("cart",)), running("none", hold_out=True, variants=held)
        found = sides(*both, placement="cart")
        assert 150 < sum(given == () for given in found.values()) < 250
        assert {given for given in found.values() if given} == {("order:control",), ("order:other",)}


class TestChangePlacement:
    def test_fields_are_other_and_lists_are_tuples(self) -> None:
        side = compile_live([running()]).by_placement["home"][0].variants[1]
        changed = change_placement(HOME, [side])
        assert (changed.size, changed.fallback, changed.title) == (4, ("popular",), "Home")

    def test_nothing_other_is_the_same_object(self) -> None:
        assert change_placement(HOME, [Assigned("a", "control", {}, None)]) is HOME


class TestModelOf:
    @pytest.mark.parametrize(("models", "expected"), [([None, "m2"], "m2"), ([None], None), ([], None)])
    def test_the_first_that_names_one(self, models: list[str | None], expected: str | None) -> None:
        assert model_of([Assigned("a", "b", {}, model) for model in models]) == expected


class TestModels:
    def test_every_variant_counts(self) -> None:
        other = Variant(variant="new", model="m7")
        assert compile_live([running(variants=(CONTROL, other))]).models() == {"m7"}
