"""Recipes as files: read, refused with file and field, found by name, listed and shown."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.engineparams import EngineParams
from apps.recommend.models import TrainingSchedule
from apps.recommend.training.recipe import Recipe, parse_recipe
from apps.recommend.training.recipes import DEFAULT_RECIPE, KNOWN, get_recipe, read_recipe
from apps.recommend.training.site_recipe import site_recipe
from apps.recommend.training.written import list_recipes, to_toml
from specrec.kernel.errors import Invalid, NotFound

SMALL = 'name = "own"\nversion = 2\n[algorithms.covisitation]\nwindow = 4\n'


def refused(text: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        parse_recipe(text, source="own-2.toml")
    assert "own-2.toml" in caught.value.message
    assert caught.value.code == "bad_recipe"
    return caught.value


@pytest.fixture(name="folder")
def give_folder(settings: Settings, tmp_path: Path) -> Path:
    settings.RECIPES_DIR = tmp_path
    return tmp_path


class TestParseRecipe:
    def test_says_what_differs_from_the_usual(self) -> None:
        recipe = parse_recipe(SMALL, source="own-2.toml")
        assert recipe.label == "own-2"
        assert recipe.covisitation == CovisitationParams(window=4)
        assert recipe.window_days == 365

    def test_what_is_no_toml(self) -> None:
        assert "it is not TOML" in refused("name = ").message

    def test_a_misspelt_parameter(self) -> None:
        error = refused(SMALL + "gap_decai = 0.8\n")
        assert error.field == "algorithms.covisitation.gap_decai"
        assert "gap_decay" in error.message

    def test_a_misspelt_section(self) -> None:
        assert refused(SMALL + "[datasets]\n").field == "datasets"

    def test_a_misspelt_name_within_a_section(self) -> None:
        assert refused(SMALL + "[dataset]\nwindow = 3\n").field == "dataset.window"

    def test_an_algorithm_that_does_not_exist(self) -> None:
        error = refused(SMALL + "[algorithms.magic]\n")
        assert error.field == "algorithms.magic"
        assert "covisitation" in error.message

    def test_a_value_of_the_wrong_type(self) -> None:
        error = refused(SMALL.replace("window = 4", 'window = "4"'))
        assert error.field == "algorithms.covisitation.window"
        assert "Expected int" in error.message

    def test_a_number_that_is_none(self) -> None:
        assert refused(SMALL + "gap_decay = nan\n").field == "algorithms.covisitation.gap_decay"

    def test_a_value_beyond_its_range(self) -> None:
        assert refused(SMALL + "[evaluation]\nhold_out_share = 1.0\n").field == "evaluation.hold_out_share"

    def test_an_event_type_that_does_not_exist(self) -> None:
        assert refused(SMALL + "[dataset.event_weights]\nlook = 1.0\n").field == "dataset.event_weights.look"

    def test_a_weight_below_zero(self) -> None:
        error = refused(SMALL + "[dataset.event_weights]\nview = -1.0\n")
        assert str(error.field).startswith("dataset.event_weights")

    def test_a_metric_that_does_not_exist(self) -> None:
        assert refused(SMALL + '[evaluation]\nmetrics = ["luck"]\n').field == "evaluation.metrics: luck"

    def test_no_seed(self) -> None:
        assert refused("seeds = []\n" + SMALL).field == "seeds"

    def test_no_name(self) -> None:
        assert "name" in refused("version = 1\n").message


class TestEngine:
    def test_is_told_what_the_recipe_says_and_the_usual_besides(self) -> None:
        text = SMALL + "[algorithms.transitions]\nsmoothing = 3.0\n[algorithms.mix]\ncandidates = 60\n"
        told, usual = parse_recipe(text, source="own-2.toml").engine, EngineParams()
        assert (told.covisitation.window, told.mix.candidates) == (4, 60)
        assert told.transitions == replace(usual.transitions, smoothing=3.0)
        assert (told.transitions.window, told.ranker) == (1, usual.ranker)


class TestWithParams:
    def test_keeps_the_others(self) -> None:
        recipe = parse_recipe(SMALL, source="own-2.toml").with_params("covisitation", gap_decay=0.5)
        assert recipe.covisitation == CovisitationParams(window=4, gap_decay=0.5)

    def test_refuses_what_does_not_exist(self) -> None:
        with pytest.raises(Invalid, match=r"algorithms\.mix\.magic"):
            DEFAULT_RECIPE.with_params("mix", magic=1.0)


class TestToToml:
    @pytest.mark.parametrize("path", sorted(KNOWN.glob("*.toml")), ids=lambda path: path.stem)
    def test_reads_as_the_same(self, path: Path) -> None:
        recipe = read_recipe(path)
        assert parse_recipe(to_toml(recipe), source="copy") == recipe

    def test_of_words_that_need_quotes(self) -> None:
        recipe = Recipe(name="own", version=1, description='what "they" said, größer\n')
        assert parse_recipe(to_toml(recipe), source="copy") == recipe


class TestGetRecipe:
    def test_a_name_is_its_newest_version(self, folder: Path) -> None:
        for version in (2, 10):
            (folder / f"own-{version}.toml").write_text(SMALL.replace("version = 2", f"version = {version}"))
        assert get_recipe("own").version == 10
        assert get_recipe("own-2").version == 2

    def test_the_operator_s_own_counts(self, folder: Path) -> None:
        (folder / "shop-1.toml").write_text('name = "shop"\nversion = 1\ndescription = "ours"\n')
        assert get_recipe("shop-1").description == "ours"

    def test_one_that_does_not_exist(self) -> None:
        with pytest.raises(NotFound, match=r"There is no recipe magic\. There are: .*shop-1"):
            get_recipe("magic")

    def test_a_file_under_another_name(self, folder: Path) -> None:
        (folder / "own-3.toml").write_text(SMALL)
        with pytest.raises(Invalid, match=r"name the file own-2\.toml"):
            get_recipe("own-3")

    def test_one_that_is_broken_leaves_the_others(self, folder: Path) -> None:
        (folder / "own-2.toml").write_text("name = ")
        assert get_recipe("shop") == DEFAULT_RECIPE


class TestSiteRecipe:
    def test_is_the_one_of_the_schedule(self, db: None, folder: Path) -> None:
        (folder / "own-2.toml").write_text(SMALL)
        TrainingSchedule.objects.create(site_id="uk", recipe="own")
        assert site_recipe(site_id="uk").label == "own-2"
        assert site_recipe(site_id="uk", recipe="shop") == DEFAULT_RECIPE
        assert site_recipe(site_id="de") == DEFAULT_RECIPE


class TestListRecipes:
    def test_says_what_is_wrong_with_one(self, folder: Path) -> None:
        (folder / "own-2.toml").write_text("name = ")
        found = {info.recipe: info for info in list_recipes()}
        assert "it is not TOML" in found["own-2"].fault
        assert (found["own-2"].own, found["shop-1"].own, found["shop-1"].fault) == (True, False, "")


class TestCommand:
    def test_list(self) -> None:
        out = io.StringIO()
        call_command("recipes", "list", stdout=out)
        assert "shop-1" in out.getvalue()

    def test_list_with_a_broken_one(self, folder: Path) -> None:
        (folder / "own-2.toml").write_text("name = ")
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("recipes", "list", stdout=io.StringIO())

    def test_show(self) -> None:
        out = io.StringIO()
        call_command("recipes", "show", "shop", stdout=out)
        assert parse_recipe(out.getvalue(), source="shown") == DEFAULT_RECIPE

    def test_check(self, tmp_path: Path) -> None:
        path, out = tmp_path / "own-2.toml", io.StringIO()
        path.write_text(SMALL)
        call_command("recipes", "check", str(path), stdout=out)
        assert out.getvalue() == "own-2: fine\n"

    def test_check_of_a_broken_one(self, tmp_path: Path) -> None:
        path = tmp_path / "own-2.toml"
        path.write_text(SMALL + "gap_decai = 0.8\n")
        with pytest.raises(CommandError, match=r"own-2\.toml, algorithms\.covisitation\.gap_decai"):
            call_command("recipes", "check", str(path))

    def test_check_of_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("recipes", "check", str(tmp_path / "own-2.toml"))
