"""Traces: what they tell, what is kept of them and how, and that nothing of a shopper lies there in clear."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import LazySettings
from django.db import DatabaseError

from apps.recommend import api
from apps.recommend.contracts.serving import Answer
from apps.recommend.contracts.traces import TraceInfo, TraceQuery
from apps.recommend.models import Trace, TraceSampling
from apps.recommend.serving import recording, sampled
from specrec.kernel.errors import Invalid, NotFound, Unavailable
from tests.apps.recommend.serving.lens_lane import (
    ANNA,
    NOW,
    OTHER,
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

HISTORY = "history_personalisation"


@pytest.fixture(name="anna")
def _anna(model: None) -> None:
    consent("anna", HISTORY)
    remember("anna", ("frame-a", "view", 1), ("frame-c", "purchase", 2), ("frame-d", "dismiss", 1))


@pytest.fixture(name="drawn")
def _draw_all(model: None) -> Iterator[None]:
    TraceSampling.objects.create(site_id=SITE, share=1.0)
    yield
    sampled.record_waiting()


def show(answer: Answer) -> TraceInfo:
    return api.show_trace(site_id=SITE, trace_id=answer.recommendation_id)


def left_out(trace: TraceInfo) -> dict[str, list[str]]:
    return {one["item_id"]: one["why"] for one in trace.left_out}


@pytest.mark.usefixtures("model")
class TestTold:
    def test_without_being_asked_for_nothing_is_told_and_nothing_kept(self) -> None:
        assert ask("popular").trace is None
        assert Trace.objects.count() == 0

    def test_what_is_told_is_what_is_kept(self) -> None:
        answer = ask("for-you", history=["frame-a"], trace=True)
        kept = show(answer)
        assert answer.trace is not None
        assert (answer.trace["trace_id"], answer.trace["items"]) == (str(answer.recommendation_id), kept.items)

    def test_it_is_the_same_answer(self) -> None:
        assert ids(ask("for-you", history=["frame-a"], trace=True)) == ids(ask("for-you", history=["frame-a"]))

    def test_an_item_says_where_it_came_from(self) -> None:
        first, *_ = show(ask("for-you", history=["frame-a"], limit=2, trace=True)).items
        assert (first["item_id"], first["position"], first["reason"], first["because"]) == (
            "frame-b",
            1,
            "because_viewed",
            "frame-a",
        )
        assert [(source["strategy"], source["rank"]) for source in first["sources"]] == [("for_you", 1)]
        assert first["passed"] == ["available"]

    def test_gates_say_how_much_they_leave(self) -> None:
        put_placement("frames", "popular", item_types=("frame",))
        eligible = show(ask("frames", trace=True)).steps["eligible"]
        assert eligible["catalogue"] == 7
        assert eligible["gates"] == [{"gate": "available", "leaves": 7}, {"gate": "item_types", "leaves": 5}]

    def test_what_a_gate_took_is_named_with_the_gate(self) -> None:
        put_placement("sun", "popular", item_types=("sunglasses",))
        put_items(make_item("frame-e", on_hand=0))
        out = left_out(show(ask("sun", exclude_item_ids=["frame-b"], trace=True)))
        assert (out["frame-d"], out["frame-e"], out["frame-b"]) == (
            ["item_types"],
            ["available"],
            ["item_types", "excluded"],
        )

    def test_a_filter_is_named_by_its_text(self) -> None:
        answer = ask("popular", filter='brand = "Nobody"', trace=True)
        assert left_out(show(answer))["frame-e"] == ['filter: brand = "Nobody"']

    def test_what_only_lacked_room_says_so(self) -> None:
        assert left_out(show(ask("popular", limit=2, trace=True)))["frame-c"] == ["no room"]

    def test_strategies_that_filled_in_are_told_in_order(self) -> None:
        put_placement("pair", "also_viewed", fallback=("popular",))
        trace = show(ask("pair", item_ids=["frame-a"], trace=True))
        assert [one["strategy"] for one in trace.steps["retrieve"]["strategies"]] == ["also_viewed", "popular"]
        assert trace.fallback == "popular"

    def test_versions_and_timings(self) -> None:
        trace = show(ask("popular", trace=True))
        assert (trace.versions["model"], trace.versions["rules"], trace.versions["experiments"]) == ("known", "0", "")
        assert {"context", "eligible", "retrieve", "score"} <= set(trace.timings)

    def test_a_defect_in_telling_costs_no_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any) -> None:
            raise ValueError

        monkeypatch.setattr(recording, "describe_steps", fail)
        answer = ask("popular", trace=True)
        assert (len(answer.items), answer.trace) == (4, None)

    def test_what_cannot_be_kept_is_told_all_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(**_: Any) -> None:
            raise DatabaseError

        monkeypatch.setattr(Trace.objects, "create", fail)
        assert ask("popular", trace=True).trace is not None


@pytest.mark.usefixtures("anna")
class TestShopper:
    def test_what_was_known_and_used_is_told(self) -> None:
        trace = show(ask("for-you", shopper=ANNA, trace=True))
        assert trace.known["purposes"] == [HISTORY]
        assert list(trace.known["history"]) == ["frame-c", "frame-a"]
        assert trace.steps["eligible"]["taken_out"] == {"bought": ["frame-c"], "dismissed": ["frame-d"]}
        assert (trace.personalised, "shopper" in trace.asked) == (True, False)

    def test_what_she_refused_or_bought_is_left_out_because_of_that(self) -> None:
        out = left_out(show(ask("popular", shopper=ANNA, trace=True)))
        assert (out["frame-d"], out["frame-c"]) == (["dismissed"], ["bought"])

    def test_without_consent_nothing_is_known(self) -> None:
        consent("anna")
        trace = show(ask("for-you", shopper=ANNA, trace=True))
        assert (trace.known["shopper_id"], trace.known["history"], trace.known["purposes"]) == (None, (), [])

    def test_nothing_of_her_lies_there_in_clear(self) -> None:
        answer = ask("for-you", shopper=ANNA, history=["sun-a"], search="red panto", audiences=["vip"], trace=True)
        row = Trace.objects.get(trace_id=answer.recommendation_id)
        clear = str(row.content)
        assert row.known is not None
        for word in ("anna", "frame-", "sun-a", "panto", "vip"):
            assert word not in clear
            assert word.encode() not in bytes(row.known)

    def test_without_its_key_it_cannot_be_read(self, settings: LazySettings) -> None:
        answer = ask("for-you", shopper=ANNA, trace=True)
        settings.DATA_KEYS = ["another key that was never used"]
        with pytest.raises(Unavailable) as caught:
            show(answer)
        assert caught.value.code == "key_unknown"

    def test_one_trace_is_not_read_as_another(self) -> None:
        one, other = (ask("for-you", shopper=ANNA, trace=True).recommendation_id for _ in range(2))
        Trace.objects.filter(trace_id=one).update(known=Trace.objects.get(trace_id=other).known)
        with pytest.raises(Unavailable) as caught:
            api.show_trace(site_id=SITE, trace_id=one)
        assert caught.value.code == "not_authentic"


@pytest.mark.usefixtures("drawn")
class TestDrawn:
    def test_it_is_kept_and_not_told(self) -> None:
        answer = ask("popular")
        assert answer.trace is None
        assert sampled.record_waiting() == 1
        assert [one["item_id"] for one in show(answer).items] == ids(answer)

    def test_without_a_share_nothing_is_drawn(self) -> None:
        TraceSampling.objects.update(share=0.0)
        ask("popular")
        assert sampled.record_waiting() == 0

    def test_what_is_told_is_not_kept_twice(self) -> None:
        ask("popular", trace=True)
        assert (sampled.record_waiting(), Trace.objects.count()) == (0, 1)

    def test_beyond_the_room_drafts_are_dropped_and_counted(self) -> None:
        before = sampled.count_dropped()
        for _ in range(sampled.QUEUE_SIZE + 2):
            ask("popular")
        assert sampled.count_dropped() - before == 2
        assert sampled.record_waiting() == sampled.QUEUE_SIZE

    def test_a_defect_is_counted_and_ends_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any) -> None:
            raise ValueError

        before = sampled.count_dropped()
        ask("popular")
        with monkeypatch.context() as patched:
            patched.setattr(recording, "describe_steps", fail)
            assert sampled.record_waiting() == 1
        assert (sampled.count_dropped() - before, Trace.objects.count()) == (1, 0)


@pytest.mark.usefixtures("model")
class TestListTraces:
    def test_newest_first_in_pages(self) -> None:
        made = [ask("popular", trace=True).recommendation_id for _ in range(3)]
        for age, trace_id in enumerate(made):
            Trace.objects.filter(trace_id=trace_id).update(at=NOW - timedelta(minutes=age))
        first = api.list_traces(site_id=SITE, query=TraceQuery(limit=2))
        rest = api.list_traces(site_id=SITE, query=TraceQuery(limit=2, cursor=first.next_cursor))
        assert [one.trace_id for one in (*first.items, *rest.items)] == made
        assert rest.next_cursor is None

    def test_those_of_one_moment_come_once_each(self) -> None:
        made = {ask("popular", trace=True).recommendation_id for _ in range(5)}
        found: list[UUID] = []
        cursor = None
        while True:
            page = api.list_traces(site_id=SITE, query=TraceQuery(limit=2, cursor=cursor))
            found += [one.trace_id for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert (len(found), set(found)) == (5, made)

    def test_of_one_placement(self) -> None:
        ask("popular", trace=True)
        wanted = ask("new-in", trace=True)
        (found,) = api.list_traces(site_id=SITE, query=TraceQuery(placement="new-in")).items
        assert (found.trace_id, found.strategy, found.items, found.model) == (
            wanted.recommendation_id,
            "new_in",
            4,
            "known",
        )

    def test_another_site_has_none_of_them(self) -> None:
        ask("popular", trace=True)
        assert api.list_traces(site_id=OTHER, query=TraceQuery()).items == []

    def test_a_cursor_that_is_none(self) -> None:
        with pytest.raises(Invalid) as caught:
            api.list_traces(site_id=SITE, query=TraceQuery(cursor="WzFd"))
        assert caught.value.code == "bad_cursor"


@pytest.mark.usefixtures("model")
class TestShowTrace:
    def test_an_unknown_one(self) -> None:
        with pytest.raises(NotFound) as caught:
            api.show_trace(site_id=SITE, trace_id=uuid4())
        assert caught.value.code == "trace_not_found"

    def test_another_sites_is_unknown(self) -> None:
        answer = ask("popular", trace=True)
        with pytest.raises(NotFound):
            api.show_trace(site_id=OTHER, trace_id=answer.recommendation_id)


@pytest.mark.usefixtures("anna")
class TestEraseTraces:
    def test_hers_are_gone_and_others_stay(self) -> None:
        hers, nobodys = ask("for-you", shopper=ANNA, trace=True), ask("popular", trace=True)
        shopper_id = show(hers).known["shopper_id"]
        assert api.erase_traces(site_id=SITE, shopper_ids=[UUID(shopper_id)]) == 1
        assert list(Trace.objects.values_list("trace_id", flat=True)) == [nobodys.recommendation_id]

    def test_of_another_site_nothing_is_erased(self) -> None:
        hers = ask("for-you", shopper=ANNA, trace=True)
        assert api.erase_traces(site_id=OTHER, shopper_ids=[UUID(show(hers).known["shopper_id"])]) == 0


@pytest.mark.usefixtures("model")
class TestPruneTraces:
    @pytest.mark.parametrize(("kept_days", "age", "left"), [(None, 13, 1), (None, 15, 0), (3, 2, 1), (3, 4, 0)])
    def test_older_than_the_site_keeps_them(self, kept_days: int | None, age: int, left: int) -> None:
        if kept_days is not None:
            TraceSampling.objects.create(site_id=SITE, kept_days=kept_days)
        ask("popular", trace=True)
        assert api.prune_traces(now=NOW + timedelta(days=age)) == 1 - left
        assert Trace.objects.count() == left
