"""What placements ask of a slate: filters, caps by what was seen, mixing, trying; stable for a shopper all day."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from apps.recommend import api
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.serving import Request, ShopperInput
from apps.recommend.features.state import CountKey
from apps.recommend.serving import pipeline, sites, tries
from apps.recommend.serving.state import Draft
from tests.apps.recommend.serving.lens_lane import (
    ANNA,
    NOW,
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    consent,
    ids,
    make_item,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
    put_items,
    put_placement,
    remember,
)

pytestmark = pytest.mark.usefixtures("model")
PURPOSE = "history_personalisation"
SEEN = [("frame-e", "impression", 0.0)] * 3 + [("frame-d", "impression", 0.0)] * 2


def shown(placement: str, *, at: datetime = NOW, **asked: Any) -> list[str]:
    """Return the items of an answer at a time."""
    return ids(api.recommend(site_id=SITE, request=Request(placement=placement, **asked), now=at))


def draft_of(placement: str, *, at: datetime = NOW, **asked: Any) -> Draft:
    """Return the draft of an answer."""
    draft = pipeline.begin(sites.get_ready(SITE), Request(placement=placement, **asked), at)
    pipeline.put_slate(draft)
    return draft


class TestFilters:
    def test_of_a_placement(self) -> None:
        put_placement("some", "popular", filter='item_id in ("frame-a", "frame-c")')

        assert ids(ask("some")) == ["frame-c", "frame-a"]

    def test_of_placement_and_request_both_hold(self) -> None:
        put_placement("some", "popular", filter='item_id in ("frame-a", "frame-c")')

        assert ids(ask("some", filter='item_id != "frame-c"')) == ["frame-a"]


class TestCaps:
    @pytest.fixture(autouse=True)
    def _few(self, model: None) -> None:
        put_placement("few", "popular", cap_impressions=3, cap_days=2)

    def test_what_was_seen_so_often_makes_room(self) -> None:
        consent("anna", PURPOSE)
        remember("anna", *SEEN)

        assert shown("few", shopper=ANNA)[:2] == ["frame-d", "frame-c"]

    def test_without_a_cap_it_stays(self) -> None:
        consent("anna", PURPOSE)
        remember("anna", *SEEN)

        assert shown("popular", shopper=ANNA)[0] == "frame-e"

    def test_without_consent_nothing_is_known(self) -> None:
        remember("anna", *SEEN)

        assert shown("few", shopper=ANNA)[0] == "frame-e"

    def test_what_was_touched_stays(self) -> None:
        consent("anna", PURPOSE)
        remember("anna", *SEEN, ("frame-e", "click", 0.0))

        assert shown("few", shopper=ANNA)[0] == "frame-e"

    @pytest.mark.parametrize(("days", "first"), [(1, "frame-d"), (2, "frame-e")])
    def test_comes_back_after_the_days(self, days: int, first: str) -> None:
        consent("anna", PURPOSE)
        remember("anna", *SEEN)

        assert shown("few", at=NOW + timedelta(days=days), shopper=ANNA)[0] == first

    def test_says_that_the_shopper_was_the_reason(self) -> None:
        consent("anna", PURPOSE)
        remember("anna", *SEEN)

        assert ask("few", shopper=ANNA).personalised is True


class TestMixing:
    def test_brands_have_so_many_places(self) -> None:
        put_items(*(make_item(name, brand="Vane", age=age) for age, name in enumerate(("frame-a", "frame-b"))))
        put_placement("mixed", "popular", max_per_brand=2)

        assert ids(ask("mixed")) == ["frame-e", "frame-d", "frame-b", "frame-a"]

    def test_what_is_alike_makes_room(self) -> None:
        put_items(make_item("frame-a", brand="Vane", age=0))
        put_placement("mixed", "popular", diversity=0.9)

        assert ids(ask("mixed"))[:2] == ["frame-e", "frame-a"]


class TestTrying:
    @pytest.fixture(autouse=True)
    def _trying(self, model: None) -> Iterator[None]:
        put_placement("tried", "popular", exploration=0.5)
        tries.forget_tries()
        yield
        tries.forget_tries()

    def test_a_shopper_has_the_same_list_all_day(self) -> None:
        lists = {tuple(shown("tried", at=NOW + timedelta(hours=hour), shopper=ANNA)) for hour in range(12)}

        assert len(lists) == 1

    def test_shoppers_and_days_have_other_lists(self) -> None:
        people = {tuple(shown("tried", shopper=ShopperInput(anonymous_id=f"p{n}"))) for n in range(20)}
        days = {tuple(shown("tried", at=NOW + timedelta(days=n), shopper=ANNA)) for n in range(20)}

        assert len(people) > 5
        assert len(days) > 5

    def test_propensities_go_with_the_slate(self) -> None:
        draft = draft_of("tried", shopper=ANNA)

        assert len(draft.propensities) == len(draft.items) == 4
        assert all(0.0 < one <= 1.0 for one in draft.propensities)

    def test_without_trying_there_are_none(self) -> None:
        assert draft_of("popular").propensities == ()

    def test_thompson_prefers_what_is_clicked(self) -> None:
        put_placement("tried", "popular", exploration=1.0, exploration_method="thompson", size=1)
        known = tries.Tries(
            {"frame-c": 90}, {f"frame-{name}": 1_000 for name in "abcde"} | {"sun-a": 1_000, "solution-a": 1_000}, 0.01
        )
        ready = sites.get_ready(SITE)
        draft = pipeline.begin(ready, Request(placement="tried", limit=1), NOW)
        draft.ready = replace(ready, tries=known)
        pipeline.put_slate(draft)

        assert [item.item_id for item in draft.items] == ["frame-c"]
        assert draft.propensities[0] > 0.99


class TestFindTries:
    def placement(self, **changes: Any) -> PlacementInfo:
        return PlacementInfo(placement="p", title="p", strategy="popular", size=1, **changes)

    def test_nothing_where_no_placement_asks(self) -> None:
        asked = [self.placement(), self.placement(exploration=0.5), self.placement(exploration_method="thompson")]

        assert tries.find_tries(site_id=SITE, placements=asked) is None

    def test_is_read_once_in_a_while(self) -> None:
        tries.forget_tries()
        asked = [self.placement(exploration=0.5, exploration_method="thompson")]

        one = tries.find_tries(site_id=SITE, placements=asked)

        assert one is not None
        assert tries.find_tries(site_id=SITE, placements=asked) is one


class TestReadTries:
    def test_adds_up_a_week_of_days(self) -> None:
        asked: list[CountKey] = []

        def read(keys: Sequence[CountKey]) -> list[dict[str, int]]:
            asked.extend(keys)
            return [{"a": 2, "b": 1} if name == "item.impression" else {"a": 1} for _, name, _ in keys]

        found = tries.read_tries(read, site_id="uk", now=86_400.0 * 100)

        assert (dict(found.shown), dict(found.clicks)) == ({"a": 14, "b": 7}, {"a": 7})
        assert {bucket for _, _, bucket in asked} == {f"d{day}" for day in range(94, 101)}
        assert found.usual == pytest.approx((7 + 0.02 * 50) / (21 + 50))

    def test_chances_of_items_nobody_saw_are_alike(self) -> None:
        found = tries.Tries({}, {}, 0.02).chances(["a", "b"])

        assert np.allclose(found, [0.5, 0.5])
