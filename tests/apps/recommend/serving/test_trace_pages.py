"""Traces in the admin and on the command line: who sees what."""

import io

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from apps.recommend import api
from apps.recommend.contracts.serving import Answer
from tests.apps.recommend.rules.books import make_rule, publish
from tests.apps.recommend.serving.lens_lane import (
    ANNA,
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    consent,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
    remember,
)


@pytest.fixture(name="answer")
def _answer(model: None) -> Answer:
    """A traced answer to Anna, who looked at frame-a and refused frame-d."""
    consent("anna", "history_personalisation")
    remember("anna", ("frame-a", "view", 1), ("frame-d", "dismiss", 1))
    return ask("for-you", shopper=ANNA, limit=2, trace=True)


def sign_in(client: Client, *permissions: str) -> Client:
    user = User.objects.create_user("staff", password="long enough for here", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def page(client: Client, answer: Answer, view: str) -> str:
    address = reverse("admin:recommend_trace_change", args=[answer.recommendation_id])
    return client.get(address, {"view": view}).content.decode()


class TestPages:
    def test_the_customers_sentence(self, client: Client, answer: Answer) -> None:
        assert "Because you looked at Frame A" in page(sign_in(client, "view_trace"), answer, "customer")

    def test_merchandisers_see_the_list_and_nothing_of_the_shopper(self, client: Client, answer: Answer) -> None:
        shown = page(sign_in(client, "view_trace"), answer, "merchandiser")
        assert "frame-b" in shown
        assert "for_you (1.)" in shown
        for hidden in ("frame-a", "Frame A", "frame-d", "dismissed"):
            assert hidden not in shown

    def test_the_whole_record_needs_another_permission(self, client: Client, answer: Answer) -> None:
        shown = page(sign_in(client, "view_trace"), answer, "auditor")
        assert ("Whole record" in shown, "frame-a" in shown, LogEntry.objects.count()) == (False, False, 0)

    def test_the_whole_record_is_noted_where_it_is_read(self, client: Client, answer: Answer) -> None:
        shown = page(sign_in(client, "view_trace", "change_trace"), answer, "auditor")
        assert "history_personalisation" in shown
        assert LogEntry.objects.get().object_id == str(answer.recommendation_id)

    def test_without_permission_there_is_nothing(self, client: Client, answer: Answer) -> None:
        address = reverse("admin:recommend_trace_change", args=[answer.recommendation_id])
        assert sign_in(client).get(address).status_code == 404

    def test_asked_again_it_names_the_rule(self, client: Client, answer: Answer) -> None:
        publish(make_rule("no-b", target={"item_ids": ["frame-b"]}))
        address = reverse("admin:recommend_trace_change", args=[answer.recommendation_id])
        shown = sign_in(client, "view_trace").post(address, {"against": "now"}).content.decode()
        assert "Another list now" in shown
        assert "no-b" in shown

    def test_the_list(self, client: Client, answer: Answer) -> None:
        shown = sign_in(client, "view_trace").get(reverse("admin:recommend_trace_changelist")).content.decode()
        assert str(answer.recommendation_id) in shown


class TestCommand:
    def test_list(self, answer: Answer) -> None:
        out = io.StringIO()
        call_command("traces", "list", SITE, stdout=out)
        assert out.getvalue().split()[0] == str(answer.recommendation_id)

    def test_show(self, answer: Answer) -> None:
        out = io.StringIO()
        call_command("traces", "show", SITE, str(answer.recommendation_id), stdout=out)
        assert '"placement": "for-you"' in out.getvalue()

    def test_replay_says_that_it_is_identical(self, answer: Answer) -> None:
        out = io.StringIO()
        call_command("traces", "replay", SITE, str(answer.recommendation_id), stdout=out)
        assert out.getvalue() == "identical: 2 items in the same places\n"

    def test_replay_names_the_cause_and_fails(self, answer: Answer) -> None:
        publish(make_rule("no-b", target={"item_ids": ["frame-b"]}))
        out = io.StringIO()
        with pytest.raises(CommandError):
            call_command("traces", "replay", SITE, str(answer.recommendation_id), stdout=out)
        assert "cause: rules no-b" in out.getvalue()


class TestWithoutShopper:
    def test_what_is_asked_of_is_left_and_who_is_not(self, answer: Answer) -> None:
        info = api.show_trace(site_id=SITE, trace_id=answer.recommendation_id, whole=False)
        assert (info.known, "history" in info.asked, info.asked["limit"]) == ({}, False, 2)
        assert info.steps["eligible"]["taken_out"] == {"because of this shopper": 1}
        assert info.steps["context"] == {"page": [], "history": 1}

    def test_what_a_list_of_the_past_holds_beside_its_places_is_not_told(self, model: None) -> None:
        consent("anna", "history_personalisation")
        remember("anna", ("frame-a", "view", 1), ("frame-b", "view", 2), ("frame-c", "view", 3))
        shown = ask("recently-viewed", shopper=ANNA, limit=1, trace=True)
        whole = api.show_trace(site_id=SITE, trace_id=shown.recommendation_id)
        info = api.show_trace(site_id=SITE, trace_id=shown.recommendation_id, whole=False)
        assert [one["item_id"] for one in whole.left_out if one["strategy"] == "recently_viewed"] != []
        assert [one["item_id"] for one in info.left_out if one["strategy"] == "recently_viewed"] == []
        assert info.steps["retrieve"]["strategies"][0]["candidates"] == []
