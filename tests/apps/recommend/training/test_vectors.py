"""Vectors in the database: sets by model version, written and removed in small transactions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.db import connection

from apps.recommend.models import ItemVector
from apps.recommend.registry import vectors
from apps.recommend.registry.promote import promote_model
from tests.apps.recommend.training.small_model import (
    NOW,
    SITE,
    MakeVersion,
    give_own_store,  # noqa: F401 - a fixture
    open_site,  # noqa: F401 - the fixture "site"
    provide_make_version,  # noqa: F401 - the fixture "make_version"
    small_arrays,
)

pytestmark = pytest.mark.django_db(transaction=True)


def sets() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for stamp, item in ItemVector.objects.order_by("model_stamp", "item_id").values_list("model_stamp", "item_id"):
        found.setdefault(stamp, []).append(item)
    return found


class Watch:
    """Notes of each statement that writes vectors whether a transaction was open around it; may fail at one of them."""

    def __init__(self, *, fail_at: int | None = None) -> None:
        self.within: list[bool] = []
        self.fail_at = fail_at

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's signature
        if "recommend_itemvector" in sql and not sql.lstrip().startswith("SELECT"):
            self.within.append(connection.in_atomic_block)
            if len(self.within) == self.fail_at:
                raise InterruptedError
        return execute(sql, params, many, context)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write two rows a transaction."""
    monkeypatch.setattr(vectors, "CHUNK", 2)


class TestPublishVectors:
    def test_the_new_set_replaces_the_old_in_pieces(self, make_version: MakeVersion, small_pieces: None) -> None:
        for stamp in ("m1", "m2"):
            make_version(stamp)
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        watch = Watch()
        with connection.execute_wrapper(watch):
            promote_model(site_id=SITE, stamp="m2", now=NOW)
        assert sets() == {"m2": ["a", "b", "c"]}
        assert watch.within == [False] * 4  # two pieces written, two removed, none in a longer transaction

    @pytest.mark.parametrize(("fail_at", "left"), [(2, {"m1": ["a", "b", "c"], "m2": ["a", "b"]}), (3, None)])
    def test_a_crash_in_between_is_made_good_by_the_next(
        self, make_version: MakeVersion, small_pieces: None, fail_at: int, left: dict[str, list[str]] | None
    ) -> None:
        for stamp in ("m1", "m2", "m3"):
            make_version(stamp)
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        with connection.execute_wrapper(Watch(fail_at=fail_at)), pytest.raises(InterruptedError):
            promote_model(site_id=SITE, stamp="m2", now=NOW)
        assert sets() == (left or {"m1": ["a", "b", "c"], "m2": ["a", "b", "c"]})
        promote_model(site_id=SITE, stamp="m3", now=NOW)
        assert sets() == {"m3": ["a", "b", "c"]}

    def test_nothing_when_it_is_not_promoted_any_more(self, make_version: MakeVersion) -> None:
        for stamp in ("m1", "m2"):
            make_version(stamp)
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        vectors.publish_vectors(site_id=SITE, stamp="m2", arrays=small_arrays())
        assert sets() == {"m1": ["a", "b", "c"]}

    def test_the_lock_is_free_afterwards(self, make_version: MakeVersion) -> None:
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 2))", [SITE])
                assert cursor.fetchone() == (True,)
        finally:
            other.close()


class TestWriteVectors:
    def test_what_is_there_stays_and_zeros_are_left_out(self, site: str) -> None:
        first = vectors.Embedded(["a", "b"], ["frame", "frame"], np.array([True, False]), np.eye(2, 64, dtype="f4"))
        vectors.write_vectors(site_id=site, stamp="m1", items=first)
        again = vectors.Embedded(["a", "n"], ["frame", "frame"], np.array([True, True]), np.zeros((2, 64), "f4"))
        again.vectors[0, 5] = 1.0
        vectors.write_vectors(site_id=site, stamp="m1", items=again)
        rows = ItemVector.objects.order_by("item_id").values_list("item_id", "published", "embedding")
        assert [(item, published, list(vector[:2])) for item, published, vector in rows] == [
            ("a", True, [1.0, 0.0]),
            ("b", False, [0.0, 1.0]),
        ]
