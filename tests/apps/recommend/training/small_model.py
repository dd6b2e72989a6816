"""A site, and a model of three items made by hand; the fixtures are imported by the tests that use them.

Not a conftest: pytest reads those before Django is set up.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pytest_django.fixtures import Settings

from apps.profiles import api as profiles
from apps.profiles.contracts import SiteInfo
from apps.recommend.models import ModelState, ModelVersion
from apps.recommend.registry.artifacts import Manifest, write_artifact
from apps.recommend.registry.engine_arrays import to_arrays
from apps.recommend.registry.loaded import forget_loaded
from apps.recommend.registry.unpacked import encode_ids, told
from apps.recommend.training.recipes import DEFAULT_RECIPE
from tests.apps.recommend.small_engine import make_engine, make_params

SITE = "lens-lane"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ENGINE = make_engine([1.0, 0.5, 0.0], after=[(0, 1, 1.0)], alike=[(0, 2, 1.0), (2, 0, 1.0)])
MakeVersion = Callable[..., ModelVersion]


@pytest.fixture(name="own_store", autouse=True)
def give_own_store(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Give each test an empty blob store and a process that has loaded nothing."""
    settings.BLOBS_DIR = tmp_path
    forget_loaded()
    yield
    forget_loaded()


@pytest.fixture(name="site")
def open_site(db: None) -> str:
    """Return a site."""
    info = SiteInfo(site_id=SITE, name="Lens Lane", locale="en-GB", currency="GBP", time_zone="UTC")
    return profiles.ensure_site(site=info).site_id


def small_arrays() -> dict[str, np.ndarray]:
    """Return a model of three items: b follows a; a and c are alike."""
    vectors = np.zeros((3, 64), dtype=np.float32)
    vectors[0, 0] = vectors[2, 0] = vectors[1, 1] = 1.0
    return {
        "item_ids": encode_ids(["a", "b", "c"]),
        "item_types": encode_ids(["frame", "frame", "solution"]),
        "published": np.array([True, True, True]),
        "vectors": vectors,
        **to_arrays(ENGINE),
    }


def small_manifest(stamp: str) -> Manifest:
    """Return the manifest that goes with `small_arrays`."""
    return Manifest(
        format=0,
        site_id=SITE,
        stamp=stamp,
        recipe="shop-1",
        parameters=DEFAULT_RECIPE.parameters() | told(make_params()),
        metrics={},
        data_from=None,
        data_until=None,
        arrays={},
    )


@pytest.fixture(name="make_version")
def provide_make_version(site: str) -> MakeVersion:
    """Return a function that stores a version with its artifact."""

    def make(stamp: str, *, created_at: datetime = NOW, state: str = ModelState.TRAINED) -> ModelVersion:
        write_artifact(manifest=small_manifest(stamp), arrays=small_arrays())
        return ModelVersion.objects.create(
            site_id=site, stamp=stamp, recipe="shop-1", created_at=created_at, state=state
        )

    return make
