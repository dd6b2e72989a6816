"""What lists would be, and that they are so once the drafts are published; what rules did is noted."""

import pytest

from apps.recommend import api
from apps.recommend.contracts.rules import DryRun, DryRunInput
from apps.recommend.rules import notices
from specrec.kernel.errors import Invalid, NotFound
from tests.apps.recommend.rules.books import make_rule, publish, save
from tests.apps.recommend.serving.lens_lane import (
    FRAMES,
    NOW,
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    ids,
    make_item,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
    put_items,
    put_store,
)

pytestmark = pytest.mark.usefixtures("model")
DRAFTS = (
    make_rule("no-d", target={"item_ids": ["frame-d"]}),
    make_rule("pin-sun", "pin", target={"item_ids": ["sun-a"]}, effect={"position": 2}),
    make_rule("up-a", "boost", effect={"factor": 5.0}, scope={"placements": ["popular"]}),
)


def _try(**asked: object) -> DryRun:
    return api.dry_run_rules(site_id=SITE, asked=DryRunInput(**asked), now=NOW)  # type: ignore[arg-type]  # as written


class TestDryRunRules:
    def test_live_lists_are_what_the_dry_run_said_once_published(self) -> None:
        for rule in DRAFTS:
            save(rule)
        found = _try(item_ids=("frame-a", "frame-b"))
        assert len(found.cases) == 18  # six placements, about nothing and about each of two
        before = [tuple(ids(ask(case.placement, item_ids=list(case.item_ids), profile="none"))) for case in found.cases]
        assert before == [case.before for case in found.cases]
        assert sum(case.changes for case in found.cases) >= 6
        for rule in DRAFTS:
            api.publish_rule(site_id=SITE, rule=rule.rule, number=1, by="ann", now=NOW)
        live = [tuple(ids(ask(case.placement, item_ids=list(case.item_ids), profile="none"))) for case in found.cases]
        assert live == [case.after for case in found.cases]

    def test_nothing_is_in_force_by_trying(self) -> None:
        save(DRAFTS[0])
        live = ids(ask("new-in"))
        _try()
        assert ids(ask("new-in")) == live
        assert "frame-d" in live

    def test_only_the_drafts_that_are_named_are_tried(self) -> None:
        save(DRAFTS[0])
        save(DRAFTS[1])
        found = _try(rules=("pin-sun",), placements=("new-in",), item_ids=("frame-e",))
        assert found.rules == ("pin-sun",)
        assert found.cases[0].before == ("frame-a", "frame-b", "frame-c", "frame-d")
        assert found.cases[0].after == ("frame-a", "sun-a", "frame-b", "frame-c")

    def test_being_without_a_rule_is_tried_too(self) -> None:
        publish(make_rule())
        found = _try(archived=("no-a",), placements=("new-in",), item_ids=("frame-e",))
        assert found.rules == ("no-a",)
        assert "frame-a" not in found.cases[0].before
        assert found.cases[0].after[0] == "frame-a"

    def test_a_draft_of_a_published_rule_replaces_it(self) -> None:
        info = publish(make_rule())
        save(make_rule(target={"item_ids": ["frame-b"]}), info.number)
        case = _try(placements=("new-in",)).cases[0]
        assert case.before == ("frame-b", "frame-c", "frame-d", "frame-e")
        assert case.after == ("frame-a", "frame-c", "frame-d", "frame-e")

    def test_another_time_is_tried(self) -> None:
        save(make_rule(schedule={"starts_at": "2026-03-08T00:00:00Z"}))
        assert not any(case.changes for case in _try(placements=("new-in",)).cases)
        later = NOW.replace(day=9)
        case = _try(placements=("new-in",), at=later).cases[0]
        assert case.after == ("frame-b", "frame-c", "frame-d", "frame-e")

    def test_what_would_be_left_empty_and_what_would_not_be_shown(self) -> None:
        save(make_rule("nothing", target={"filter": "price > 0"}))
        save(make_rule("pin", "pin", effect={"position": 1}))
        case = _try(placements=("new-in",)).cases[0]
        assert (case.after, case.emptied, case.unshown) == ((), ("nothing",), ("pin",))

    def test_in_a_store(self) -> None:
        put_store("soho")
        save(make_rule(scope={"store_ids": ["soho"]}))
        found = _try(placements=("new-in",), store_ids=("soho",), item_ids=("frame-e",))
        assert [case.store_id for case in found.cases] == [None, "soho", None, "soho"]

    def test_nothing_is_counted(self) -> None:
        save(make_rule("nothing", target={"filter": "price > 0"}))
        _try()
        notices.flush()
        assert api.list_rule_notices(site_id=SITE, now=NOW) == []

    @pytest.mark.parametrize(
        ("asked", "error", "field"),
        [
            ({"rules": ("no-z",)}, NotFound, "rules[0]"),
            ({"archived": ("no-z",)}, NotFound, "archived[0]"),
            ({"placements": ("nowhere",)}, NotFound, "placement"),
            ({"item_ids": ("frame-a", "frame-z")}, Invalid, "item_ids[1]"),
            ({"store_ids": ("soho",)}, Invalid, "store_ids[0]"),
            ({"placements": ("new-in",) * 100, "item_ids": tuple(FRAMES)}, Invalid, "placements"),
        ],
    )
    def test_what_cannot_be_tried(self, asked: dict[str, object], error: type[Invalid | NotFound], field: str) -> None:
        with pytest.raises(error) as refused:
            _try(**asked)
        assert refused.value.field == field


class TestListRuleNotices:
    def test_a_slate_that_a_rule_left_empty(self) -> None:
        publish(make_rule("nothing", target={"filter": "price > 0"}))
        assert ids(ask("new-in")) == []
        ask("new-in")
        notices.flush()
        (notice,) = api.list_rule_notices(site_id=SITE, now=NOW)
        assert (notice.rule, notice.placement, notice.day) == ("nothing", "new-in", NOW.date())
        assert (notice.emptied, notice.unshown) == (2, 0)

    def test_a_pin_that_could_not_be_shown(self) -> None:
        publish(make_rule("pin", "pin", effect={"position": 1}))
        publish(make_rule("no-a"))
        ask("new-in")
        notices.flush()
        assert [(one.rule, one.unshown) for one in api.list_rule_notices(site_id=SITE, now=NOW)] == [("pin", 1)]

    def test_days_add_up_over_flushes(self) -> None:
        publish(make_rule("pin", "pin", effect={"position": 1}))
        publish(make_rule("no-a"))
        for _ in range(3):
            ask("new-in")
            notices.flush()
        assert [one.unshown for one in api.list_rule_notices(site_id=SITE, now=NOW)] == [3]

    def test_where_rules_do_what_they_say_nothing_is_noted(self) -> None:
        publish(make_rule())
        ask("new-in")
        notices.flush()
        assert api.list_rule_notices(site_id=SITE, now=NOW) == []

    def test_another_site_is_told_nothing(self) -> None:
        publish(make_rule("nothing", target={"filter": "price > 0"}))
        ask("new-in")
        notices.flush()
        assert api.list_rule_notices(site_id="brillenhaus", now=NOW) == []


class TestLeastShares:
    def test_what_no_strategy_would_have_found_fills_the_share(self) -> None:
        put_items(*(make_item(f"new-{number:02}", age=-1 - number) for number in range(30)))
        assert "frame-e" not in ids(ask("new-in"))
        effect = {"share": 0.5}
        publish(make_rule("old", "share", target={"item_ids": ["frame-d", "frame-e"]}, effect=effect))
        slate = ids(ask("new-in"))
        assert {"frame-d", "frame-e"} <= set(slate)
        assert len(slate) == 4


class TestCountRuleNotices:
    def test_slates_of_today_by_site(self) -> None:
        publish(make_rule("nothing", target={"filter": "price > 0"}))
        ask("new-in")
        notices.flush()
        assert api.count_rule_notices(now=NOW) == [(SITE, 1, 0)]
