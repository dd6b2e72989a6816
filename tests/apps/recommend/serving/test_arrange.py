"""Rules and settings in the slate: what is fixed, what is limited, what is tried."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from apps.recommend.contracts.rules import Effect, RuleInput, Target
from apps.recommend.contracts.serving import Request
from apps.recommend.rules.compile import compile_rules
from apps.recommend.serving import pipeline, sites
from apps.recommend.serving.ready import Memories
from apps.recommend.serving.state import Draft
from tests.apps.recommend.serving.lens_lane import (
    NOW,
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    ids,
    make_item,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
    put_items,
    put_placement,
)

pytestmark = pytest.mark.usefixtures("model")


def slate(placement: str, *rules: RuleInput, at: datetime = NOW, **asked: object) -> Draft:
    """Return the draft of an answer under these rules alone."""
    ready = sites.get_ready(SITE)
    compiled = compile_rules(rules, columns=ready.shelf.columns, time_zone="Europe/London")
    state = replace(ready, rules=compiled, memories=Memories())
    draft = pipeline.begin(state, Request(placement=placement, **asked), at)  # type: ignore[arg-type]  # fields of a request
    pipeline.put_slate(draft)
    return draft


def shown(draft: Draft) -> list[str]:
    return [item.item_id for item in draft.items]


def rule(kind: str, *items: str, **effect: object) -> RuleInput:
    return RuleInput(rule=kind, title=kind, kind=kind, target=Target(item_ids=items), effect=Effect(**effect))  # type: ignore[arg-type]  # as the test says


class TestPins:
    def test_a_pin_gets_its_place_and_says_so(self) -> None:
        draft = slate("popular", rule("pin", "sun-a", position=2))
        assert shown(draft) == ["frame-e", "sun-a", "frame-d", "frame-c"]
        assert draft.items[1].reasons[0].code == "featured"

    def test_one_that_was_found_moves_and_keeps_its_reason(self) -> None:
        draft = slate("popular", rule("pin", "frame-b", position=1))
        assert shown(draft) == ["frame-b", "frame-e", "frame-d", "frame-c"]
        assert draft.items[0].reasons[0].code == "popular_here"

    def test_what_the_caller_excludes_is_not_pinned(self) -> None:
        draft = slate("popular", rule("pin", "sun-a", position=1), exclude_item_ids=["sun-a"])
        assert (shown(draft), draft.unshown) == (["frame-e", "frame-d", "frame-c", "frame-b"], ("pin",))


class TestFactors:
    def test_what_is_boosted_rises(self) -> None:
        assert shown(slate("popular", rule("boost", "frame-b", factor=10.0)))[0] == "frame-b"

    def test_what_is_buried_sinks_below_what_would_not_have_been_shown(self) -> None:
        assert shown(slate("popular", rule("bury", "frame-e", factor=0.1))) == [
            "frame-d",
            "frame-c",
            "frame-b",
            "frame-a",
        ]


class TestIncludes:
    def test_what_is_included_takes_the_last_places(self) -> None:
        draft = slate("popular", rule("include", "sun-a"))
        assert shown(draft) == ["frame-e", "frame-d", "frame-c", "sun-a"]


class TestLimits:
    def test_no_more_of_a_group_than_allowed(self) -> None:
        put_items(make_item("frame-f", brand="Other", age=20), make_item("frame-g", brand="Third", age=21))
        put_placement("capped", "new_in", max_per_brand=2, item_types=("frame",))
        assert ids(ask("capped")) == ["frame-a", "frame-b", "frame-f", "frame-g"]


class TestTrying:
    @pytest.fixture(autouse=True)
    def explore(self, model: None) -> None:
        put_placement("tried", "popular", exploration=1.0, size=3)

    def test_a_list_is_the_same_all_day(self) -> None:
        lists = {tuple(shown(slate("tried", at=NOW + timedelta(hours=hour)))) for hour in range(11)}
        assert len(lists) == 1

    def test_it_is_another_on_another_day(self) -> None:
        lists = {tuple(shown(slate("tried", at=NOW + timedelta(days=day)))) for day in range(8)}
        assert len(lists) > 1

    def test_propensities_are_those_of_drawing_from_what_is_left(self) -> None:
        draft = slate("tried")
        assert draft.propensities == pytest.approx((1 / 7, 1 / 6, 1 / 5))


class TestFilters:
    def test_a_request_narrows_what_may_be_shown(self) -> None:
        assert ids(ask("popular", filter='item_type = "sunglasses"')) == ["sun-a"]

    def test_only_what_the_caller_names(self) -> None:
        assert ids(ask("popular", include_item_ids=["frame-a", "frame-c", "nothing"])) == ["frame-c", "frame-a"]

    def test_a_placement_has_one_of_its_own(self) -> None:
        put_placement("sun", "popular", filter='item_type = "sunglasses"')
        assert ids(ask("sun")) == ["sun-a"]

    def test_answers_share_one_mask(self) -> None:
        ready = replace(sites.get_ready(SITE), memories=Memories())
        drafts = [pipeline.begin(ready, Request(placement=name), NOW) for name in ("popular", "new-in")]
        for draft in drafts:
            pipeline.put_slate(draft)
        assert drafts[0].mask.base is drafts[1].mask.base
        assert not drafts[0].mask.flags.writeable
        assert len(ready.memories.masks) == 1
