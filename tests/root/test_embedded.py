"""The embedded parts: killed, restarted, launched twice; each test on parts of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import redis

from specrec.commands import ROOT
from specrec.embedded import Parts, PartsError, start_parts
from specrec.processes.spawn import processes_in, wait_until


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the module: making a cluster is the slow part."""
    return tmp_path_factory.mktemp("embedded") / "data"


@pytest.fixture
def parts(folder: Path) -> Iterator[Parts]:
    """Parts of our own, whatever the environment names."""
    with start_parts(folder, environ={}) as running:
        yield running


def _query(parts: Parts, sql: str) -> object:
    with psycopg.connect(parts.database_url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


@contextmanager
def _launched(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Give `python -m specrec.embedded` once its parts answer."""
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    argv = [sys.executable, "-m", "specrec.embedded", str(folder)]
    with subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        assert any(line.startswith("# running") for line in launcher.stdout)
        yield launcher


def _is_gone(folder: Path) -> bool:
    return not processes_in(folder / "postgres", "postgres") and not processes_in(folder / "redis", "redis-server")


class TestStartParts:
    def test_durability_stays_on(self, parts: Parts) -> None:
        settings = {name: _query(parts, f"SHOW {name}") for name in ("fsync", "full_page_writes", "synchronous_commit")}
        assert settings == {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}

    def test_redis_keeps_an_append_only_file(self, parts: Parts) -> None:
        with redis.Redis.from_url(parts.redis_url, decode_responses=True) as client:
            assert client.config_get("appendonly") == {"appendonly": "yes"}

    def test_vectors_are_there(self, parts: Parts) -> None:
        _query(parts, "CREATE EXTENSION IF NOT EXISTS vector")
        assert _query(parts, "SELECT '[3,4]'::vector <-> '[0,0]'::vector") == 5.0

    def test_data_survives_a_restart(self, folder: Path) -> None:
        with start_parts(folder, environ={}) as parts:
            _query(parts, "CREATE TABLE kept AS SELECT 42 AS answer")
        with start_parts(folder, environ={}) as parts:
            assert _query(parts, "SELECT answer FROM kept") == 42

    def test_folder_and_secrets_are_private(self, parts: Parts) -> None:
        assert parts.environment()["SPECREC_SECRET_KEY"]
        modes = {path.name: path.stat().st_mode & 0o777 for path in (parts.folder, parts.folder / "secret_key")}
        assert modes == {"data": 0o700, "secret_key": 0o600}

    def test_addresses_of_the_environment_are_used_instead(self, tmp_path: Path) -> None:
        environ = {"DATABASE_URL": "postgresql://db.example/specrec", "REDIS_URL": "redis://redis.example/0"}
        with start_parts(tmp_path, environ=environ) as parts:
            assert (parts.database_url, parts.redis_url, parts.pids()) == (*environ.values(), {})
            with pytest.raises(PartsError, match="not started here"):
                parts.kill_postgres()

    def test_a_second_launch_on_the_folder_is_refused_by_name(self, parts: Parts) -> None:
        words = rf"in use by another launch \(process {os.getpid()}\).*SPECREC_DATA_DIR"
        with pytest.raises(PartsError, match=words), start_parts(parts.folder, environ={}):
            pytest.fail("two launches share a folder")

    def test_secret_key_stays_the_same(self, folder: Path) -> None:
        keys = set()
        for _ in range(2):
            with start_parts(folder, environ={}) as parts:
                keys.add(parts.environment()["SPECREC_SECRET_KEY"])
        assert len(keys) == 1
        assert len(keys.pop()) >= 50


class TestFolder:
    """What is there is never changed, and never taken for ours when it is not."""

    def refused(self, folder: Path) -> str:
        before = folder.stat().st_mode
        with pytest.raises(PartsError, match="SPECREC_DATA_DIR") as raised, start_parts(folder, environ={}):
            pytest.fail("a folder of others was taken")
        assert folder.stat().st_mode == before
        return str(raised.value)

    def test_one_that_holds_something_else_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.tex").touch()
        assert "it holds something else" in self.refused(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]

    def test_one_that_anybody_may_write_into_is_refused(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o1777)
        assert "anybody may write into it" in self.refused(tmp_path)

    def test_one_of_another_account_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        owner = tmp_path.stat().st_uid
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
        assert "it belongs to another account" in self.refused(tmp_path)

    def test_an_empty_one_is_taken_as_it_is(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)
        environ = {"DATABASE_URL": "postgresql://db.example/specrec", "REDIS_URL": "redis://redis.example/0"}
        with start_parts(tmp_path, environ=environ) as parts:
            parts.environment()
        assert tmp_path.stat().st_mode & 0o777 == 0o755
        modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
        assert modes == dict.fromkeys(("lock", "logs", "secret_key", "blobs", "static"), 0)

    def test_one_of_an_earlier_launch_is_taken_again(self, tmp_path: Path) -> None:
        environ = {"DATABASE_URL": "postgresql://db.example/specrec", "REDIS_URL": "redis://redis.example/0"}
        with start_parts(tmp_path, environ=environ) as parts:
            parts.environment()
        (tmp_path / "keys.json").touch()
        with start_parts(tmp_path, environ=environ) as parts:
            assert parts.folder == tmp_path


class TestAccidents:
    def test_a_postmaster_that_was_killed_answers_again(self, parts: Parts) -> None:
        _query(parts, "CREATE TABLE accident AS SELECT 7 AS answer")
        address, first = parts.database_url, parts.pids()["postgres"]
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: parts.pids().get("postgres", first) != first, seconds=30)
        assert wait_until(lambda: _answer(parts) == 7, seconds=30)
        assert parts.database_url == address

    def test_a_redis_that_was_killed_answers_again(self, parts: Parts) -> None:
        first = parts.pids()["redis"]
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: parts.pids().get("redis", first) != first, seconds=30)
        with redis.Redis.from_url(parts.redis_url) as client:
            assert wait_until(lambda: _pings(client), seconds=30)


def _answer(parts: Parts) -> object:
    try:
        return _query(parts, "SELECT answer FROM accident")
    except psycopg.OperationalError:
        return None


def _pings(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


class TestKillPostgres:
    def test_committed_rows_are_there_after_the_restart_on_the_same_address(self, parts: Parts) -> None:
        _query(parts, "CREATE TABLE killed AS SELECT generate_series(1, 1000) AS n")
        address = parts.database_url
        parts.restart_postgres()
        assert (_query(parts, "SELECT count(*) FROM killed"), parts.database_url) == (1000, address)

    def test_a_busy_backend_does_not_block_the_restart(self, parts: Parts) -> None:
        with closing(psycopg.connect(parts.database_url)) as busy:
            busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000)")
            parts.restart_postgres()
            assert _query(parts, "SELECT 1") == 1


class TestKillRedis:
    def test_written_values_are_there_after_the_restart(self, parts: Parts) -> None:
        with redis.Redis.from_url(parts.redis_url) as client:
            client.set("seen", "frame-7")
        parts.restart_redis()
        with redis.Redis.from_url(parts.redis_url) as client:
            assert client.get("seen") == b"frame-7"


class TestRecovery:
    def test_stale_pid_file_naming_a_live_process_is_recovered_from(self, folder: Path) -> None:
        with start_parts(folder, environ={}):
            pass
        (folder / "postgres" / "postmaster.pid").write_text(f"{os.getppid()}\n{folder / 'postgres'}\n")
        with start_parts(folder, environ={}) as parts:
            assert _query(parts, "SELECT 1") == 1

    def test_empty_pid_file_is_recovered_from(self, folder: Path) -> None:
        with start_parts(folder, environ={}):
            pass
        (folder / "postgres" / "postmaster.pid").touch()
        with start_parts(folder, environ={}) as parts:
            assert _query(parts, "SELECT 1") == 1

    def test_interrupted_creation_is_begun_again(self, tmp_path: Path) -> None:
        draft = tmp_path / "postgres.draft"
        draft.mkdir()
        (draft / "PG_VERSION").write_text("18\n")
        with start_parts(tmp_path, environ={}) as parts:
            assert _query(parts, "SELECT 1") == 1

    def test_truncated_append_only_file_is_repaired(self, folder: Path) -> None:
        with start_parts(folder, environ={}) as parts, redis.Redis.from_url(parts.redis_url) as client:
            client.set("first", "kept")
        with (folder / "redis" / "appendonly.aof").open("ab") as log:
            log.write(b"*3\r\n$3\r\nSET\r\n$6\r\nsec")
        with start_parts(folder, environ={}) as parts, redis.Redis.from_url(parts.redis_url) as client:
            assert (client.get("first"), client.get("second")) == (b"kept", None)


class TestMain:
    def test_sigterm_leaves_no_process(self, folder: Path) -> None:
        with _launched(folder) as launcher:
            launcher.send_signal(signal.SIGTERM)
            assert (launcher.wait(timeout=30), _is_gone(folder)) == (0, True)

    def test_parts_end_with_a_killed_launcher_and_start_again(self, folder: Path) -> None:
        with _launched(folder) as launcher:
            launcher.kill()
        assert wait_until(lambda: _is_gone(folder), seconds=30)
        with start_parts(folder, environ={}) as parts:
            assert _query(parts, "SELECT 1") == 1

    def test_everything_killed_at_once_starts_again(self, folder: Path) -> None:
        with _launched(folder) as launcher:
            servers = processes_in(folder / "postgres", "postgres") + processes_in(folder / "redis", "redis-server")
            assert len(servers) > 2
            for pid in (launcher.pid, *(server.pid for server in servers)):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        with start_parts(folder, environ={}) as parts:
            assert _query(parts, "SELECT 1") == 1
