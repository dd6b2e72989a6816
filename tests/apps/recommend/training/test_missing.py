"""What falls short of a recipe's needs is said with both numbers: in the run, in the note, in the command."""

import io
import re
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from apps.profiles import api as profiles
from apps.profiles.contracts import SiteInfo
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tokens import Described
from apps.recommend.models import TrainingRun
from apps.recommend.training.dataset import TrainingData
from apps.recommend.training.missing import Missing, explain, find_missing
from apps.recommend.training.recipe import Needs
from apps.recommend.training.recipes import DEFAULT_RECIPE
from apps.recommend.training.run import train_site
from specrec.kernel.errors import Conflict
from tests.apps.recommend.training.ranges import open_shop, walk  # noqa: F401 - the fixture "shop"
from tests.apps.recommend.training.small_model import (
    NOW,
    SITE,
    give_own_store,  # noqa: F401 - a fixture
)

DAY = 86_400.0


def data(*, sequence: list[int], item: list[int], days: list[float], texts: list[str]) -> TrainingData:
    events = Sequences(
        sequence=np.array(sequence, dtype=np.int32),
        item=np.array(item, dtype=np.int32),
        weight=np.ones(len(item)),
        time=np.array(days) * DAY,
    )
    return TrainingData(
        sequences=events, all_events=events, by_type={"view": len(item)}, unknown_items=0,
        item_ids=[f"i{row}" for row in range(len(texts))], item_types=["generic"] * len(texts),
        published=np.ones(len(texts), dtype=np.bool_),
        described=Described(["generic"] * len(texts), [""] * len(texts), texts, [{}] * len(texts)),
    )  # fmt: skip


SMALL = data(sequence=[0, 0, 1, 1, 2], item=[0, 1, 2, 2, 0], days=[0.1, 0.9, 1.1, 1.2, 5.0], texts=["a", "b", " "])


class TestFindMissing:
    def test_counts_events_goers_texts_and_days(self) -> None:
        assert find_missing(SMALL, Needs(events=6, shoppers=2, items_with_text=3, days=4)) == [
            Missing("items with text or attributes", 2, 3),
            Missing("events", 5, 6),
            Missing("shoppers with two items or more", 1, 2),
            Missing("days of events", 3, 4),
        ]

    def test_nothing_is_missing_at_exactly_enough(self) -> None:
        assert find_missing(SMALL, Needs(events=5, shoppers=1, items_with_text=2, days=3)) == []

    def test_no_events(self) -> None:
        found = find_missing(data(sequence=[], item=[], days=[], texts=["a"]), Needs(items_with_text=1))
        assert [one.have for one in found] == [0, 0, 0]


class TestExplain:
    def test_gives_both_numbers(self) -> None:
        words = explain([Missing("events", 5, 1_000)])
        assert words == " Too little data, so expect little: events: 5 of the 1,000 that would be enough."

    def test_nothing(self) -> None:
        assert explain([]) == ""


@pytest.mark.django_db(transaction=True)
class TestTraining:
    def test_says_what_is_missing_in_run_and_note(self, shop: str) -> None:
        walk(40)
        info = train_site(site_id=shop, now=NOW)
        run = TrainingRun.objects.get()
        assert {"what": "shoppers with two items or more", "have": 40, "enough": 200} in run.details["missing"]
        assert "shoppers with two items or more: 40 of the 200 that would be enough" in info.note
        assert info.note in run.message

    def test_says_nothing_when_there_is_enough(self, shop: str) -> None:
        walk(300)
        assert "Too little data" not in train_site(site_id=shop, now=NOW).note
        assert TrainingRun.objects.get().details["missing"] == []

    def test_of_a_site_without_items_fails_and_says_so(self, db: None) -> None:
        info = SiteInfo(site_id=SITE, name="Lens Lane", locale="en-GB", currency="GBP", time_zone="UTC")
        profiles.ensure_site(site=info)
        with pytest.raises(Conflict) as refused:
            train_site(site_id=SITE, now=NOW)
        assert refused.value.code == "no_items"
        run = TrainingRun.objects.get()
        assert (run.state, run.step) == ("failed", "data")
        assert "Import items first" in run.message
        with pytest.raises(CommandError, match="Import items first"):
            call_command("train", SITE, verbosity=0)

    def test_records_what_it_learned_from_and_what_it_took(self, shop: str) -> None:
        walk(40)
        told: list[tuple[int, str]] = []
        info = train_site(site_id=shop, now=NOW, told=lambda percent, step: told.append((percent, step)))
        details = TrainingRun.objects.get().details
        assert details["counts"]["events_view"] == details["counts"]["events"] > 100
        assert (details["counts"]["shoppers"], details["counts"]["items"]) == (40, 48)
        assert re.fullmatch(r"0\.1\.0\+[0-9a-f]{12}", details["code_version"])
        assert (details["recipe"], details["metrics"]) == ("shop-1", info.metrics)
        assert 10 < details["peak_mb"] < 4_000
        assert details["seconds"] >= sum(details["timings"].values())
        assert [percent for percent, _ in told] == sorted(percent for percent, _ in told)
        assert told[-1] == (100, "done")

    def test_with_another_recipe(self, shop: str) -> None:
        walk(40)
        dataset = replace(DEFAULT_RECIPE.dataset, event_weights={"purchase": 1.0})
        recipe = replace(DEFAULT_RECIPE, name="bought", dataset=dataset)
        train_site(site_id=shop, now=NOW, recipe=recipe)
        assert TrainingRun.objects.get().details["counts"]["events"] == 0

    def test_the_command_shows_what_came_of_it(self, shop: str) -> None:
        walk(40)
        out = io.StringIO()
        call_command("train", shop, "--recipe", "shop-1", verbosity=0, stdout=out)
        assert "Too little data" in out.getvalue()
        assert msgspec.to_builtins(TrainingRun.objects.get().state) == "done"

    def test_with_a_recipe_that_does_not_exist(self, shop: str) -> None:
        with pytest.raises(CommandError, match="There is no recipe magic"):
            call_command("train", shop, "--recipe", "magic", verbosity=0)
