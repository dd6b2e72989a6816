"""Artifacts: what was written comes back; anything else is refused whole."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from apps.recommend.registry.artifacts import BadArtifact, delete_artifact, read_artifact, write_artifact
from apps.recommend.registry.unpacked import decode_ids, encode_ids, to_loaded
from specrec.commands import ROOT
from specrec.kernel import blobs
from specrec.kernel.crypto import sha256_hex
from tests.apps.recommend.training.small_model import (
    SITE,
    give_own_store,  # noqa: F401 - a fixture
    small_arrays,
    small_manifest,
)


@pytest.fixture
def folder() -> Path:
    """Write a small artifact and return where it lies."""
    write_artifact(manifest=small_manifest("m1"), arrays=small_arrays())
    return blobs.path_of(f"models/{SITE}/m1")


def refused() -> str:
    with pytest.raises(BadArtifact) as caught:
        read_artifact(site_id=SITE, stamp="m1")
    assert caught.value.code == "bad_artifact"
    return caught.value.message


class TestReadArtifact:
    def test_what_was_written_comes_back(self, folder: Path) -> None:
        artifact = read_artifact(site_id=SITE, stamp="m1")
        assert artifact.arrays.keys() == small_arrays().keys()
        for name, array in small_arrays().items():
            assert artifact.arrays[name].dtype == array.dtype
            assert np.array_equal(artifact.arrays[name], array)

    def test_one_changed_byte(self, folder: Path) -> None:
        data = bytearray((folder / "pairs_counts.npy").read_bytes())
        data[-1] ^= 1
        (folder / "pairs_counts.npy").write_bytes(data)
        assert "pairs_counts is not the one that was written" in refused()

    @pytest.mark.parametrize("name", sorted(small_arrays()))
    def test_one_changed_byte_of_any_array(self, folder: Path, name: str) -> None:
        data = bytearray((folder / f"{name}.npy").read_bytes())
        data[len(data) // 2] ^= 1
        (folder / f"{name}.npy").write_bytes(data)
        assert f"{name} is not the one that was written" in refused()

    def test_half_written_without_manifest(self, folder: Path) -> None:
        (folder / "manifest.json").unlink()
        assert "no manifest" in refused()

    def test_truncated_manifest(self, folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_bytes(path.read_bytes()[:-20])
        assert "manifest cannot be read" in refused()

    def test_missing_array(self, folder: Path) -> None:
        (folder / "popularity.npy").unlink()
        assert "popularity is missing" in refused()

    @pytest.mark.parametrize(("key", "value"), [("dtype", "<f8"), ("shape", [4])])
    def test_manifest_that_lies(self, folder: Path, key: str, value: object) -> None:
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["arrays"]["popularity"][key] = value
        path.write_text(json.dumps(manifest))
        assert "the manifest says otherwise" in refused()

    def test_pickles_are_never_loaded(self, folder: Path) -> None:
        np.save(folder / "popularity.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["arrays"]["popularity"]["sha256"] = sha256_hex((folder / "popularity.npy").read_bytes())
        path.write_text(json.dumps(manifest))
        assert "popularity cannot be read" in refused()

    def test_another_format(self, folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(path.read_text().replace('"format":1', '"format":2'))
        assert "its format is 2" in refused()

    def test_the_manifest_of_another_model(self, folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(path.read_text().replace('"stamp":"m1"', '"stamp":"m2"'))
        assert f"belongs to {SITE}/m2" in refused()

    def test_deleted(self, folder: Path) -> None:
        delete_artifact(site_id=SITE, stamp="m1")
        assert not folder.exists()


_WRITE = """
import sys
from django.conf import settings
settings.configure(BLOBS_DIR=sys.argv[1])
import numpy as np
from apps.recommend.registry import artifacts
manifest = artifacts.Manifest(
    format=0, site_id="lens-lane", stamp=sys.argv[2], recipe="r", parameters={}, metrics={},
    data_from=None, data_until=None, arrays={})
print("writing", flush=True)
artifacts.write_artifact(manifest=manifest, arrays={f"a{n}": np.full(50_000, n) for n in range(40)})
print("written", flush=True)
"""


class TestKilledWhileWriting:
    """The process is killed, as by the machine, at moments spread over the writing."""

    @pytest.mark.parametrize("files", [0, 5, 39])
    def test_is_never_loaded(self, tmp_path: Path, files: int) -> None:
        folder = tmp_path / "models" / SITE / "m1"
        with subprocess.Popen(
            [sys.executable, "-c", _WRITE, str(tmp_path), "m1"], stdout=subprocess.PIPE, cwd=ROOT
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            while writer.poll() is None and len(list(folder.glob("*.npy"))) < files:
                time.sleep(0.0005)
            writer.kill()
        if (folder / "manifest.json").exists():  # it was quicker than we were
            assert len(read_artifact(site_id=SITE, stamp="m1").arrays) == 40
        else:
            assert "no manifest" in refused()

    def test_written_again_it_is_whole(self, tmp_path: Path) -> None:
        folder = tmp_path / "models" / SITE / "m1"
        folder.mkdir(parents=True)
        (folder / "popularity.npy").write_bytes(b"half an ar")
        write_artifact(manifest=small_manifest("m1"), arrays=small_arrays())
        assert read_artifact(site_id=SITE, stamp="m1").arrays.keys() == small_arrays().keys()


class TestToLoaded:
    def test_rows_and_parameters(self, folder: Path) -> None:
        loaded = to_loaded(read_artifact(site_id=SITE, stamp="m1"))
        assert (loaded.stamp, loaded.item_ids, loaded.row_of) == ("m1", ["a", "b", "c"], {"a": 0, "b": 1, "c": 2})
        assert (loaded.params.mix.history_decay, loaded.engine.mix.history_decay) == (0.7, 0.7)

    @pytest.mark.parametrize(
        ("name", "array"),
        [
            ("popularity", np.zeros(2, dtype=np.float32)),
            ("popularity", np.zeros(3, dtype=np.float64)),
            ("pairs_indices", np.array([3], dtype=np.int32)),
            ("pairs_indices", np.array([-1], dtype=np.int32)),
            ("content_length", np.array([1, 0, 2], dtype=np.int32)),
            ("content_start", np.array([0, 1, -1], dtype=np.int64)),
            ("latent_vectors", np.zeros((2, 2), dtype=np.float32)),
            ("sessions_item_start", np.array([0, 0, 0, 1], dtype=np.int64)),
            ("tree_root", np.array([0], dtype=np.int32)),
            ("content_start", np.array([0, 1, 2**63 - 1], dtype=np.int64)),
            ("content_weights", np.array([1.0, np.nan], dtype=np.float32)),
            ("pairs_counts", np.array([np.inf], dtype=np.float32)),
            ("popularity", np.array([1.0, np.nan, 0.0], dtype=np.float32)),
            ("latent_vectors", np.full((3, 2), np.nan, dtype=np.float32)),
            ("sessions_age", np.zeros((0, 1), dtype=np.float32)),
        ],
    )
    def test_arrays_that_do_not_fit(self, name: str, array: np.ndarray) -> None:
        write_artifact(manifest=small_manifest("m1"), arrays=small_arrays() | {name: array})
        with pytest.raises(BadArtifact):
            to_loaded(read_artifact(site_id=SITE, stamp="m1"))

    @pytest.mark.parametrize(("name", "value"), [("candidates", 0), ("neighbours_kept", -5), ("neighbours_step", 0.0)])
    def test_a_mix_that_nothing_can_be_answered_by(self, folder: Path, name: str, value: float) -> None:
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["parameters"]["engine"]["mix"][name] = value
        path.write_text(json.dumps(manifest))
        with pytest.raises(BadArtifact, match=name):
            to_loaded(read_artifact(site_id=SITE, stamp="m1"))


class TestEncodeIds:
    @pytest.mark.parametrize("item_ids", [[], ["a"], ["Brille-ä", "b/2", "c"]])
    def test_comes_back(self, item_ids: list[str]) -> None:
        assert decode_ids(encode_ids(item_ids)) == item_ids
