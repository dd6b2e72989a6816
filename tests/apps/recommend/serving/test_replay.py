"""A recorded question asked again: identical while nothing changed, and otherwise with what changed as its cause."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from apps.catalog import api as catalog
from apps.catalog.contracts import StockUpdate, StoreInput
from apps.recommend import api
from apps.recommend.contracts.experiments import ExperimentInput, Variant
from apps.recommend.contracts.serving import PageRequest, ShopperInput, Slot
from apps.recommend.contracts.traces import Against, Replay, TraceQuery
from apps.recommend.models import EventWeights, Experiment, Placement
from apps.recommend.registry.artifacts import UnreadArtifact
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.serving import putback, reading, retrieve, versions
from apps.recommend.serving.tries import Tries
from specrec.kernel.errors import Invalid, NotFound
from tests.apps.recommend.rules.books import make_rule, publish
from tests.apps.recommend.serving.lens_lane import (
    ANNA,
    NOW,
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    consent,
    ids,
    known_model,
    make_item,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
    put_items,
    put_placement,
    put_store,
    remember,
)

HISTORY = "history_personalisation"
pytestmark = pytest.mark.usefixtures("model")


def traced(placement: str, **asked: Any) -> UUID:
    return ask(placement, trace=True, **asked).recommendation_id


def again(trace_id: UUID, against: Against = "now") -> Replay:
    return api.replay_trace(site_id=SITE, trace_id=trace_id, against=against)


def causes(found: Replay) -> list[tuple[str, str]]:
    """Return what was decisive."""
    return [(cause.what, cause.name) for cause in found.causes if cause.decisive]


def without_effect(found: Replay) -> list[tuple[str, str]]:
    return [(cause.what, cause.name) for cause in found.causes if not cause.decisive]


def differences(found: Replay) -> list[tuple[str, str]]:
    return [(one.what, one.name) for one in found.differences]


def sell_out(item_id: str) -> None:
    catalog.update_stock(site_id=SITE, updates=[StockUpdate(sku=f"{item_id}-52", on_hand=0)], now=NOW)


def another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer with a model to which the last frames are the least popular."""
    known = known_model()
    tables = known.engine.tables._replace(popularity=known.engine.tables.popularity[::-1].copy())
    other = replace(known, stamp="other", engine=known.engine._replace(tables=tables))
    monkeypatch.setattr(reading, "get_loaded", lambda _site_id: other)


def keep_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the known model be one that is still kept."""

    def read(*, site_id: str, stamp: str) -> LoadedModel:
        assert (site_id, stamp) == (SITE, "known")
        return known_model()

    monkeypatch.setattr(putback, "read_version", read)


class TestUnchanged:
    @pytest.mark.parametrize("against", ["now", "then"])
    @pytest.mark.parametrize(
        "asked",
        [
            {"placement": "popular"},
            {"placement": "for-you", "history": ["frame-a"]},
            {"placement": "for-you", "history": ["frame-d", "solution-a"], "limit": 3},
            {"placement": "similar", "item_ids": ["frame-a"]},
            {"placement": "recently-viewed", "history": ["frame-c", "frame-b"], "exclude_item_ids": ["frame-c"]},
            {"placement": "popular", "filter": 'item_type = "frame"', "include_item_ids": ["frame-a", "frame-d"]},
            {"placement": "new-in", "locale": "de-DE", "channel": "store", "audiences": ["vip"]},
            {"placement": "tried"},
            {"placement": "tried", "shopper": ShopperInput(anonymous_id="nobody-known")},
            {"placement": "for-you", "shopper": ANNA},
            {"placement": "popular", "shopper": ANNA},
        ],
    )
    def test_it_is_identical(self, asked: dict[str, Any], against: Against) -> None:
        put_placement("tried", "popular", exploration=0.7, diversity=0.4, max_per_brand=2)
        publish(make_rule("up", "boost", effect={"factor": 3.0}))
        consent("anna", HISTORY)
        remember("anna", ("frame-a", "view", 1), ("frame-c", "purchase", 2), ("frame-d", "dismiss", 1))
        found = again(traced(**asked), against)
        assert (found.identical, found.differences, found.causes) == (True, (), ())
        assert found.before == found.after != ()

    def test_what_the_shopper_did_since_changes_nothing(self) -> None:
        consent("anna", HISTORY)
        remember("anna", ("frame-a", "view", 1))
        trace_id = traced("for-you", shopper=ANNA)
        remember("anna", ("frame-a", "view", 1), ("frame-b", "purchase", 0.5), ("frame-e", "view", 0.1))
        assert again(trace_id).identical

    def test_consent_that_was_withdrawn_changes_nothing_of_what_was(self) -> None:
        consent("anna", HISTORY)
        remember("anna", ("frame-a", "view", 1))
        trace_id = traced("for-you", shopper=ANNA)
        consent("anna", at=NOW + timedelta(hours=1))
        assert again(trace_id).identical

    def test_weights_of_then_are_those_of_the_history_then(self) -> None:
        EventWeights.objects.create(site_id=SITE, view=1.0, purchase=9.0)
        consent("anna", HISTORY)
        remember("anna", ("frame-a", "view", 2), ("solution-a", "purchase", 1))
        trace_id = traced("for-you", shopper=ANNA)
        EventWeights.objects.update(purchase=0.0)
        assert again(trace_id).identical

    def test_the_slots_before_it_are_as_they_were(self) -> None:
        slots = [Slot(placement="popular", slot=name, limit=2) for name in ("one", "two")]
        page = api.recommend_page(site_id=SITE, request=PageRequest(slots=slots, trace=True), now=NOW)
        second = page.slots[1].answer
        assert second is not None
        found = again(second.recommendation_id)
        assert (found.identical, list(found.after)) == (True, ids(second))

    def test_places_that_were_drawn_by_chances_are_drawn_alike(self, monkeypatch: pytest.MonkeyPatch) -> None:
        put_placement("thompson", "popular", exploration=0.9, exploration_method="thompson")
        monkeypatch.setattr(reading, "find_tries", lambda **_: Tries({"frame-a": 40}, {"frame-a": 50}, 0.02))
        trace_id = traced("thompson", shopper=ShopperInput(anonymous_id="nobody-known"))
        monkeypatch.setattr(reading, "find_tries", lambda **_: Tries({"frame-b": 90}, {"frame-b": 90}, 0.02))
        assert again(trace_id).identical

    def test_nothing_is_kept_of_a_replay(self) -> None:
        trace_id = traced("popular")
        again(trace_id)
        assert [one.trace_id for one in api.list_traces(site_id=SITE, query=TraceQuery()).items] == [trace_id]


class TestCatalogue:
    def test_what_sold_out_is_named(self) -> None:
        trace_id = traced("popular")
        sell_out("frame-d")
        found = again(trace_id)
        assert differences(found)[0] == ("removed", "frame-d")
        assert found.differences[0].why == ("available",)
        assert causes(found) == [("catalogue", "frame-d: available")]

    def test_what_is_back_in_stock_is_named_with_what_kept_it_out(self) -> None:
        put_items(make_item("frame-e", on_hand=0))
        trace_id = traced("popular", limit=3)
        put_items(make_item("frame-e"))
        found = again(trace_id)
        (added,) = [one for one in found.differences if one.what == "added"]
        assert (added.name, added.after, added.why) == ("frame-e", 1, ("available",))
        assert causes(found) == [("catalogue", "frame-e")]

    def test_a_new_item(self) -> None:
        trace_id = traced("new-in", limit=2)
        put_items(make_item("frame-new", age=-1))
        found = again(trace_id)
        assert differences(found) == [("removed", "frame-b"), ("added", "frame-new"), ("moved", "frame-a")]
        assert causes(found) == [("catalogue", "frame-new")]

    def test_a_change_of_a_field_is_named_with_its_values(self) -> None:
        put_placement("lumen", "popular", filter='brand = "Lumen"')
        trace_id = traced("lumen", limit=3)
        put_items(make_item("frame-d", brand="Norfolk"))
        (cause, *_) = again(trace_id).causes
        assert (cause.what, cause.name, cause.before, cause.after) == (
            "catalogue",
            "frame-d: brand",
            "Lumen",
            "Norfolk",
        )

    def test_a_deleted_item(self) -> None:
        trace_id = traced("popular", limit=2)
        catalog.delete_item(site_id=SITE, item_id="frame-e", now=NOW)
        found = again(trace_id)
        assert causes(found) == [("catalogue", "frame-e: available")]

    def test_putting_back_the_rest_does_not_bring_it_back(self) -> None:
        trace_id = traced("popular")
        sell_out("frame-d")
        found = again(trace_id, "then")
        assert (found.identical, causes(found)) == (False, [("catalogue", "frame-d: available")])


class TestRules:
    def test_a_rule_that_was_published_since_is_the_cause(self) -> None:
        trace_id = traced("popular")
        publish(make_rule("no-e", target={"item_ids": ["frame-e"]}))
        found = again(trace_id)
        assert causes(found) == [("rules", "no-e")]
        assert (found.causes[0].before, found.causes[0].after["kind"]) == (None, "exclude")
        assert found.differences[0].why == ("rule: no-e",)

    def test_of_two_rules_the_one_that_matters_is_told_first(self) -> None:
        trace_id = traced("popular")
        publish(make_rule("no-sun", target={"item_ids": ["sun-a"]}))
        publish(make_rule("no-e", target={"item_ids": ["frame-e"]}))
        found = again(trace_id)
        assert (causes(found), without_effect(found)) == ([("rules", "no-e")], [("rules", "no-sun")])

    def test_a_rule_that_was_archived_since(self) -> None:
        number = publish(make_rule("no-e", target={"item_ids": ["frame-e"]})).number
        trace_id = traced("popular")
        api.archive_rule(site_id=SITE, rule="no-e", number=number, by="ann", now=NOW)
        found = again(trace_id)
        assert causes(found) == [("rules", "no-e")]
        (added,) = [one for one in found.differences if one.what == "added"]
        assert (added.name, added.why) == ("frame-e", ("rule: no-e",))

    def test_two_that_only_matter_together(self) -> None:
        put_placement("two", "popular", fallback=(), size=1)
        trace_id = traced("two", include_item_ids=["frame-e", "frame-d"])
        for item_id in ("frame-e", "frame-d"):
            publish(make_rule(f"bury-{item_id}", "bury", target={"item_ids": ["frame-e"]}, effect={"factor": 0.1}))
        found = again(trace_id)
        assert sorted(causes(found)) == [("rules", "bury-frame-d"), ("rules", "bury-frame-e")]

    def test_against_then_they_are_as_they_were(self) -> None:
        number = publish(make_rule("no-e", target={"item_ids": ["frame-e"]})).number
        trace_id = traced("popular")
        api.archive_rule(site_id=SITE, rule="no-e", number=number, by="ann", now=NOW)
        publish(make_rule("no-d", target={"item_ids": ["frame-d"]}))
        assert again(trace_id, "then").identical

    def test_a_rule_holds_by_the_moment_of_the_answer(self) -> None:
        until = (NOW + timedelta(minutes=5)).isoformat()
        publish(make_rule("no-e", target={"item_ids": ["frame-e"]}, schedule={"ends_at": until}))
        found = again(traced("popular"))
        assert (found.identical, "frame-e" in found.after) == (True, False)


class TestPlacement:
    def test_the_field_is_the_cause(self) -> None:
        trace_id = traced("popular")
        put_placement("popular", "popular", size=2)
        (cause, *_) = again(trace_id).causes
        assert (cause.what, cause.name, cause.before, cause.after, cause.decisive) == (
            "placement",
            "size",
            4,
            2,
            True,
        )

    def test_a_title_is_no_cause(self) -> None:
        trace_id = traced("popular")
        put_placement("popular", "popular", title="Much loved", size=2, exclude_purchased_days=31)
        found = again(trace_id)
        assert (causes(found), without_effect(found)) == (
            [("placement", "size")],
            [("placement", "exclude_purchased_days")],
        )

    def test_against_then_it_is_as_it_was(self) -> None:
        trace_id = traced("popular")
        put_placement("popular", "new_in", size=2)
        assert again(trace_id, "then").identical

    def test_one_that_is_no_more_can_only_be_asked_as_it_was(self) -> None:
        trace_id = traced("popular")
        Placement.objects.filter(placement="popular").delete()
        assert again(trace_id, "then").identical
        with pytest.raises(NotFound) as caught:
            again(trace_id)
        assert caught.value.code == "unknown_placement"


class TestModel:
    def test_another_version_is_the_cause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        trace_id = traced("popular")
        another_model(monkeypatch)
        keep_versions(monkeypatch)
        found = again(trace_id)
        assert [(one.what, one.before, one.after) for one in found.causes] == [("model", "known", "other")]

    def test_against_then_it_answers_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        trace_id = traced("popular")
        another_model(monkeypatch)
        keep_versions(monkeypatch)
        found = again(trace_id, "then")
        assert (found.identical, found.versions["model"]) == (True, "known")

    def test_one_that_is_not_kept_is_said_to_be_gone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def read(**_: Any) -> LoadedModel:
            raise UnreadArtifact("Gone.", code="bad_artifact")

        trace_id = traced("popular")
        another_model(monkeypatch)
        monkeypatch.setattr(putback, "read_version", read)
        assert causes(again(trace_id)) == [("model", "is not kept any more")]

    def test_a_version_that_answers_alike_is_no_cause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        trace_id = traced("new-in")
        another_model(monkeypatch)
        keep_versions(monkeypatch)
        assert again(trace_id).identical


class TestExperiments:
    def _run(self, **changes: Any) -> None:
        sides = (Variant(variant="as-is", weight=0.0001), Variant(variant="short", weight=1_000.0, changes=changes))
        written = ExperimentInput(experiment="order", title="Order", placements=("popular",), variants=sides)
        api.ensure_experiment(site_id=SITE, written=written, now=NOW)
        api.start_experiment(site_id=SITE, experiment="order", now=NOW)

    def test_one_that_began_since_is_the_cause(self) -> None:
        consent("anna", HISTORY)
        trace_id = traced("popular", shopper=ANNA)
        self._run(size=2)
        found = again(trace_id)
        assert [(one.what, one.before, one.after) for one in found.causes] == [("experiments", [], ["order:short"])]

    def test_one_that_was_stopped_since_is_the_cause(self) -> None:
        consent("anna", HISTORY)
        self._run(size=2)
        trace_id = traced("popular", shopper=ANNA)
        Experiment.objects.update(state="stopped")
        assert causes(again(trace_id)) == [("experiments", "")]
        assert again(trace_id, "then").identical

    def test_while_it_runs_it_is_identical(self) -> None:
        consent("anna", HISTORY)
        self._run(size=2)
        assert again(traced("popular", shopper=ANNA)).identical


class TestProgram:
    def _answers_otherwise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(retrieve.SOURCES, "popular", retrieve.SOURCES["new_in"])

    def test_another_program_is_the_cause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        trace_id = traced("popular")
        self._answers_otherwise(monkeypatch)
        monkeypatch.setattr(versions, "digest_sources", lambda *_: "0.2.0+another")
        (cause,) = again(trace_id).causes
        assert (cause.what, cause.after, cause.decisive) == ("program", "0.2.0+another", True)

    def test_what_nothing_explains_is_said_to_be_unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        trace_id = traced("popular")
        self._answers_otherwise(monkeypatch)
        assert causes(again(trace_id)) == [("unknown", "nothing that is recorded is other")]


class TestBadInput:
    def test_an_unknown_trace(self) -> None:
        with pytest.raises(NotFound):
            again(uuid4())

    @pytest.mark.parametrize(
        ("asked", "code"), [({"item_ids": ["frame-a"]}, "unknown_item"), ({"store_id": "leeds"}, "unknown_store")]
    )
    def test_a_question_about_what_is_gone(self, asked: dict[str, Any], code: str) -> None:
        put_store("leeds")
        trace_id = traced("popular", **asked)
        catalog.delete_item(site_id=SITE, item_id="frame-a", now=NOW)
        catalog.upsert_stores(site_id=SITE, stores=[StoreInput(store_id="leeds", name="x", is_active=False)], now=NOW)
        with pytest.raises(Invalid) as caught:
            again(trace_id)
        assert caught.value.code == code
