"""Promotion, roll-back, what a process then answers with, and what nearest-neighbour search sees."""

from datetime import timedelta

import pytest

from apps.recommend import selectors
from apps.recommend.models import ItemVector, ModelVersion, TrainingSchedule
from apps.recommend.registry import loaded, promote, prune
from apps.recommend.registry.artifacts import BadArtifact
from apps.recommend.registry.guard import is_gone_back_to
from apps.recommend.registry.loaded import get_loaded
from apps.recommend.registry.promote import promote_model, retire_model, roll_back, shadow_model
from apps.recommend.registry.prune import prune_versions
from specrec.kernel import blobs
from specrec.kernel.errors import Conflict, NotFound
from tests.apps.recommend.training.small_model import (
    NOW,
    SITE,
    MakeVersion,
    give_own_store,  # noqa: F401 - a fixture
    open_site,  # noqa: F401 - the fixture "site"
    provide_make_version,  # noqa: F401 - the fixture "make_version"
)

LATER = NOW + timedelta(hours=1)


def states() -> dict[str, str]:
    return dict(ModelVersion.objects.values_list("stamp", "state"))


def loaded_stamp() -> str | None:
    model = get_loaded(SITE)
    return None if model is None else model.stamp


class TestPromoteModel:
    def test_the_first(self, make_version: MakeVersion) -> None:
        make_version("m1")
        info = promote_model(site_id=SITE, stamp="m1", now=NOW)
        assert (info.stamp, info.state, loaded_stamp()) == ("m1", "promoted", "m1")

    def test_the_second_retires_the_first(self, make_version: MakeVersion) -> None:
        for stamp in ("m1", "m2"):
            make_version(stamp)
            promote_model(site_id=SITE, stamp=stamp, now=NOW)
        assert states() == {"m1": "retired", "m2": "promoted"}
        assert loaded_stamp() == "m2"

    def test_unknown(self, make_version: MakeVersion) -> None:
        make_version("m1")
        with pytest.raises(NotFound):
            promote_model(site_id=SITE, stamp="m9", now=NOW)
        assert states() == {"m1": "trained"}

    def test_of_another_site(self, make_version: MakeVersion) -> None:
        make_version("m1")
        with pytest.raises(NotFound):
            promote_model(site_id="elsewhere", stamp="m1", now=NOW)
        assert states() == {"m1": "trained"}

    def test_a_broken_artifact_changes_nothing(self, make_version: MakeVersion) -> None:
        for stamp in ("m1", "m2"):
            make_version(stamp)
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        blobs.delete(f"models/{SITE}/m2/manifest.json")
        with pytest.raises(BadArtifact):
            promote_model(site_id=SITE, stamp="m2", now=LATER)
        assert states() == {"m1": "promoted", "m2": "trained"}
        assert set(ItemVector.objects.values_list("model_stamp", flat=True)) == {"m1"}

    def test_vectors_answer_who_is_near(self, make_version: MakeVersion) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        near = selectors.list_nearest_items(site_id=SITE, stamp="m1", item_id="a", limit=1)
        assert [(item, round(similarity, 6)) for item, similarity in near] == [("c", 1.0)]
        frames = selectors.list_nearest_items(site_id=SITE, stamp="m1", item_id="a", limit=1, item_types=["frame"])
        assert frames[0][0] == "b"
        assert selectors.list_nearest_items(site_id="elsewhere", stamp="m1", item_id="a", limit=1) == []
        assert selectors.list_nearest_items(site_id=SITE, stamp="m2", item_id="a", limit=1) == []


class TestRollBack:
    def test_to_the_one_before(self, make_version: MakeVersion) -> None:
        for hours, stamp in enumerate(("m1", "m2", "m3")):
            make_version(stamp)
            promote_model(site_id=SITE, stamp=stamp, now=NOW + timedelta(hours=hours))
        assert roll_back(site_id=SITE, now=LATER).stamp == "m2"
        assert states() == {"m1": "retired", "m2": "promoted", "m3": "retired"}
        assert loaded_stamp() == "m2"
        assert set(ItemVector.objects.values_list("model_stamp", flat=True)) == {"m2"}

    def test_twice_goes_further_back_not_forth(self, make_version: MakeVersion) -> None:
        for hours, stamp in enumerate(("m1", "m2", "m3")):
            make_version(stamp)
            promote_model(site_id=SITE, stamp=stamp, now=NOW + timedelta(hours=hours))
        roll_back(site_id=SITE, now=LATER)
        assert roll_back(site_id=SITE, now=LATER).stamp == "m1"

    def test_nothing_to_go_back_to(self, make_version: MakeVersion) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        with pytest.raises(Conflict):
            roll_back(site_id=SITE, now=LATER)
        assert states() == {"m1": "promoted"}

    def test_says_why_and_when(self, make_version: MakeVersion) -> None:
        for hours, stamp in enumerate(("m1", "m2")):
            make_version(stamp)
            promote_model(site_id=SITE, stamp=stamp, now=NOW + timedelta(hours=hours))
        roll_back(site_id=SITE, now=LATER, stamp="m2", reason="It emptied slates.")
        withdrawn = ModelVersion.objects.get(stamp="m2")
        assert (withdrawn.state, withdrawn.note, withdrawn.rolled_back_at) == ("retired", "It emptied slates.", LATER)
        assert ModelVersion.objects.get(stamp="m1").note == "Rolled back to from m2."

    def test_two_that_found_the_same_fault_go_back_once(self, make_version: MakeVersion) -> None:
        for hours, stamp in enumerate(("m1", "m2", "m3")):
            make_version(stamp)
            promote_model(site_id=SITE, stamp=stamp, now=NOW + timedelta(hours=hours))
        roll_back(site_id=SITE, now=LATER, stamp="m3")
        with pytest.raises(Conflict) as refusal:
            roll_back(site_id=SITE, now=LATER, stamp="m3")
        assert refusal.value.code == "rolled_back_already"
        assert states()["m2"] == "promoted"

    def test_passes_over_one_that_cannot_be_loaded(self, make_version: MakeVersion) -> None:
        for hours, stamp in enumerate(("m1", "m2", "m3")):
            make_version(stamp)
            promote_model(site_id=SITE, stamp=stamp, now=NOW + timedelta(hours=hours))
        blobs.put(f"models/{SITE}/m2/popularity.npy", b"damaged")
        assert roll_back(site_id=SITE, now=LATER).stamp == "m1"

    def test_one_that_was_promoted_again_may_be_gone_back_to(self, make_version: MakeVersion) -> None:
        for hours, stamp in enumerate(("m1", "m2")):
            make_version(stamp)
            promote_model(site_id=SITE, stamp=stamp, now=NOW + timedelta(hours=hours))
        roll_back(site_id=SITE, now=LATER)
        for hours, stamp in ((2, "m2"), (3, "m1")):
            promote_model(site_id=SITE, stamp=stamp, now=NOW + timedelta(hours=hours))
        assert roll_back(site_id=SITE, now=NOW + timedelta(hours=4)).stamp == "m2"


class TestShadowModel:
    def test_answers_nothing(self, make_version: MakeVersion) -> None:
        for stamp in ("m1", "m2"):
            make_version(stamp)
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        assert shadow_model(site_id=SITE, stamp="m2", now=LATER).state == "shadow"
        assert (loaded_stamp(), selectors.list_shadows()) == ("m1", {SITE: ("m2", 0.1)})

    def test_the_one_before_waits_again(self, make_version: MakeVersion) -> None:
        for stamp in ("m1", "m2"):
            make_version(stamp)
            shadow_model(site_id=SITE, stamp=stamp, now=NOW)
        assert states() == {"m1": "candidate", "m2": "shadow"}

    def test_not_the_one_that_answers(self, make_version: MakeVersion) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        with pytest.raises(Conflict):
            shadow_model(site_id=SITE, stamp="m1", now=LATER)
        assert states() == {"m1": "promoted"}


class TestRetireModel:
    def test_a_candidate(self, make_version: MakeVersion) -> None:
        make_version("m1", state="candidate")
        assert retire_model(site_id=SITE, stamp="m1").state == "retired"

    def test_is_not_what_a_roll_back_goes_to(self, make_version: MakeVersion) -> None:
        for stamp in ("m1", "m2"):
            make_version(stamp)
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        retire_model(site_id=SITE, stamp="m2")
        with pytest.raises(Conflict):
            roll_back(site_id=SITE, now=LATER)

    def test_not_the_one_that_answers(self, make_version: MakeVersion) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        with pytest.raises(Conflict) as refusal:
            retire_model(site_id=SITE, stamp="m1")
        assert "Promote another or roll back first" in refusal.value.message
        assert states() == {"m1": "promoted"}


class TestPruneVersions:
    def test_one_that_came_into_use_meanwhile_stays(
        self, make_version: MakeVersion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for hours, stamp in enumerate(("m0", "m1", "m2")):
            make_version(stamp, created_at=NOW + timedelta(hours=hours))
        needed = prune._needed

        def promote_beside(site_id: str, rows: list[ModelVersion]) -> set[int]:
            found = needed(site_id, rows)
            promote_model(site_id=SITE, stamp="m0", now=LATER)
            return found

        monkeypatch.setattr(prune, "_needed", promote_beside)
        assert prune_versions(site_id=SITE, kept=2) == []
        assert states()["m0"] == "promoted"
        assert loaded_stamp() == "m0"

    def test_keeps_what_tells_that_the_promoted_one_was_gone_back_to(self, make_version: MakeVersion) -> None:
        for hours, stamp in enumerate(("m0", "m1", "m2")):
            make_version(stamp, created_at=NOW + timedelta(hours=hours))
            promote_model(site_id=SITE, stamp=stamp, now=NOW + timedelta(hours=hours))
        roll_back(site_id=SITE, now=NOW + timedelta(hours=3))
        for hours in range(3, 6):
            make_version(f"m{hours}", created_at=NOW + timedelta(hours=hours), state="candidate")
        prune_versions(site_id=SITE, kept=2)
        assert is_gone_back_to(ModelVersion.objects.get(stamp="m1"))

    def test_one_that_is_removed_while_it_is_promoted(
        self, make_version: MakeVersion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_version("m0")
        monkeypatch.setattr(promote, "_locked", lambda _: {})
        with pytest.raises(NotFound):
            promote_model(site_id=SITE, stamp="m0", now=NOW)

    def test_keeps_the_newest_and_the_promoted(self, make_version: MakeVersion) -> None:
        for hours in range(4):
            make_version(f"m{hours}", created_at=NOW + timedelta(hours=hours))
        promote_model(site_id=SITE, stamp="m0", now=LATER)
        assert prune_versions(site_id=SITE, kept=2) == ["m1"]
        assert sorted(states()) == ["m0", "m2", "m3"]
        assert not blobs.exists(f"models/{SITE}/m1/manifest.json")

    def test_keeps_what_a_roll_back_goes_to_whatever_was_rejected_since(self, make_version: MakeVersion) -> None:
        for hours, stamp in enumerate(("m0", "m1", "m2")):
            make_version(stamp, created_at=NOW + timedelta(hours=hours))
            promote_model(site_id=SITE, stamp=stamp, now=NOW + timedelta(hours=hours))
        for hours in range(3, 6):
            make_version(f"m{hours}", created_at=NOW + timedelta(hours=hours), state="rejected")
        assert prune_versions(site_id=SITE, kept=1) == ["m0", "m4", "m3"]
        assert states() == {"m1": "retired", "m2": "promoted", "m5": "rejected"}
        assert roll_back(site_id=SITE, now=NOW + timedelta(hours=9)).stamp == "m1"

    def test_rejected_versions_do_not_push_out_others(self, make_version: MakeVersion) -> None:
        for hours in range(2):
            make_version(f"m{hours}", created_at=NOW + timedelta(hours=hours))
        for hours in range(2, 5):
            make_version(f"m{hours}", created_at=NOW + timedelta(hours=hours), state="rejected")
        assert prune_versions(site_id=SITE, kept=2) == ["m2"]
        assert sorted(states()) == ["m0", "m1", "m3", "m4"]

    def test_keeps_what_is_in_the_shadow_and_the_newest_candidate(self, make_version: MakeVersion) -> None:
        for hours, state in enumerate(("candidate", "candidate", "shadow", "trained")):
            make_version(f"m{hours}", created_at=NOW + timedelta(hours=hours), state=state)
        assert prune_versions(site_id=SITE, kept=1) == ["m0"]

    def test_as_many_as_the_schedule_says(self, make_version: MakeVersion) -> None:
        TrainingSchedule.objects.create(site_id=SITE, kept_versions=2)
        for hours in range(4):
            make_version(f"m{hours}", created_at=NOW + timedelta(hours=hours))
        assert prune_versions(site_id=SITE) == ["m1", "m0"]


class TestGetLoaded:
    def test_none_without_a_promoted_version(self, make_version: MakeVersion) -> None:
        make_version("m1")
        assert get_loaded(SITE) is None

    def test_the_loaded_one_stays_when_the_next_cannot_be_read(self, make_version: MakeVersion) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        before = get_loaded(SITE)
        make_version("m2")
        promote_model(site_id=SITE, stamp="m2", now=LATER)
        blobs.delete(f"models/{SITE}/m2")
        assert get_loaded(SITE) is before

    def test_a_passing_read_error_is_tried_again_after_growing_pauses(
        self, make_version: MakeVersion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        tries = attempts(monkeypatch, OSError("stale file handle"))
        assert loaded_stamp() is None
        found = []
        for second in range(1, 1_001):
            monkeypatch.setattr(loaded, "monotonic", lambda second=second: float(second))
            before = len(tries)
            loaded_stamp()
            found += [second] * (len(tries) - before)
        assert found == [5, 15, 35, 75, 155, 315, 615, 915]
        monkeypatch.undo()
        monkeypatch.setattr(loaded, "monotonic", lambda: 1_215.0)
        assert loaded_stamp() == "m1"

    def test_an_artifact_that_comes_late_is_loaded(
        self, make_version: MakeVersion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        manifest = blobs.get(f"models/{SITE}/m1/manifest.json")
        blobs.delete(f"models/{SITE}/m1/manifest.json")
        monkeypatch.setattr(loaded, "monotonic", lambda: 0.0)
        assert loaded_stamp() is None
        blobs.put(f"models/{SITE}/m1/manifest.json", manifest)
        assert loaded_stamp() is None
        monkeypatch.setattr(loaded, "monotonic", lambda: loaded.FIRST_PAUSE)
        assert loaded_stamp() == "m1"

    def test_what_was_damaged_is_loaded_once_it_is_mended(
        self, make_version: MakeVersion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        whole = blobs.get(f"models/{SITE}/m1/popularity.npy")
        blobs.put(f"models/{SITE}/m1/popularity.npy", b"damaged")
        monkeypatch.setattr(loaded, "monotonic", lambda: 0.0)
        assert loaded_stamp() is None
        blobs.put(f"models/{SITE}/m1/popularity.npy", whole)
        assert loaded_stamp() is None
        monkeypatch.setattr(loaded, "monotonic", lambda: loaded.FIRST_PAUSE)
        assert loaded_stamp() == "m1"

    def test_what_does_not_fit_this_program_is_never_tried_again(
        self, make_version: MakeVersion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        manifest = blobs.get(f"models/{SITE}/m1/manifest.json")
        blobs.put(f"models/{SITE}/m1/manifest.json", manifest.replace(b'"format":', b'"format":9'))
        assert loaded_stamp() is None
        tries = attempts(monkeypatch, AssertionError("read again"))
        monkeypatch.setattr(loaded, "monotonic", lambda: 1e9)
        assert (loaded_stamp(), tries) == (None, [])


def attempts(monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[str]:
    """Make reading fail, time standing at 0, and return the list to which each attempt adds the stamp."""
    tries: list[str] = []

    def read(*, stamp: str, **_: object) -> None:
        tries.append(stamp)
        raise error

    monkeypatch.setattr(loaded, "read_version", read)
    monkeypatch.setattr(loaded, "monotonic", lambda: 0.0)
    return tries
