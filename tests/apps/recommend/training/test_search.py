"""Searching parameters on a site's own data: before the gate's hold-out, within the recipe's ranges, as TOML."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from apps.recommend.contracts.models import Searched
from apps.recommend.training import evaluate
from apps.recommend.training.dataset import load_training_data
from apps.recommend.training.recipe import Recipe, parse_recipe
from apps.recommend.training.recipes import DEFAULT_RECIPE
from apps.recommend.training.search import Objective, Trials, Values, before_gate, search_recipe, space_of
from specrec.kernel.errors import Conflict, Invalid, NotFound
from tests.apps.recommend.training.ranges import open_shop, walk  # noqa: F401 - the fixture "shop"
from tests.apps.recommend.training.small_model import (
    NOW,
    give_own_store,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.django_db(transaction=True)
NOTHING: Values = {"mix.covisitation": 0.0, "mix.content": 0.0, "mix.latent": 0.0, "mix.neighbours": 0.0}


def two_values(_: Sequence[Searched], objective: Objective) -> Values:
    """Choose between nothing at all and what came after what."""
    choices: list[Values] = [
        NOTHING,
        {"mix.covisitation": 2.0, "mix.content": 0.3},
    ]
    return max(choices, key=objective)


class TestSpaceOf:
    def test_is_that_of_the_recipe(self) -> None:
        text = 'name = "own"\nversion = 1\n[search.covisitation]\nwindow = [2, 8]\n[search.mix]\ncontent = [0.1, 1.0]\n'
        assert space_of(parse_recipe(text, source="own-1.toml")) == [
            Searched("covisitation.window", 2, 8, 10),
            Searched("mix.content", 0.1, 1.0, 0.05),
        ]

    def test_of_a_recipe_without_any(self) -> None:
        assert space_of(Recipe(name="own", version=1)) == []


class TestParseSearch:
    @pytest.mark.parametrize(
        ("lines", "field"),
        [
            ("[search.magic]\nwindow = [1, 2]", "search.magic"),
            ("[search.covisitation]\nwindows = [1, 2]", "algorithms.covisitation.windows"),
            ("[search.covisitation]\nwindow = [3, 3]", "search.covisitation.window"),
            ("[search.covisitation]\nwindow = [0.5, 3.5]", "algorithms.covisitation.window"),
        ],
    )
    def test_refuses(self, lines: str, field: str) -> None:
        with pytest.raises(Invalid) as refused:
            parse_recipe(f'name = "own"\nversion = 1\n{lines}\n', source="own-1.toml")
        assert refused.value.field == field


class TestBeforeGate:
    def test_nothing_that_the_gate_asks_for_is_seen(self, shop: str) -> None:
        walk(300)
        data = load_training_data(site_id=shop, recipe=DEFAULT_RECIPE, now=NOW)
        cut = evaluate.make_hold_out(data, DEFAULT_RECIPE).cut
        earlier = before_gate(data, DEFAULT_RECIPE)
        assert 0 < len(earlier.all_events.time) < len(data.all_events.time)
        assert earlier.all_events.time.max() < cut
        assert earlier.sequences.time.max() < cut


class TestTrials:
    def test_the_recipe_s_own_values_are_the_usual_figure(self, shop: str) -> None:
        walk(900)
        data = before_gate(load_training_data(site_id=shop, recipe=DEFAULT_RECIPE, now=NOW), DEFAULT_RECIPE)
        trials = Trials(DEFAULT_RECIPE, data, site_id=shop)
        assert trials.metric == "ndcg@10"
        assert 0 < trials.usual <= 1
        assert trials.score(NOTHING) < trials.usual == trials.best

    def test_describes_items_once_until_their_parameters_change(self, shop: str) -> None:
        walk(900)
        data = before_gate(load_training_data(site_id=shop, recipe=DEFAULT_RECIPE, now=NOW), DEFAULT_RECIPE)
        trials = Trials(DEFAULT_RECIPE, data, site_id=shop)
        same = trials.score({"content.top_k": 50})
        assert same == trials.usual
        assert np.isfinite(trials.score({"content.top_k": 1}))


class TestSearchRecipe:
    def test_returns_the_best_as_toml(self, shop: str) -> None:
        walk(900)
        found = search_recipe(site_id=shop, now=NOW, optimise=two_values)
        recipe = parse_recipe(found, source="found")
        assert (recipe.label, recipe.engine.mix.covisitation, recipe.engine.mix.content) == ("found-1", 2.0, 0.3)
        assert recipe.covisitation.window == DEFAULT_RECIPE.covisitation.window
        assert found.startswith("# Found on lens-lane: ndcg@10 ")

    def test_a_recipe_that_says_nothing(self, shop: str, settings: Settings) -> None:
        path = settings.BLOBS_DIR / "own-1.toml"
        path.write_text('name = "own"\nversion = 1\n')
        settings.RECIPES_DIR = settings.BLOBS_DIR
        with pytest.raises(Invalid, match="between what to choose"):
            search_recipe(site_id=shop, now=NOW, optimise=two_values, recipe="own")

    def test_too_little_data_says_how_much_would_do(self, shop: str) -> None:
        walk(40)
        with pytest.raises(Conflict, match=r"of the 50 shoppers needed .* of the 200 that would be enough"):
            search_recipe(site_id=shop, now=NOW, optimise=two_values)

    def test_unknown_site(self) -> None:
        with pytest.raises(NotFound):
            search_recipe(site_id="nowhere", now=NOW, optimise=two_values)


class TestCommand:
    def test_the_same_seed_finds_the_same(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("specrec.kernel.clock.now", lambda: NOW)
        walk(900)
        outs = [io.StringIO(), io.StringIO()]
        for out in outs:
            call_command("search_recipe", shop, "--trials", "3", "--name", "ours", verbosity=0, stdout=out)
        assert outs[0].getvalue() == outs[1].getvalue()
        assert parse_recipe(outs[0].getvalue(), source="found").label == "ours-1"

    def test_no_trial(self, shop: str) -> None:
        with pytest.raises(CommandError, match="at least one"):
            call_command("search_recipe", shop, "--trials", "0", verbosity=0)

    def test_without_the_extra(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("apps.recommend.management.commands.search_recipe.optuna", None)
        with pytest.raises(CommandError, match=r"pip install specrec\[search\]"):
            call_command("search_recipe", shop, verbosity=0)
