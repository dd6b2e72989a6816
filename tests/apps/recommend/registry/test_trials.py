"""The end of a time in the shadow: when it is over, what is held against a version, and who follows."""

from datetime import timedelta

import pytest

from apps.recommend.models import ModelVersion, TrainingSchedule
from apps.recommend.registry import counters
from apps.recommend.registry.promote import promote_model, shadow_model
from apps.recommend.registry.trials import find_fault, judge_shadows, shadow_figures
from specrec.kernel import blobs
from tests.apps.recommend.training.small_model import (
    NOW,
    SITE,
    MakeVersion,
    give_own_store,  # noqa: F401 - a fixture
    open_site,  # noqa: F401 - the fixture "site"
    provide_make_version,  # noqa: F401 - the fixture "make_version"
)

LIMITS = TrainingSchedule(site_id=SITE)
OVER = NOW + timedelta(hours=2)
FINE = {"shadow_scored": 100.0, "shadow_overlap": 60.0, "shadow_ms": 250.0, "shadow_empty": 2.0}


class TestFindFault:
    def test_none(self) -> None:
        assert find_fault(FINE, LIMITS) is None

    def test_nothing_was_scored(self) -> None:
        assert find_fault({}, LIMITS) is None

    def test_failures(self) -> None:
        assert find_fault(FINE | {"shadow_errors": 10.0}, LIMITS) == (
            "In the shadow 10.0% of 100 requests failed; 5.0% may."
        )

    def test_empty_answers(self) -> None:
        fault = find_fault(FINE | {"shadow_empty": 40.0}, LIMITS)
        assert fault is not None
        assert fault.startswith("In the shadow it found nothing for 40.0% of 100 requests")

    def test_as_empty_as_what_answers(self) -> None:
        assert find_fault(FINE | {"shadow_empty": 40.0, "served_empty": 38.0}, LIMITS) is None


class TestShadowFigures:
    def test_shares(self) -> None:
        found = shadow_figures(FINE | {"shadow_dropped": 3.0})
        assert found == {
            "scored": 100.0, "dropped": 3.0, "overlap@10": 0.6, "empty_share": 0.02, "error_share": 0.0, "ms": 2.5,
        }  # fmt: skip

    def test_scores_that_moved(self) -> None:
        same = shadow_figures(FINE | {"served_top1": 50.0, "shadow_top1": 50.0})
        other = shadow_figures(FINE | {"served_top1": 50.0, "shadow_top4": 50.0})
        assert same["score_psi"] == pytest.approx(0.0)
        assert other["score_psi"] > 1.0

    def test_nothing_scored(self) -> None:
        assert shadow_figures({}) == {"scored": 0.0, "dropped": 0.0}


class TestJudgeShadows:
    @pytest.fixture(autouse=True)
    def _begin(self, make_version: MakeVersion) -> None:
        """Promote m1, and try m2, as the site wants every version tried."""
        TrainingSchedule.objects.create(site_id=SITE, promotion="after_shadow")
        for hours, stamp in enumerate(("m1", "m2")):
            make_version(stamp, created_at=NOW + timedelta(hours=hours))
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        shadow_model(site_id=SITE, stamp="m2", now=NOW, note="Passed.")

    def scored(self, **amounts: float) -> None:
        counters.count(site_id=SITE, stamp="m2", at=NOW.timestamp(), amounts=FINE | amounts)
        counters.flush()

    def state_of(self, stamp: str) -> tuple[str, str]:
        version = ModelVersion.objects.get(stamp=stamp)
        return version.state, version.note

    def test_the_time_is_not_over(self) -> None:
        self.scored()
        assert judge_shadows(now=OVER - timedelta(minutes=1)) == []
        assert self.state_of("m2")[0] == "shadow"

    def test_answers_when_it_is(self) -> None:
        self.scored()
        assert judge_shadows(now=OVER) == ["m2"]
        assert self.state_of("m2") == ("promoted", "Passed. In the shadow: 100 requests, overlap@10 0.60.")
        assert ModelVersion.objects.get(stamp="m2").metrics["shadow_overlap@10"] == 0.6

    def test_too_little_was_scored_so_it_goes_on_for_a_while(self) -> None:
        self.scored(shadow_scored=-90.0)
        assert judge_shadows(now=OVER) == []
        assert judge_shadows(now=NOW + timedelta(hours=8)) == ["m2"]

    def test_rejected_with_the_reason(self) -> None:
        self.scored(shadow_errors=50.0)
        judge_shadows(now=OVER)
        assert self.state_of("m2") == ("rejected", "In the shadow 50.0% of 100 requests failed; 5.0% may.")
        assert self.state_of("m1")[0] == "promoted"

    def test_one_that_cannot_be_read_any_more_is_rejected(self) -> None:
        self.scored()
        blobs.put(f"models/{SITE}/m2/popularity.npy", b"damaged")
        judge_shadows(now=OVER)
        assert self.state_of("m2")[0] == "rejected"
        assert "sha256 differs" in self.state_of("m2")[1]

    def test_the_newest_candidate_follows_and_older_ones_are_overtaken(self, make_version: MakeVersion) -> None:
        for hours, stamp in enumerate(("m3", "m4"), start=2):
            make_version(stamp, created_at=NOW + timedelta(hours=hours), state="candidate")
        self.scored()
        judge_shadows(now=OVER)
        assert [self.state_of(stamp)[0] for stamp in ("m2", "m3", "m4")] == ["promoted", "retired", "shadow"]

    def test_a_newer_version_that_a_person_promoted_meanwhile_stays(self, make_version: MakeVersion) -> None:
        make_version("m3", created_at=NOW + timedelta(hours=2))
        promote_model(site_id=SITE, stamp="m3", now=NOW + timedelta(hours=2), note="By hand.")
        self.scored()
        judge_shadows(now=OVER)
        assert self.state_of("m2") == ("retired", "Passed. Overtaken by a newer version.")
        assert self.state_of("m3") == ("promoted", "By hand.")

    def test_what_a_person_put_there_a_person_takes_out(self) -> None:
        TrainingSchedule.objects.update(promotion="by_hand")
        self.scored()
        assert judge_shadows(now=OVER) == []
        assert self.state_of("m2")[0] == "shadow"
