"""What a process holds ready, and what it does when parts are away; what it says was served."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError, connection
from numba import typeof

from apps.catalog import api as catalog
from apps.profiles import api as profiles
from apps.recommend import api, columns
from apps.recommend.ml.engine import Engine, Scored, score
from apps.recommend.ml.tables import Rows
from apps.recommend.serving import expose, laying, reading, sites
from apps.tracking import api as tracking
from apps.tracking.contracts import Exposure
from specrec.kernel.errors import NotFound, Unavailable
from specrec.kernel.ids import shopper_id
from tests.apps.recommend.serving.lens_lane import (
    ANNA,
    SITE,
    answer_with_known_model,  # noqa: F401 - the fixture "model"
    ask,
    consent,
    ids,
    known_model,
    open_lens_lane,  # noqa: F401 - the fixture "shop"
)


def break_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_arguments: object) -> int:
        raise OperationalError

    monkeypatch.setattr(profiles, "get_site", away)


@pytest.mark.usefixtures("model")
class TestGetReady:
    def test_nothing_is_read_again_while_nothing_moves(self) -> None:
        assert sites.get_ready(SITE) is sites.get_ready(SITE)

    def test_what_was_read_last_answers_while_the_database_is_away(
        self, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
    ) -> None:
        before = ids(ask("popular"))
        settings.MODEL_POLL_SECONDS = 3_600.0
        monkeypatch.setattr(expose.ExposureBuffer, "_start", lambda _self: None)
        monkeypatch.setattr(sites._Sites, "_start", lambda _self: None)
        break_database(monkeypatch)
        sites.refresh_ready()
        assert ids(ask("popular")) == before

    def test_a_site_that_was_never_read_is_unavailable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sites.forget_ready()
        break_database(monkeypatch)
        with pytest.raises(Unavailable) as caught:
            ask("popular")
        assert caught.value.code == "catalogue_unavailable"


class TestRefresh:
    """A site that cannot be read stands before one that can."""

    @pytest.fixture
    def held(self, monkeypatch: pytest.MonkeyPatch) -> sites._Sites:
        found = sites._Sites()
        found._ready = {"broken": "old", "fine": "old"}  # type: ignore[dict-item]  # what they hold is not looked at
        monkeypatch.setattr(sites, "_SITES", found)
        return found

    @pytest.mark.parametrize(
        ("error", "left"),
        [
            (IndexError("a defect"), {"broken": "old", "fine": "new"}),
            (OperationalError(), {"broken": "old", "fine": "new"}),
            (NotFound("gone", code="unknown_site"), {"fine": "new"}),
        ],
    )
    def test_it_does_not_hold_up_the_next(
        self, monkeypatch: pytest.MonkeyPatch, held: sites._Sites, error: Exception, left: dict[str, object]
    ) -> None:
        def read(site_id: str, _held: object) -> str:
            if site_id == "broken":
                raise error
            return "new"

        monkeypatch.setattr(sites, "read_site", read)
        sites.refresh_ready()
        found: dict[str, object] = dict(sites.list_ready())
        assert found == left


@pytest.mark.usefixtures("model")
class TestWarmUp:
    def test_every_site_is_held(self) -> None:
        sites.forget_ready()
        api.warm_up()
        assert api.is_ready()["sites"] == {
            SITE: {"catalogue": catalog.get_stamp(site_id=SITE), "items": 7, "model": "known"}
        }


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Exposure]:
    """What reaches the stream."""
    kept: list[Exposure] = []
    monkeypatch.setattr(expose, "_BUFFER", expose.ExposureBuffer(size=2))

    def record(*, exposures: Sequence[Exposure]) -> None:
        kept.extend(exposures)

    monkeypatch.setattr(tracking, "record_exposures", record)
    return kept


@pytest.mark.usefixtures("shop")
class TestFirstQuestion:
    @pytest.mark.usefixtures("model")
    def test_a_version_is_asked_before_any_request_in_the_same_machine_code(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another type of array would be another function, and be compiled while somebody waits."""
        asked: list[tuple[str, object]] = []

        def spy(engine: Engine, history: Rows, **how: Any) -> Scored:
            shares, allowed = how["shares"], how["allowed"]
            asked.append((who, tuple(map(typeof, (history, shares, allowed.mask, allowed.place)))))
            return score(engine, history, **how)

        monkeypatch.setattr(laying, "score", spy)
        monkeypatch.setattr(columns, "score", spy)
        monkeypatch.setattr(reading, "find_weights", lambda **_: {"view": 1.0})
        who = "nobody"
        sites.forget_ready()
        api.warm_up()
        who = "a shopper"
        ask("for-you", history=["frame-a"])
        assert [name for name, _ in asked] == ["nobody", "a shopper"]
        assert asked[0][1] == asked[1][1]

    def test_one_that_fails_is_left_to_the_guard(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> Scored:
            raise IndexError("a defect")

        monkeypatch.setattr(reading, "get_loaded", lambda _site_id: known_model())
        monkeypatch.setattr(laying, "score", fail)
        sites.forget_ready()
        assert ask("for-you", history=["frame-a"]).model == "known"


@pytest.mark.usefixtures("model")
class TestExposures:
    def test_a_slate_is_written_as_it_was_served(self, written: list[Exposure]) -> None:
        consent("anna", "history_personalisation")
        answer = ask("popular", shopper=ANNA, store_id=None, channel="mobile")
        expose.flush_exposures()
        (found,) = written
        assert (found.recommendation_id, found.item_ids) == (answer.recommendation_id, ids(answer))
        assert (found.shopper_id, found.channel) == (shopper_id(SITE, "anonymous", "anna"), "mobile")
        assert (found.strategy, found.fallback, found.model) == ("popular", None, "known")

    def test_nobody_is_named_without_consent(self, written: list[Exposure]) -> None:
        ask("popular", shopper=ANNA)
        expose.flush_exposures()
        assert [found.shopper_id for found in written] == [None]

    def test_an_empty_slate_is_not_an_exposure(self, written: list[Exposure]) -> None:
        shown = ask("popular", limit=100)
        written.clear()
        assert ask("popular", exclude_item_ids=[item.item_id for item in shown.items]).items == ()
        expose.flush_exposures()
        assert [found for found in written if not found.item_ids] == []

    def test_what_does_not_fit_is_counted(self, written: list[Exposure]) -> None:
        for _ in range(3):
            ask("popular")
        assert expose.exposure_counts() == {"waiting": 2, "lost": 1}
        expose.flush_exposures()
        assert len(written) == 2

    def test_what_cannot_be_written_waits(self, monkeypatch: pytest.MonkeyPatch, written: list[Exposure]) -> None:
        def away(**_arguments: object) -> None:
            raise Unavailable("away", code="stream_unavailable")

        with monkeypatch.context() as patch:
            patch.setattr(tracking, "record_exposures", away)
            patch.setattr(connection, "close", lambda: None)
            ask("popular")
            expose.flush_exposures()
        assert expose.exposure_counts() == {"waiting": 1, "lost": 0}
        expose.flush_exposures()
        assert len(written) == 1

    def test_what_can_never_be_written_is_lost_and_counted(
        self, monkeypatch: pytest.MonkeyPatch, written: list[Exposure]
    ) -> None:
        def defect(**_arguments: object) -> None:
            raise TypeError

        with monkeypatch.context() as patch:
            patch.setattr(tracking, "record_exposures", defect)
            ask("popular")
            expose.flush_exposures()
        assert expose.exposure_counts() == {"waiting": 0, "lost": 1}
        ask("popular")
        expose.flush_exposures()
        assert len(written) == 1

    def test_the_thread_outlives_a_defect(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Over(BaseException):
            """Ends the thread's loop."""

        flushes = iter([RuntimeError("a defect"), Over()])

        def flush() -> None:
            raise next(flushes)

        buffer = expose.ExposureBuffer(size=2)
        buffer._waiting.append(None)  # type: ignore[arg-type]  # what waits is not looked at
        monkeypatch.setattr(expose, "close_old_connections", lambda: None)
        monkeypatch.setattr(buffer, "flush", flush)
        with pytest.raises(Over):
            buffer._follow()
