"""The full battery of an evaluation, and its report as JSON and as a page."""

import re
import sys
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
import pytest
from django.test import Client

from apps.recommend.ml.split import Questions
from apps.recommend.models import ModelState, ModelVersion
from apps.recommend.training import plots
from apps.recommend.training.answers import answer_by_engine, answer_by_popularity
from apps.recommend.training.assess import Answers, Asked, assess, per_question
from apps.recommend.training.assessment import Assessment
from apps.recommend.training.report import (
    Report,
    export_report,
    get_report,
    make_report,
    render_page,
    store_assessment,
)
from apps.recommend.training.run import train_site
from specrec.kernel.errors import NotFound
from tests.apps.recommend.small_engine import make_engine
from tests.apps.recommend.training.ranges import (
    open_shop,  # noqa: F401 - the fixture "shop"
    walk,
)
from tests.apps.recommend.training.small_model import (
    NOW,
    give_own_store,  # noqa: F401 - a fixture
)

ITEMS = 40


def asked(count: int = 60) -> Asked:
    """Return questions with histories of 1 to 4 items; the first half of the items is cold."""
    draw = np.random.default_rng(4)
    lengths = 1 + np.arange(count) % 4
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    rows = draw.integers(0, ITEMS, indptr[-1]).astype(np.int32)
    targets = (np.arange(count) % ITEMS).astype(np.int32)
    counts = np.where(np.arange(ITEMS) < ITEMS // 2, 1, 50)
    vectors = np.eye(ITEMS, dtype=np.float32)
    questions = Questions(indptr, rows, targets, np.arange(count, dtype=np.int32))
    return Asked(questions, counts, (np.arange(ITEMS) % 3).astype(np.int32), vectors)


def perfect(asked: Asked) -> Answers:
    targets = asked.questions.targets
    slates = (targets[:, None] + np.arange(10, dtype=np.int32)) % ITEMS
    return Answers(np.zeros(len(targets), np.int64), np.zeros(len(targets), np.int64), slates.astype(np.int32))


def blind(asked: Asked) -> Answers:
    count = len(asked.questions)
    return Answers(np.full(count, -1), np.zeros(count, np.int64))


def assessment() -> Assessment:
    questions = asked()
    return assess(questions, {"this model": perfect(questions), "popularity": blind(questions)}, seed=1)


class TestAssess:
    def test_all_right_is_one_and_nothing_offered_is_none(self) -> None:
        found = assessment()
        own, other = (found.models[name].groups["all"].figures for name in ("this model", "popularity"))
        assert {figure.mean for figure in own.values()} == {1.0}
        assert {figure.mean for figure in other.values()} == {0.0}
        assert [found.models[name].offered for name in found.models] == [1.0, 0.0]

    def test_cold_items_and_cold_shoppers_are_apart(self) -> None:
        groups = assessment().models["this model"].groups
        assert {name: group.questions for name, group in groups.items()} == {
            "all": 60,
            "warm": 10,
            "cold_items": 40,
            "cold_shoppers": 30,
        }

    def test_a_group_has_the_figures_of_its_own_questions(self) -> None:
        questions = asked()
        cold = questions.counts[questions.questions.targets] < 5
        answers = Answers(np.where(cold, -1, 0), np.zeros(60, np.int64))
        groups = assess(questions, {"one": answers}, seed=1).models["one"].groups
        assert groups["cold_items"].figures["recall@10"].mean == 0.0
        assert groups["warm"].figures["recall@10"].mean == 1.0
        assert groups["all"].figures["recall@10"].mean == pytest.approx(20 / 60, abs=1e-6)

    def test_groups_without_questions_are_left_out(self) -> None:
        questions = asked()
        warm = Asked(questions.questions, np.full(ITEMS, 9), questions.category)
        groups = assess(warm, {"one": blind(warm)}, seed=1).models["one"].groups
        assert list(groups) == ["all", "warm", "cold_shoppers"]

    def test_bands_hold_every_question_once(self) -> None:
        found = assessment().models["this model"]
        assert {name: band.questions for name, band in found.by_popularity.items()} == {"1-4": 40, "50-99": 20}
        assert {name: band.questions for name, band in found.by_history.items()} == {"1": 15, "2": 15, "3-4": 30}

    def test_the_difference_is_paired(self) -> None:
        found = assessment().differences["popularity"]["ndcg@10"]
        assert (found.low, found.mean, found.high) == (1.0, 1.0, 1.0)

    def test_slates_are_judged_where_there_are_any(self) -> None:
        found = assessment().models
        own, other = found["this model"], found["popularity"]
        assert own.coverage == 1.0
        assert own.slates["diversity"].mean == 1.0
        assert set(own.slates) == {"novelty", "miscalibration", "serendipity", "unexpectedness", "diversity"}
        assert (other.slates, other.coverage, other.gini) == ({}, None, None)

    def test_the_curve_rises_to_k(self) -> None:
        questions = asked(1)
        found = assess(questions, {"one": Answers(np.array([2]), np.array([0]))}, seed=1).models["one"].curve
        assert (found[:4], len(found)) == ([0.0, 0.0, 1.0, 1.0], 50)

    def test_questions_of_one_shopper_make_nothing_surer(self) -> None:
        questions = asked(40)
        answers = {"one": Answers(np.arange(40) % 20, np.zeros(40, np.int64))}
        mine = Questions(
            questions.questions.indptr,
            questions.questions.rows,
            questions.questions.targets,
            np.arange(40, dtype=np.int32) % 20,
        )
        apart = assess(questions, answers, seed=1).models["one"].groups["all"].figures["ndcg@20"]
        together = assess(Asked(mine, questions.counts, questions.category), answers, seed=1)
        wider = together.models["one"].groups["all"].figures["ndcg@20"]
        assert wider.high - wider.low > 1.2 * (apart.high - apart.low)

    def test_nothing_to_assess(self) -> None:
        with pytest.raises(ValueError, match="at least one question"):
            assess(asked(0), {"one": Answers(np.empty(0, np.int64), np.empty(0, np.int64))}, seed=1)
        with pytest.raises(ValueError, match="one model"):
            assess(asked(), {}, seed=1)


class TestPerQuestion:
    def test_with_one_right_answer_names_are_the_same(self) -> None:
        found = per_question(np.array([0, 3, -1]), np.array([0, 0, 0]))
        assert found["hit_rate@10"].tolist() == found["recall@10"].tolist() == [1.0, 1.0, 0.0]
        assert found["map@10"].tolist() == found["mrr@10"].tolist() == pytest.approx([1.0, 0.25, 0.0])


class TestAnswerByPopularity:
    def test_places_and_slates_leave_the_history_out(self) -> None:
        popularity = np.array([0.9, 0.5, 0.5, 0.1], dtype=np.float32)
        one = np.array([0], dtype=np.int32)
        found = answer_by_popularity(Questions(np.array([0, 1]), one, np.array([2], dtype=np.int32), one), popularity)
        assert (found.better.tolist(), found.tied.tolist()) == ([0], [1])
        assert found.slates is not None
        assert found.slates[0, :4].tolist() == [1, 2, 3, -1]


class TestAnswerByEngine:
    def test_places_and_slates_leave_the_history_out(self) -> None:
        engine = make_engine([0.0] * 3, after=[(0, 1, 2.0), (0, 2, 1.0)])
        zeros, targets = np.zeros(2, dtype=np.int32), np.array([2, 0], dtype=np.int32)
        found = answer_by_engine(Questions(np.array([0, 1, 2]), zeros, targets, zeros), engine)
        assert (found.better.tolist(), found.tied.tolist()) == ([1, -1], [0, 0])
        assert found.slates is not None
        assert found.slates[:, :3].tolist() == [[1, 2, -1], [1, 2, -1]]


def version(**changes: object) -> ModelVersion:
    born = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    own: dict[str, object] = {"site_id": "uk", "stamp": "20260304T050600-abc", "recipe": "shop-1", "created_at": born}
    return ModelVersion(**(own | changes))


def stored() -> ModelVersion:
    saved = version(metrics={})
    saved.save()
    store_assessment(saved, assessment())
    return saved


def page(**changes: object) -> str:
    return render_page(make_report(version(**changes), assessment()))


class TestDraw:
    def test_plots_are_well_formed_and_without_scripts(self) -> None:
        drawn = plots.draw(assessment())
        assert list(drawn) == ["groups", "curve", "popularity", "history"]
        for svg in drawn.values():
            tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(svg).iter()}
            assert "script" not in tags
            assert {"svg", "text"} <= tags

    def test_the_same_figures_make_the_same_plots(self) -> None:
        assert plots.draw(assessment()) == plots.draw(assessment())

    def test_bars_differ_with_the_figures(self) -> None:
        questions = asked()
        other = assess(questions, {"this model": perfect(questions), "popularity": perfect(questions)}, seed=1)
        assert plots.draw(assessment())["groups"] != plots.draw(other)["groups"]


class TestCharts:
    def test_the_import_of_other_modules_is_left_alone(self) -> None:
        assert [finder for finder in sys.meta_path if not hasattr(finder, "find_spec")] == []


class TestRenderPage:
    def test_it_needs_no_network_and_no_script(self) -> None:
        found = page()
        assert re.findall(r"<script|<link|<img|<iframe|@import|url\(\s*['\"]?(?:http|//)|\bsrc=|\bon\w+=", found) == []
        assert re.findall(r"href=\"[^#]", found) == []

    def test_it_names_version_state_and_figures(self) -> None:
        found = page(note="NDCG@10 0.0650, popularity 0.0056.", state="promoted")
        for words in ("20260304T050600-abc", "shop-1", "Promoted: answers with it", "NDCG@10 0.0650", "1.0000"):
            assert words in found

    def test_what_others_wrote_is_text(self) -> None:
        found = page(note="<script>alert(1)</script>", recipe="<b>x</b>")
        assert "<script" not in found
        assert "&lt;b&gt;x&lt;/b&gt;" in found

    def test_names_of_models_are_text_in_plots_too(self) -> None:
        questions = asked()
        found = assess(questions, {"<img src=x>": perfect(questions)}, seed=1)
        assert "<img" not in render_page(make_report(version(), found))

    def test_a_model_without_slates_has_dashes(self) -> None:
        row = re.search(r"Coverage.*?</tr>", page(), re.DOTALL)
        assert row is not None
        assert re.findall(r'<td class="number">([^<]*)</td>', row[0]) == ["1.0000", "\u2013"]


@pytest.mark.django_db
class TestGetReport:
    def test_what_was_found_beside_what_is_recorded(self) -> None:
        saved = stored()
        found = get_report(site_id="uk", stamp=saved.stamp)
        assert found == make_report(saved, assessment())
        assert ModelVersion.objects.get(pk=saved.pk).report == "models/uk/20260304T050600-abc/assessment.json"

    def test_what_became_of_the_version_since(self) -> None:
        saved = stored()
        ModelVersion.objects.filter(pk=saved.pk).update(state=ModelState.RETIRED, seconds=7.5)
        found = get_report(site_id="uk", stamp=saved.stamp)
        assert (found.state, found.seconds) == ("retired", 7.5)

    def test_a_version_that_was_not_evaluated(self) -> None:
        version().save()
        with pytest.raises(NotFound) as caught:
            get_report(site_id="uk", stamp="20260304T050600-abc")
        assert caught.value.code == "no_report"

    def test_a_version_of_another_site(self) -> None:
        saved = stored()
        with pytest.raises(NotFound):
            get_report(site_id="de", stamp=saved.stamp)


@pytest.mark.django_db
class TestExportReport:
    def test_json_is_the_whole_report(self) -> None:
        saved = stored()
        data = export_report(site_id="uk", stamp=saved.stamp)
        assert msgspec.json.decode(data, type=Report) == get_report(site_id="uk", stamp=saved.stamp)


@pytest.mark.django_db
class TestAdmin:
    def test_the_list_links_to_the_report(self, admin_client: Client) -> None:
        saved = stored()
        answer = admin_client.get("/admin/recommend/modelversion/")
        assert f'href="/admin/recommend/modelversion/{saved.pk}/report"' in answer.content.decode()

    def test_a_version_without_one_has_no_link(self, admin_client: Client) -> None:
        saved = version()
        saved.save()
        answer = admin_client.get("/admin/recommend/modelversion/")
        assert f"{saved.pk}/report" not in answer.content.decode()

    def test_the_page(self, admin_client: Client) -> None:
        answer = admin_client.get(f"/admin/recommend/modelversion/{stored().pk}/report")
        assert answer.status_code == 200
        assert "<h1>Model 20260304T050600-abc</h1>" in answer.content.decode()
        assert answer["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"

    def test_as_json(self, admin_client: Client) -> None:
        answer = admin_client.get(f"/admin/recommend/modelversion/{stored().pk}/report.json")
        assert answer["Content-Type"] == "application/json"
        assert msgspec.json.decode(answer.content, type=Report).stamp == "20260304T050600-abc"

    @pytest.mark.parametrize("name", ["report", "report.json"])
    def test_what_is_not_there(self, admin_client: Client, name: str) -> None:
        unmeasured = version()
        unmeasured.save()
        for number in (unmeasured.pk, unmeasured.pk + 1):
            assert admin_client.get(f"/admin/recommend/modelversion/{number}/{name}").status_code == 404

    def test_strangers_and_staff_without_the_right_see_nothing(self, client: Client, django_user_model: Any) -> None:
        path = f"/admin/recommend/modelversion/{stored().pk}/report"
        assert client.get(path).status_code == 302
        client.force_login(django_user_model.objects.create_user("desk", password="long-enough-12", is_staff=True))
        assert client.get(path).status_code == 404


@pytest.mark.django_db(transaction=True)
class TestTraining:
    def test_leaves_a_report_of_the_hold_out(self, shop: str) -> None:
        walk(600)
        model = train_site(site_id=shop, now=NOW)
        found = get_report(site_id=shop, stamp=model.stamp)
        version = ModelVersion.objects.get(stamp=model.stamp)
        assert found.assessment.questions == version.metrics["cases"]
        assert list(found.assessment.models) == ["this model", "popularity"]
        for name, prefix in (("this model", ""), ("popularity", "popularity_")):
            figures = found.assessment.models[name].groups["all"].figures
            for metric in ("recall@10", "ndcg@10"):
                assert figures[metric].mean == pytest.approx(version.metrics[prefix + metric], abs=2e-6)
        assert "<h1>Model" in render_page(found)
