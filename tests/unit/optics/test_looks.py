"""How alike two pairs of spectacles look and sit."""

import numpy as np
import pytest

from apps.recommend.optics.looks import Looks, has_looks, likeness, make_looks, near_shapes

SHAPES = ["round", "panto", "aviator"]


def looks(widths: list[float], shapes: list[int], materials: list[int] | None = None) -> Looks:
    """Return looks of which the fronts, the shapes and perhaps the materials are known."""
    codes = {"shape": np.array(shapes, dtype=np.int32)}
    if materials is not None:
        codes["materials"] = np.array(materials, dtype=np.int32)
    return make_looks({"front_width_mm": np.array(widths)}, codes, SHAPES, len(widths))


class TestLikeness:
    def test_of_the_same_is_one(self) -> None:
        assert likeness(looks([138.0, 138.0], [0, 0]), 0, np.array([1])).tolist() == [1.0]

    def test_falls_with_millimetres(self) -> None:
        found = likeness(looks([138.0, 140.0, 146.0], [0, 0, 0]), 0, np.array([1, 2]))
        assert found[0] > found[1]

    def test_one_step_of_front_alone(self) -> None:
        found = likeness(looks([138.0, 142.0], [-1, -1]), 0, np.array([1]))
        assert found[0] == pytest.approx(np.exp(-0.5))

    def test_a_kindred_shape_is_nearer_than_another(self) -> None:
        found = likeness(looks([138.0, 138.0, 138.0], [0, 1, 2]), 0, np.array([1, 2]))
        assert found[0] > found[1]

    def test_what_is_unknown_drops_out(self) -> None:
        found = likeness(looks([138.0, 138.0], [0, 0], materials=[1, -1]), 0, np.array([1]))
        assert found.tolist() == [1.0]

    def test_nothing_to_compare_is_nothing(self) -> None:
        found = likeness(looks([float("nan"), 138.0], [-1, 0]), 0, np.array([1]))
        assert found.tolist() == [0.0]


class TestNearShapes:
    def test_is_the_same_both_ways(self) -> None:
        near = near_shapes(SHAPES)
        assert near[0, 1] == near[1, 0] == 0.5
        assert near[0, 2] == 0.0

    def test_of_no_shapes_is_empty(self) -> None:
        assert near_shapes([]).shape == (0, 0)


class TestHasLooks:
    @pytest.mark.parametrize(
        ("width", "shape", "told"), [(138.0, -1, True), (float("nan"), 0, True), (float("nan"), -1, False)]
    )
    def test_a_millimetre_or_the_shape_will_do(self, width: float, shape: int, told: bool) -> None:  # noqa: FBT001
        assert has_looks(looks([width], [shape]), 0) is told
