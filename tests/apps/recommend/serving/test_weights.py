"""A site's weights of event types: set in the admin, felt in the next answer and in the next model."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.recommend import conf
from apps.recommend.features.weights import find_weights, get_weights
from apps.recommend.models import EventWeights
from apps.recommend.serving import sites
from apps.recommend.training.recipes import DEFAULT_RECIPE
from apps.recommend.training.site_recipe import site_recipe
from tests.apps.recommend.serving.lens_lane import (
    ANNA,
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    consent,
    ids,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
    remember,
)

PAGE = "/admin/recommend/eventweights/"
FORM = {"site_id": SITE} | {kind: str(weight) for kind, weight in conf.EVENT_WEIGHTS.items()}


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("mia", "mia@example.org", "a-long-password"))
    return client


def add(operator: Client, **changes: str) -> int:
    return operator.post(f"{PAGE}add/", FORM | changes).status_code


@pytest.mark.usefixtures("model")
class TestAnswers:
    @pytest.fixture(autouse=True)
    def anna(self, model: None) -> None:
        """Anna has viewed one item and bought another."""
        consent("anna", "history_personalisation")
        remember("anna", ("frame-d", "purchase", 2), ("frame-a", "view", 1))

    def test_a_view_that_weighs_nothing_is_no_history(self, operator: Client) -> None:
        assert ids(ask("recently-viewed", shopper=ANNA, limit=2)) == ["frame-a", "frame-b"]
        assert add(operator, view="0") == 302
        answer = ask("for-you", shopper=ANNA, limit=1)
        reasons = {reason.item_id for item in answer.items for reason in item.reasons}
        assert "frame-a" not in reasons
        assert ids(ask("recently-viewed", shopper=ANNA, limit=1)) != ["frame-a"]

    def test_a_change_is_felt_at_the_next_answer(self, operator: Client) -> None:
        add(operator, view="0")
        assert "frame-a" not in ids(ask("recently-viewed", shopper=ANNA, limit=1))
        changed = operator.post(f"{PAGE}{SITE}/change/", FORM | {"view": "1"})
        assert changed.status_code == 302
        assert ids(ask("recently-viewed", shopper=ANNA, limit=1)) == ["frame-a"]

    def test_a_process_that_looks_again_now_and_then_feels_it_too(self, operator: Client) -> None:
        ask("for-you", shopper=ANNA)
        add(operator, view="0.5")
        sites.refresh_ready()
        assert sites.list_ready()[SITE].weights == conf.EVENT_WEIGHTS | {"view": 0.5}

    def test_what_was_bought_is_held_back_whatever_it_weighs(self, operator: Client) -> None:
        add(operator, purchase="0")
        assert "frame-d" not in ids(ask("new-in", shopper=ANNA, limit=5))

    def test_what_the_caller_sends_counts_as_before(self, operator: Client) -> None:
        add(operator, view="0")
        answer = ask("for-you", history=["frame-a"], limit=2)
        assert ids(answer) == ["frame-b", "frame-c"]

    def test_the_weights_of_another_site_change_nothing(self) -> None:
        before = ids(ask("for-you", shopper=ANNA))
        EventWeights.objects.create(site_id="elsewhere", view=0.0)
        assert ids(ask("for-you", shopper=ANNA)) == before


@pytest.mark.usefixtures("shop")
class TestEventWeightsAdmin:
    def test_says_what_each_weight_is_about(self, operator: Client) -> None:
        page = operator.get(f"{PAGE}add/").content.decode()
        assert "An item was bought and not returned." in page
        assert "Lens Lane (lens-lane)" in page

    @pytest.mark.parametrize(
        "change",
        [
            {"site_id": "nowhere"},
            {"view": "-1"},
            {"purchase": "101"},
            {"click": "much"},
            dict.fromkeys(conf.EVENT_WEIGHTS, "0"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, operator: Client, change: dict[str, str]) -> None:
        answer = operator.post(f"{PAGE}add/", FORM | change)
        assert answer.status_code == 200
        assert "errorlist" in answer.content.decode()
        assert not EventWeights.objects.exists()

    def test_weights_stay_with_their_site(self, operator: Client) -> None:
        add(operator)
        operator.post(f"{PAGE}{SITE}/change/", FORM | {"site_id": "elsewhere", "view": "4"})
        assert EventWeights.objects.values_list("site_id", "view").get() == (SITE, 4.0)


class TestFindWeights:
    def test_a_site_without_a_row_has_none_of_its_own(self, db: None) -> None:
        assert find_weights(site_id=SITE) is None

    def test_a_site_has_what_it_was_given(self, db: None) -> None:
        EventWeights.objects.create(site_id=SITE, view=0.0)
        assert find_weights(site_id=SITE) == conf.EVENT_WEIGHTS | {"view": 0.0}


class TestGetWeights:
    def test_the_usual_ones_are_those_of_a_new_form(self, db: None) -> None:
        assert get_weights(site_id=SITE) == conf.EVENT_WEIGHTS
        EventWeights.objects.create(site_id=SITE)
        assert get_weights(site_id=SITE) == conf.EVENT_WEIGHTS


class TestSiteRecipe:
    def test_without_weights_the_recipe_stays(self, db: None) -> None:
        assert site_recipe(site_id=SITE) == DEFAULT_RECIPE

    def test_weights_are_trained_and_recorded_with(self, db: None) -> None:
        EventWeights.objects.create(site_id=SITE, purchase=9.0)
        recipe = site_recipe(site_id=SITE)
        assert recipe.event_weights == conf.EVENT_WEIGHTS | {"purchase": 9.0}
        recorded = recipe.parameters()
        assert (recorded["dataset"]["event_weights"]["purchase"], recorded["dataset"]["weighs_history"]) == (9.0, True)
