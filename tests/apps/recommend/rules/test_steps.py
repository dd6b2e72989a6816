"""Drafting, publishing, archiving: what is in force, what is noted, and who is told that somebody was faster."""

from typing import Any

import pytest

from apps.recommend import api
from apps.recommend.rules.stored import get_rules_stamp, read_published
from specrec.kernel.errors import Conflict, Invalid, NotFound
from tests.apps.recommend.rules.books import make_rule, publish, save
from tests.apps.recommend.serving.lens_lane import NOW, SITE, open_shop

ON: dict[str, Any] = {"site_id": SITE, "by": "ann", "now": NOW}


@pytest.fixture(autouse=True)
def _shop(db: None) -> None:
    open_shop()


def _revisions(rule: str = "no-a") -> list[tuple[int, str, str]]:
    return [(one.number, one.action, one.by) for one in api.list_rule_revisions(site_id=SITE, rule=rule)]


class TestSaveRule:
    def test_a_new_rule_is_a_draft_and_nothing_is_in_force(self) -> None:
        info = save(make_rule())
        assert (info.state, info.number, info.draft, info.in_force) == ("draft", 1, None, False)
        assert read_published(site_id=SITE) == []
        assert get_rules_stamp(site_id=SITE) == 0

    def test_a_published_rule_stays_in_force_beside_its_draft(self) -> None:
        info = publish(make_rule())
        changed = save(make_rule(priority=7), info.number)
        assert (changed.state, changed.written.priority) == ("published", 100)
        assert changed.draft == make_rule(priority=7)
        assert read_published(site_id=SITE) == [make_rule()]
        assert get_rules_stamp(site_id=SITE) == 1

    def test_a_draft_that_says_what_is_in_force_is_none(self) -> None:
        info = publish(make_rule())
        changed = save(make_rule(priority=7), info.number)
        assert save(make_rule(), changed.number).draft is None

    def test_an_archived_rule_becomes_a_draft_again(self) -> None:
        info = publish(make_rule())
        archived = api.archive_rule(rule="no-a", number=info.number, **ON)
        assert save(make_rule(), archived.number).state == "draft"

    def test_somebody_who_read_an_older_revision_is_told(self) -> None:
        save(make_rule())
        save(make_rule(priority=7), 1)
        with pytest.raises(Conflict) as refused:
            save(make_rule(priority=8), 1)
        assert (refused.value.code, refused.value.field, refused.value.extra) == ("rule_moved", "number", {"number": 2})

    def test_a_key_that_is_taken(self) -> None:
        save(make_rule())
        with pytest.raises(Conflict) as refused:
            save(make_rule())
        assert refused.value.code == "rule_exists"

    def test_a_rule_that_is_not_there_cannot_be_changed(self) -> None:
        with pytest.raises(NotFound) as refused:
            save(make_rule(), 3)
        assert refused.value.code == "rule_not_found"

    def test_a_site_that_is_not_there(self) -> None:
        with pytest.raises(NotFound):
            api.save_rule(site_id="nowhere", rule=make_rule(), number=None, by="ann", now=NOW)

    def test_what_was_refused_leaves_nothing(self) -> None:
        with pytest.raises(Invalid):
            save(make_rule(target={}))
        assert api.list_rules(site_id=SITE, now=NOW) == []
        assert _revisions() == []


class TestPublishRule:
    def test_it_is_in_force_and_the_stamp_moves(self) -> None:
        info = publish(make_rule())
        assert (info.state, info.number, info.in_force, info.published_at) == ("published", 2, True, NOW)
        assert get_rules_stamp(site_id=SITE) == 1

    def test_its_draft_replaces_what_was_in_force(self) -> None:
        info = publish(make_rule())
        changed = save(make_rule(priority=7), info.number)
        api.publish_rule(rule="no-a", number=changed.number, **ON)
        assert read_published(site_id=SITE) == [make_rule(priority=7)]
        assert get_rules_stamp(site_id=SITE) == 2

    def test_what_is_published_and_has_no_draft(self) -> None:
        info = publish(make_rule())
        with pytest.raises(Conflict) as refused:
            api.publish_rule(rule="no-a", number=info.number, **ON)
        assert refused.value.code == "nothing_to_publish"

    def test_an_older_revision(self) -> None:
        save(make_rule())
        with pytest.raises(Conflict) as refused:
            api.publish_rule(rule="no-a", number=0, **ON)
        assert refused.value.code == "rule_moved"

    def test_another_site_has_no_such_rule(self) -> None:
        save(make_rule())
        with pytest.raises(NotFound):
            api.publish_rule(site_id="brillenhaus", rule="no-a", number=1, by="ann", now=NOW)


class TestArchiveRule:
    def test_it_is_out_of_force_and_kept(self) -> None:
        info = publish(make_rule())
        archived = api.archive_rule(rule="no-a", number=info.number, **ON)
        assert (archived.state, archived.in_force) == ("archived", False)
        assert read_published(site_id=SITE) == []
        assert get_rules_stamp(site_id=SITE) == 2

    def test_a_draft_that_never_was_in_force_leaves_the_stamp(self) -> None:
        info = save(make_rule())
        api.archive_rule(rule="no-a", number=info.number, **ON)
        assert get_rules_stamp(site_id=SITE) == 0

    def test_twice(self) -> None:
        info = save(make_rule())
        archived = api.archive_rule(rule="no-a", number=info.number, **ON)
        with pytest.raises(Conflict) as refused:
            api.archive_rule(rule="no-a", number=archived.number, **ON)
        assert refused.value.code == "already_archived"

    def test_it_can_be_published_again(self) -> None:
        info = publish(make_rule())
        archived = api.archive_rule(rule="no-a", number=info.number, **ON)
        assert api.publish_rule(rule="no-a", number=archived.number, **ON).state == "published"
        assert get_rules_stamp(site_id=SITE) == 3


class TestDiscardRuleDraft:
    def test_what_is_in_force_stays(self) -> None:
        info = publish(make_rule())
        changed = save(make_rule(priority=7), info.number)
        found = api.discard_rule_draft(rule="no-a", number=changed.number, **ON)
        assert (found.draft, found.state) == (None, "published")
        assert get_rules_stamp(site_id=SITE) == 1

    def test_without_a_draft(self) -> None:
        info = publish(make_rule())
        with pytest.raises(Conflict) as refused:
            api.discard_rule_draft(rule="no-a", number=info.number, **ON)
        assert refused.value.code == "no_draft"


class TestListRuleRevisions:
    def test_every_step_is_noted_with_who_did_it(self) -> None:
        info = publish(make_rule())
        changed = save(make_rule(priority=7), info.number)
        api.archive_rule(rule="no-a", number=changed.number, **ON)
        steps = [(4, "archive", "ann"), (3, "draft", "ann"), (2, "publish", "ann"), (1, "create", "ann")]
        assert sorted(_revisions(), reverse=True) == steps

    def test_before_and_after(self) -> None:
        publish(make_rule())
        by_number = {one.number: one for one in api.list_rule_revisions(site_id=SITE, rule="no-a")}
        assert by_number[1].before is None
        before, after = by_number[2].before, by_number[2].after
        assert before is not None
        assert after is not None
        assert (before["state"], after["state"]) == ("draft", "published")
        assert before["written"] == after["written"]


class TestListRules:
    def test_by_priority_then_age(self) -> None:
        for rule, priority in (("late", 200), ("old", 100), ("young", 100), ("first", 1)):
            save(make_rule(rule, priority=priority))
        assert [info.written.rule for info in api.list_rules(site_id=SITE, now=NOW)] == [
            "first",
            "old",
            "young",
            "late",
        ]

    def test_of_one_state(self) -> None:
        publish(make_rule("live"))
        save(make_rule("drafted"))
        assert [info.written.rule for info in api.list_rules(site_id=SITE, now=NOW, state="published")] == ["live"]

    def test_when_it_changes_next(self) -> None:
        publish(make_rule(schedule={"starts_at": "2026-03-02T00:00:00Z"}))
        (info,) = api.list_rules(site_id=SITE, now=NOW)
        assert not info.in_force
        assert info.next_change is not None
        assert info.next_change.isoformat() == "2026-03-02T00:00:00+00:00"


WARNED: list[tuple[dict[str, Any], str]] = [
    ({"target": {"item_ids": ["frame-z"]}}, "This site has no item frame-z."),
    ({"target": {"filter": 'brand = "Nobody"'}}, "No item is let through by its filter."),
    ({"scope": {"placements": ["nowhere"]}}, "This site has no placement nowhere."),
    ({"scope": {"category_ids": ["nothing"]}}, "This site has no category nothing."),
    ({"scope": {"store_ids": ["soho"]}}, "This site has no open store soho."),
    ({"schedule": {"ends_at": "2026-02-01T00:00:00Z"}}, "Its schedule is over."),
    ({"kind": "spacing", "effect": {"group_by": "bridge", "distance": 1}}, "No item has 'bridge', by which it groups."),
    ({"kind": "pin", "effect": {"position": 9}}, "It pins to place 9, and the longest of its lists has 4."),
    (
        {"kind": "margin_guard", "effect": {"least_margin": 0.2}},
        "7 of 7 variants have no cost: it hides them.",
    ),
]


class TestShowRule:
    @pytest.mark.parametrize(("changes", "warning"), WARNED, ids=[text for _, text in WARNED])
    def test_what_makes_it_do_nothing_is_said(self, changes: dict[str, Any], warning: str) -> None:
        save(make_rule(**changes))
        assert api.show_rule(site_id=SITE, rule="no-a", now=NOW).warnings == (warning,)

    def test_a_rule_that_does_what_it_says_has_no_warnings(self) -> None:
        save(make_rule())
        assert api.show_rule(site_id=SITE, rule="no-a", now=NOW).warnings == ()

    def test_unknown(self) -> None:
        with pytest.raises(NotFound) as refused:
            api.show_rule(site_id=SITE, rule="no-z", now=NOW)
        assert refused.value.code == "rule_not_found"


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "pin"}, "effect.position", "field_missing"),
    ({"kind": "pin", "target": {"filter": "price > 1"}, "effect": {"position": 1}}, "target.item_ids", "bad_rule"),
    ({"kind": "boost"}, "effect.factor", "field_missing"),
    ({"kind": "boost", "effect": {"factor": 0.5}}, "effect.factor", "bad_rule"),
    ({"kind": "bury", "effect": {"factor": 2.0}}, "effect.factor", "bad_rule"),
    ({"kind": "boost", "effect": {"factor": 2.0, "count": 3}}, "effect.count", "bad_rule"),
    ({"target": {}}, "target", "field_missing"),
    ({"kind": "share"}, "effect.share", "field_missing"),
    ({"kind": "spacing", "effect": {"group_by": "brand"}}, "effect.distance", "field_missing"),
    ({"kind": "max_per_group", "effect": {"group_by": "brand"}}, "effect.count", "field_missing"),
    ({"kind": "max_per_group", "target": {}, "effect": {"count": 2}}, "target", "field_missing"),
    ({"kind": "price_guard"}, "effect.least", "field_missing"),
    ({"kind": "price_guard", "effect": {"least": 2, "most": 1}}, "effect.most", "bad_rule"),
    ({"kind": "margin_guard"}, "effect.least_margin", "field_missing"),
    ({"target": {"filter": "price >"}}, "target.filter", "filter_syntax"),
    ({"schedule": {"time_zone": "Moon/Sea"}}, "schedule.time_zone", "bad_time_zone"),
    (
        {"schedule": {"starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-02T00:00:00Z"}},
        "schedule.ends_at",
        "bad_rule",
    ),
    ({"rule": "dry-run"}, "rule", "bad_rule"),
]


class TestCheckRule:
    @pytest.mark.parametrize(("changes", "field", "code"), REFUSED, ids=[f"{row[1]} {row[0]}" for row in REFUSED])
    def test_what_cannot_be_done_is_refused_at_its_field(self, changes: dict[str, Any], field: str, code: str) -> None:
        with pytest.raises(Invalid) as refused:
            save(make_rule(**changes))
        assert (refused.value.field, refused.value.code) == (field, code)
