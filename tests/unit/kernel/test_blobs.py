"""The store of named bytes and folders."""

from pathlib import Path
from typing import Any

import pytest

from specrec.kernel import blobs


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Path:
    """The folder of the store."""
    settings.BLOBS_DIR = tmp_path / "blobs"
    return tmp_path / "blobs"


class TestPutFolder:
    def test_puts_all_files_at_once(self, store: Path) -> None:
        with blobs.scratch("bases/uk/1") as folder:
            (folder / "a.npy").write_bytes(b"a")
            assert not blobs.exists("bases/uk/1")
            blobs.put_folder("bases/uk/1", folder)

        assert blobs.get("bases/uk/1/a.npy") == b"a"
        assert [path.name for path in (store / "bases" / "uk").iterdir()] == ["1"]

    def test_replaces_nothing(self) -> None:
        blobs.put("bases/1/a", b"old")

        with blobs.scratch("bases/1") as folder, pytest.raises(FileExistsError, match="bases/1"):
            blobs.put_folder("bases/1", folder)

        assert blobs.get("bases/1/a") == b"old"

    def test_refuses_a_key_outside_of_the_store(self) -> None:
        with blobs.scratch("bases/1") as folder, pytest.raises(ValueError, match="leaves the store"):
            blobs.put_folder("../1", folder)


class TestScratch:
    def test_leaves_nothing_behind(self, store: Path) -> None:
        with blobs.scratch("bases/1") as folder:
            (folder / "a.npy").write_bytes(b"a")

        assert list((store / "bases").iterdir()) == []


class TestListKeys:
    def test_names_what_is_directly_below(self) -> None:
        for key in ("bases/b/x", "bases/a", "bases/.hidden", "other"):
            blobs.put(key, b"")

        assert blobs.list_keys("bases") == ["a", "b"]

    def test_of_nothing(self) -> None:
        assert blobs.list_keys("bases") == []
