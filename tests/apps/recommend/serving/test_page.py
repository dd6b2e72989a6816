"""All slots of a page in one pass."""

from typing import Any

import pytest
from django.test import Client

from apps.profiles.contracts import ShopperQuestion
from apps.recommend import api, columns
from apps.recommend.contracts.serving import PageAnswer, PageRequest, Slot
from apps.recommend.ml.engine import Scored, score
from apps.recommend.serving import context, expose, leftout, retrieve
from apps.recommend.serving.state import Draft
from tests.apps.recommend.serving.lens_lane import (
    ANNA,
    NOW,
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    consent,
    ids,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
    put_placement,
    remember,
)
from tests.apps.recommend.serving.test_doors import key, post


def ask_page(*slots: Slot, **asked: Any) -> PageAnswer:
    return api.recommend_page(site_id=SITE, request=PageRequest(slots=list(slots), **asked), now=NOW)


def shown(page: PageAnswer) -> dict[str, list[str]]:
    """Return the items by slot, in the order of the answer."""
    return {slot.slot: [] if slot.answer is None else ids(slot.answer) for slot in page.slots}


@pytest.mark.usefixtures("model")
class TestRecommendPage:
    def test_no_item_comes_twice(self) -> None:
        page = ask_page(Slot(placement="popular", limit=2), Slot(placement="new-in", limit=3))
        assert shown(page) == {"popular": ["frame-e", "frame-d"], "new-in": ["frame-a", "frame-b", "frame-c"]}

    def test_the_smaller_priority_chooses_first_and_the_order_stays_as_asked(self) -> None:
        put_placement("first", "popular", priority=1)
        page = ask_page(Slot(placement="popular", limit=2), Slot(placement="first", limit=2))
        assert shown(page) == {"popular": ["frame-c", "frame-b"], "first": ["frame-e", "frame-d"]}

    def test_of_one_priority_the_first_asked_for_chooses_first(self) -> None:
        page = ask_page(
            Slot(placement="popular", slot="above", limit=2), Slot(placement="popular", slot="below", limit=2)
        )
        assert shown(page) == {"above": ["frame-e", "frame-d"], "below": ["frame-c", "frame-b"]}

    def test_a_slot_has_its_own_items(self) -> None:
        page = ask_page(
            Slot(placement="similar", slot="product", limit=1),
            Slot(placement="also-viewed", slot="basket", limit=1, item_ids=["solution-a"]),
            item_ids=["frame-a"],
        )
        assert shown(page) == {"product": ["frame-d"], "basket": ["frame-b"]}

    def test_one_bad_slot_spoils_nothing(self) -> None:
        page = ask_page(Slot(placement="nowhere"), Slot(placement="popular", limit=1, item_ids=["frame-x"]), POPULAR)
        assert [None if slot.error is None else (slot.error["code"], slot.error["field"]) for slot in page.slots] == [
            ("unknown_placement", "slots[0].placement"),
            ("unknown_item", "slots[1].item_ids[0]"),
            None,
        ]
        assert shown(page)["popular"] == ["frame-e"]

    def test_what_is_known_of_the_shopper_is_read_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        consent("anna", "history_personalisation")
        remember("anna", ("frame-a", "view", 1))
        asked = []
        fetch = context._fetch

        def fetch_counted(question: ShopperQuestion) -> Any:
            asked.append(question)
            return fetch(question)

        monkeypatch.setattr(context, "_fetch", fetch_counted)
        page = ask_page(Slot(placement="for-you", limit=1), Slot(placement="recently-viewed", limit=1), shopper=ANNA)
        assert len(asked) == 1
        assert shown(page) == {"for-you": ["frame-b"], "recently-viewed": ["frame-a"]}

    def test_each_slot_is_an_exposure_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        buffer = expose.ExposureBuffer(size=5)
        monkeypatch.setattr(expose, "_BUFFER", buffer)
        page = ask_page(Slot(placement="popular", limit=1), Slot(placement="new-in", limit=1))
        assert buffer.counts()["waiting"] == 2
        assert len({slot.answer.recommendation_id for slot in page.slots if slot.answer}) == 2


POPULAR = Slot(placement="popular", limit=1)
PAGE = """
query Page($input: PageInput!) {
  page(input: $input) { slots { slot error answer { placement items { itemId } } } }
}
"""


@pytest.mark.usefixtures("model")
class TestDoors:
    def test_rest(self, client: Client) -> None:
        body = {"slots": [{"placement": "popular", "limit": 1}, {"placement": "nowhere"}]}
        status, page = post(client, "/v1/pages", body)
        assert (status, [slot["slot"] for slot in page["slots"]]) == (200, ["popular", "nowhere"])
        assert page["slots"][0]["answer"]["items"][0]["item_id"] == "frame-e"
        assert page["slots"][1]["error"]["code"] == "unknown_placement"

    def test_rest_refuses_a_page_without_slots(self, client: Client) -> None:
        status, problem = post(client, "/v1/pages", {"slots": []})
        assert (status, problem["field"]) == (400, "slots")

    def test_graphql_says_the_same(self, client: Client) -> None:
        slots = [{"placement": "popular", "limit": 1, "filter": None}, {"placement": "nowhere"}]
        body = {"query": PAGE, "variables": {"input": {"slots": slots}}}
        _, found = post(client, "/graphql", body, key())
        first, second = found["data"]["page"]["slots"]
        assert first["answer"] == {"placement": "popular", "items": [{"itemId": "frame-e"}]}
        assert (second["answer"], second["error"]["code"]) == (None, "unknown_placement")


@pytest.mark.usefixtures("model")
class TestOneQuestion:
    def test_slots_that_ask_the_same_ask_the_model_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = []

        def score_counted(*arguments: Any, **how: Any) -> Scored:
            asked.append(1)
            return score(*arguments, **how)

        monkeypatch.setattr(columns, "score", score_counted)
        above, below = (
            Slot(placement="for-you", slot="above", limit=1),
            Slot(placement="for-you", slot="below", limit=1),
        )
        assert shown(ask_page(above, below, history=["frame-a"])) == {"above": ["frame-b"], "below": ["frame-c"]}
        assert len(asked) == 1

    def test_with_another_filter_it_is_another_question(self) -> None:
        below = Slot(placement="for-you", slot="below", limit=1, include_item_ids=["frame-c"])
        page = ask_page(Slot(placement="for-you", slot="above", limit=1), below, history=["frame-a"])
        assert shown(page) == {"above": ["frame-b"], "below": ["frame-c"]}

    def test_a_mask_that_answers_are_known_by_lives_as_long_as_they(self, monkeypatch: pytest.MonkeyPatch) -> None:
        memos: list[columns.Memo | None] = []
        ask = retrieve.ask_strategy

        def ask_noted(strategy: str, draft: Draft, question: columns.Question) -> columns.Candidates:
            memos.append(question.memo)
            return ask(strategy, draft, question)

        monkeypatch.setattr(retrieve, "ask_strategy", ask_noted)
        narrow = [
            Slot(placement="for-you", slot=str(number), limit=3, include_item_ids=["frame-c"]) for number in range(3)
        ]
        ask_page(*narrow, history=["frame-a"])
        assert memos[0]
        assert all(key[-1] == id(mask) for key, (mask, _) in memos[0].items())

    def test_what_a_trace_finds_ungated_is_in_no_other_slot(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[bool] = []
        ask = retrieve.ask_strategy

        def ask_noted(strategy: str, draft: Draft, question: columns.Question) -> columns.Candidates:
            asked.append(question.memo is None)
            return ask(strategy, draft, question)

        monkeypatch.setattr(leftout, "ask_strategy", ask_noted)
        narrow = [
            Slot(placement="for-you", slot=str(number), limit=3, include_item_ids=["frame-c"]) for number in range(9)
        ]
        page = ask_page(Slot(placement="for-you", limit=1), *narrow, history=["frame-a"], trace=True)
        assert {item for items in list(shown(page).values())[1:] for item in items} == {"frame-c"}
        assert asked
        assert all(asked)
