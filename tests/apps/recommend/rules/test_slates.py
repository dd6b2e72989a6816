"""The decision table of rules: which slate the steps after retrieval make of a plan, case by case."""

from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import pytest

from apps.recommend.columns import Candidates
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.serving import Request
from apps.recommend.serving.arrange import put_places
from apps.recommend.serving.ready import ReadySite
from apps.recommend.serving.score import put_scores
from apps.recommend.serving.state import Draft, Found
from specrec.kernel.ids import new_id
from tests.apps.recommend.rules.vectors import COLUMNS, Run, named, read_cases

SCORES = {"f1": 0.9, "f2": 0.8, "f3": 0.7, "f4": 0.6, "s1": 0.5, "c1": 0.4}
CASES = [case for case in read_cases("conflicts") if "slate" in case["expect"]]


def slate_of(run: Run) -> list[str]:
    """Return what is shown where one source found all that it may, in the order of the scores."""
    may = run.plan.mask
    found = {COLUMNS.row_of[item]: score for item, score in SCORES.items()}
    rows = [row for row in found if may[row] and row not in run.banned]
    draft = Draft(
        site_id="lens-lane",
        request=Request(placement="home"),
        now=datetime.fromtimestamp(run.now, UTC),
        recommendation_id=new_id(),
        ready=cast("ReadySite", None),  # these steps ask it nothing where the placement has no settings
        placement=PlacementInfo("home", "Home", "popular", run.limit),
        limit=run.limit,
        offer=run.offer,
    )
    draft.plan, draft.mask, draft.banned = run.plan, may, np.array(sorted(run.banned), dtype=np.int32)
    if rows:
        scores = np.array([found[row] for row in rows], dtype=np.float32)
        because = np.full(len(rows), -1, dtype=np.int32)
        draft.found = [Found("popular", Candidates(np.array(rows, dtype=np.int32), scores, because))]
    put_scores(draft)
    put_places(draft)
    return named(draft.rows)


class TestSlates:
    @pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
    def test_case(self, case: dict[str, Any]) -> None:
        assert slate_of(Run(case)) == case["expect"]["slate"]

    def test_there_are_cases(self) -> None:
        assert len(CASES) >= 18
