"""Slates: pins, limits that give way in their order, likeness, trying with exact propensities."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.recommend.ml.diversity import choose_by_dpp, choose_by_mmr
from apps.recommend.ml.slate import Chosen, choose
from apps.recommend.ml.slateparts import (
    LEAST_SHARE,
    MOST,
    MOST_SHARE,
    NO_LIMITS,
    SPACING,
    Likeness,
    Limits,
    Trying,
)

FALLING = np.linspace(1.0, 0.1, 10, dtype=np.float32)


def limits(*told: tuple[int, list[int], int | float]) -> Limits:
    """Return limits of kind, group of each candidate, and count or share."""
    kinds, groups, amounts = zip(*told, strict=True)
    return Limits(
        np.array(kinds, dtype=np.int8),
        np.array(groups, dtype=np.int32),
        np.array([int(amount) for amount in amounts], dtype=np.int32),
        np.array(amounts, dtype=np.float64),
    )


def likeness(groups: Any, share: float, *, dpp: bool = False) -> Likeness:
    codes = np.atleast_2d(np.array(groups, dtype=np.int32))
    return Likeness(codes, np.full(len(codes), 1.0 / len(codes)), share, dpp)


def trying(share: float, count: int, *draws: tuple[float, float], weights: Any = None) -> Trying:
    given = np.ones(count) if weights is None else np.array(weights, dtype=np.float64)
    return Trying(share, given, np.array(draws, dtype=np.float64))


def places(chosen: Chosen) -> list[int]:
    return [int(place) for place in chosen.places]


class TestPlain:
    def test_takes_the_best(self) -> None:
        chosen = choose(np.array([0.2, 0.9, 0.5], dtype=np.float32), 2)

        assert places(chosen) == [1, 2]
        assert chosen.propensities.tolist() == [1.0, 1.0]

    @pytest.mark.parametrize("told", [{}, {"pins": np.full(3, -1, dtype=np.int32)}])
    def test_ties_go_to_the_lower_place(self, told: dict[str, Any]) -> None:
        assert places(choose(np.array([0.5, 0.9, 0.5, 0.9], dtype=np.float32), 4, **told)) == [1, 3, 0, 2]

    @pytest.mark.parametrize("told", [{}, {"pins": np.full(3, -1, dtype=np.int32)}])
    def test_of_fewer_candidates_than_places(self, told: dict[str, Any]) -> None:
        assert places(choose(FALLING[:2], 5, **told)) == [0, 1]

    @pytest.mark.parametrize("told", [{}, {"pins": np.full(3, -1, dtype=np.int32)}])
    def test_of_no_candidates(self, told: dict[str, Any]) -> None:
        assert places(choose(FALLING[:0], 5, **told)) == []

    def test_scores_that_are_all_nothing(self) -> None:
        assert places(choose(np.zeros(3, dtype=np.float32), 2, limits=limits((MOST, [0, 0, 1], 1)))) == [0, 2]

    def test_reads_scores_that_may_not_be_written(self) -> None:
        scores = FALLING.astype(np.float64)[::2]
        scores.flags.writeable = False

        assert places(choose(scores, 2, pins=np.array([3], dtype=np.int32))) == [3, 0]


class TestPins:
    def test_have_their_places(self) -> None:
        assert places(choose(FALLING, 4, pins=np.array([-1, 7, -1, 2], dtype=np.int32))) == [0, 7, 1, 2]

    def test_beyond_the_end_has_the_last_free_place(self) -> None:
        pins = np.array([-1, -1, 1, -1, 0], dtype=np.int32)

        assert places(choose(FALLING[:3], 5, pins=pins)) == [2, 0, 1]

    def test_counts_in_limits_before_its_place_comes(self) -> None:
        chosen = choose(
            FALLING[:4], 3, pins=np.array([-1, -1, 3], dtype=np.int32), limits=limits((MOST, [0, 1, 1, 0], 1))
        )

        assert places(chosen) == [1, 0, 3]
        assert chosen.gave_way.tolist() == [True]

    def test_is_never_refused(self) -> None:
        pins = np.array([0, 1], dtype=np.int32)

        assert places(choose(FALLING[:4], 3, pins=pins, limits=limits((MOST, [0, 0, 0, 1], 1)))) == [0, 1, 3]


class TestLimits:
    def test_most_of_a_group(self) -> None:
        chosen = choose(FALLING[:6], 4, limits=limits((MOST, [0, 0, 0, 1, -1, -1], 2)))

        assert places(chosen) == [0, 1, 3, 4]
        assert chosen.gave_way.tolist() == [False]

    def test_spacing_counts_the_places_between(self) -> None:
        chosen = choose(FALLING[:6], 6, limits=limits((SPACING, [0, 0, 0, 1, 2, -1], 2)))

        assert places(chosen) == [0, 3, 4, 1, 5, 2]
        assert chosen.gave_way.tolist() == [True]

    def test_spacing_keeps_away_from_a_later_pin(self) -> None:
        pins = np.array([-1, 1], dtype=np.int32)

        assert places(choose(FALLING[:4], 4, pins=pins, limits=limits((SPACING, [0, 0, 1, 0], 1)))) == [2, 1, 0, 3]

    def test_a_least_share_is_spread(self) -> None:
        own = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0]

        assert places(choose(FALLING, 6, limits=limits((LEAST_SHARE, own, 1 / 3)))) == [0, 1, 6, 2, 3, 7]

    def test_a_least_share_is_rounded_up_in_the_whole(self) -> None:
        own = [-1, -1, -1, -1, 0, 0, 0, -1, -1, -1]

        assert places(choose(FALLING, 4, limits=limits((LEAST_SHARE, own, 0.3)))) == [0, 1, 4, 5]

    def test_a_least_share_counts_pins(self) -> None:
        own = [-1, -1, -1, -1, 0, 0, 0, -1, -1, -1]
        pins = np.array([-1, -1, 6], dtype=np.int32)

        assert places(choose(FALLING, 4, pins=pins, limits=limits((LEAST_SHARE, own, 0.25)))) == [0, 1, 6, 2]

    def test_a_least_share_of_what_is_not_there_gives_way(self) -> None:
        chosen = choose(FALLING[:4], 3, limits=limits((LEAST_SHARE, [1, 1, 1, 0], 0.9)))

        assert sorted(places(chosen)) == [0, 1, 3]
        assert chosen.gave_way.tolist() == [True]

    def test_a_most_share_is_rounded_down(self) -> None:
        own = [0, 0, 0, 0, -1, 1, -1, -1, -1, -1]

        assert places(choose(FALLING, 5, limits=limits((MOST_SHARE, own, 0.5)))) == [0, 1, 4, 5, 6]

    def test_shares_are_decimal_fractions(self) -> None:
        own = [0] * 10

        assert choose(FALLING, 10, limits=limits((MOST_SHARE, [*own[:3], *[1] * 7], 0.3))).gave_way.tolist() == [False]
        assert choose(FALLING, 10, limits=limits((LEAST_SHARE, [*own[:3], *[1] * 7], 0.3))).gave_way.tolist() == [False]

    def test_the_last_gives_way_first(self) -> None:
        first, second = (MOST, [0, 0, 1, 1], 1), (MOST, [0, 1, 0, 0], 1)

        one = choose(FALLING[:4], 3, limits=limits(first, second))
        other = choose(FALLING[:4], 3, limits=limits(second, first))

        assert (places(one)[:2], one.gave_way.tolist()) == ([0, 2], [True, True])
        assert (places(other)[:2], other.gave_way.tolist()) == ([0, 1], [True, True])

    def test_one_that_cannot_be_kept_costs_no_other(self) -> None:
        never, other = (MOST, [0, 0, 0, 0], 0), (MOST, [0, 0, 1, 2], 1)

        chosen = choose(FALLING[:4], 3, limits=limits(never, other))

        assert (places(chosen), chosen.gave_way.tolist()) == ([0, 2, 3], [True, False])

    def test_more_than_a_number_has_bits(self) -> None:
        told = [(MOST, [0, 0, 1, 2], 1)] * 80

        chosen = choose(FALLING[:4], 3, limits=limits(*told))

        assert (places(chosen), chosen.gave_way.tolist()) == ([0, 2, 3], [False] * 80)


class TestLikeness:
    @pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
    def test_is_maximal_marginal_relevance(self, share: float) -> None:
        rng = np.random.default_rng(3)
        scores, codes = rng.random(30).astype(np.float32), rng.integers(0, 5, 30)

        chosen = choose(scores, 10, likeness=likeness(codes, share))

        relevance = scores / scores.max()
        assert places(chosen) == choose_by_mmr(relevance, np.eye(5)[codes], 10, trade_off=1.0 - share).tolist()

    @pytest.mark.parametrize("share", [0.3, 0.6])
    def test_is_the_greedy_determinantal_point_process(self, share: float) -> None:
        rng = np.random.default_rng(4)
        scores = rng.random(30).astype(np.float32)
        codes = rng.integers(0, 6, (2, 30))
        vectors = np.concatenate([np.eye(6)[codes[0]], np.eye(6)[codes[1]]], axis=1) / np.sqrt(2.0)

        chosen = choose(scores, 12, likeness=likeness(codes, share, dpp=True))

        relevance = scores.astype(np.float64) / scores.max()
        assert places(chosen) == choose_by_dpp(relevance, vectors, 12, trade_off=1.0 - share).tolist()

    @pytest.mark.parametrize("dpp", [False, True])
    def test_wholly_chooses_what_is_not_alike(self, dpp: bool) -> None:  # noqa: FBT001  # a case
        chosen = choose(FALLING[:6], 3, likeness=likeness([0, 0, 0, 0, 1, 2], 1.0, dpp=dpp))

        assert places(chosen) == [0, 4, 5]

    @pytest.mark.parametrize("dpp", [False, True])
    def test_without_a_group_is_like_nothing(self, dpp: bool) -> None:  # noqa: FBT001  # a case
        chosen = choose(FALLING[:4], 3, likeness=likeness([0, -1, -1, 0], 0.9, dpp=dpp))

        assert places(chosen) == [0, 1, 2]

    @pytest.mark.parametrize("dpp", [False, True])
    def test_a_pin_says_what_it_says_from_the_first_place(self, dpp: bool) -> None:  # noqa: FBT001  # a case
        pins = np.array([-1, -1, 5], dtype=np.int32)

        chosen = choose(FALLING[:6], 3, pins=pins, likeness=likeness([2, 0, 0, 1, 1, 2], 0.9, dpp=dpp))

        assert places(chosen) == [1, 3, 5]


class TestTrying:
    def test_the_best_where_the_draw_is_not_below_the_share(self) -> None:
        chosen = choose(FALLING[:4], 2, trying=trying(0.2, 4, (0.2, 0.9), (0.1, 0.0)))

        assert places(chosen) == [0, 1]
        assert chosen.propensities == pytest.approx([0.8 + 0.2 / 4, 0.8 + 0.2 / 3])

    def test_one_by_weight_where_it_is_below(self) -> None:
        chosen = choose(FALLING[:4], 2, trying=trying(0.5, 4, (0.4, 0.75), (0.6, 0.0), weights=[1, 2, 3, 4]))

        assert places(chosen) == [3, 0]
        assert chosen.propensities == pytest.approx([0.5 * 0.4, 0.5 + 0.5 / 6])

    def test_only_among_those_that_keep_the_limits(self) -> None:
        draws = trying(1.0, 4, (0.0, 0.99), (0.0, 0.99))

        chosen = choose(FALLING[:4], 2, trying=draws, limits=limits((MOST, [0, 1, 0, 0], 1)))

        assert places(chosen) == [3, 1]
        assert chosen.propensities.tolist() == [0.25, 1.0]

    def test_pins_are_certain(self) -> None:
        pins = np.array([2], dtype=np.int32)

        chosen = choose(FALLING[:4], 2, pins=pins, trying=trying(1.0, 4, (0.0, 0.0), (0.0, 0.5)))

        assert chosen.propensities == pytest.approx([1.0, 1 / 3])

    def test_what_has_no_weight_is_not_tried(self) -> None:
        chosen = choose(FALLING[:3], 2, trying=trying(1.0, 3, (0.0, 0.999), (0.0, 0.5), weights=[0.0, 1.0, 0.0]))

        assert places(chosen) == [1, 0]
        assert chosen.propensities.tolist() == [1.0, 1.0]

    def test_propensities_are_how_often_it_comes(self) -> None:
        rng = np.random.default_rng(5)
        told = limits((MOST, [0, 0, 1, 1, 2], 1))
        weights = np.array([1.0, 2.0, 1.0, 4.0, 2.0])
        runs = 20_000
        seen: dict[tuple[int, ...], int] = {}
        stated: dict[tuple[int, ...], float] = {}
        for _ in range(runs):
            one = choose(FALLING[:5], 2, limits=told, trying=Trying(0.4, weights, rng.random((2, 2))))
            key = tuple(places(one))
            seen[key] = seen.get(key, 0) + 1
            stated[key] = float(one.propensities.prod())

        assert sum(stated.values()) == pytest.approx(1.0)
        assert {key: seen[key] / runs for key in seen} == pytest.approx(stated, abs=0.012)


class TestAgainstAllSlates:
    """What the definition says, by trying every candidate at every place in plain Python."""

    @given(st.data())
    @settings(max_examples=150, deadline=None)
    def test_each_place_has_the_best_of_those_that_break_the_least(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(1, 7))
        size = data.draw(st.integers(1, 7))
        scores = np.array(data.draw(st.permutations(range(1, count + 1))), dtype=np.float32)
        told = data.draw(st.lists(_limits(count), max_size=3))
        pinned = data.draw(st.permutations([*range(count), *[-1] * size]))[: min(size, count)]
        rules = limits(*told) if told else NO_LIMITS

        chosen = choose(scores, size, pins=np.array(pinned, dtype=np.int32), limits=rules)

        assert places(chosen) == _plainly(scores.tolist(), list(pinned), told)

    @given(st.integers(0, 2**32 - 1))
    @settings(max_examples=60, deadline=None)
    def test_every_slate_is_whole_and_repeats(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        count, size = int(rng.integers(1, 40)), int(rng.integers(1, 20))
        told: dict[str, Any] = {
            "limits": limits(
                *((int(rng.integers(4)), rng.integers(-1, 4, count).tolist(), rng.random() * 3) for _ in "ab")
            ),
            "likeness": likeness(rng.integers(-1, 5, (3, count)), float(rng.random()), dpp=bool(rng.integers(2))),
            "trying": Trying(float(rng.random()), rng.random(count), rng.random((size, 2))),
        }
        scores = rng.random(count).astype(np.float32)

        one, other = choose(scores, size, **told), choose(scores, size, **told)

        assert len(set(places(one))) == len(one.places) == min(size, count)
        assert ((one.propensities > 0.0) & (one.propensities <= 1.0)).all()
        assert (places(one), one.propensities.tolist()) == (places(other), other.propensities.tolist())


def _limits(count: int) -> st.SearchStrategy[tuple[int, list[int], int | float]]:
    groups = st.lists(st.integers(-1, 2), min_size=count, max_size=count)
    counted = st.tuples(st.sampled_from([MOST, SPACING]), groups, st.integers(0, 3))
    shares = st.sampled_from([0.0, 0.25, 0.3, 0.5, 0.67, 1.0])
    return st.one_of(counted, st.tuples(st.sampled_from([LEAST_SHARE, MOST_SHARE]), groups, shares))


def _plainly(scores: list[float], pinned: list[int], told: list[tuple[int, list[int], int | float]]) -> list[int]:
    slate = list(pinned)
    for place, held in enumerate(slate):
        if held >= 0:
            continue
        free = [one for one in range(len(scores)) if one not in slate]
        slate[place] = min(free, key=lambda one: (_broken(slate, place, one, told), -scores[one], one))
    return slate


def _broken(slate: list[int], place: int, one: int, told: list[tuple[int, list[int], int | float]]) -> list[bool]:
    return [_breaks(slate, place, one, limit) for limit in told]


def _breaks(slate: list[int], place: int, one: int, limit: tuple[int, list[int], int | float]) -> bool:
    kind, groups, amount = limit
    group = groups[one]
    held = [groups[other] if other >= 0 else -1 for other in slate]
    if kind == LEAST_SHARE:
        return group != 0 and _falls_short(held, slate, place, amount)
    if group < 0:
        return False
    if kind == MOST:
        return held.count(group) >= amount
    if kind == SPACING:
        near = range(max(0, place - int(amount)), min(len(slate), place + int(amount) + 1))
        return any(held[other] == group for other in near)
    return group == 0 and held.count(0) + 1 > amount * len(slate) + 1e-9


def _falls_short(held: list[int], slate: list[int], place: int, share: float) -> bool:
    """Return whether the share cannot be kept, here or at the end, if another group has this place."""
    later = sum(other < 0 for other in slate[place + 1 :])
    here = held[:place].count(0) >= math.floor(share * (place + 1) + 1e-9)
    return not (here and held.count(0) + later >= math.ceil(share * len(slate) - 1e-9))
