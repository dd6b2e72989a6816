"""The twins that count. Spark's job runs in one session for all tests; the command that submits it has its own test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apps.recommend.training.counting import Counter, count_here
from apps.recommend.training.spark import SparkCounter

try:
    import pyspark.sql

    from apps.recommend.training.counting_job import run_job

    HAS_PYSPARK = True
except ImportError:
    HAS_PYSPARK = False

TWINS = ("local", "spark")
MASTER = "local[1]"
QUIET = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


@dataclass(frozen=True, slots=True)
class InSession(SparkCounter):
    """The job without the command."""

    session: Any

    def submit(self, place: Path) -> None:
        run_job(self.session, place.as_uri())


def need_spark() -> None:
    """Skip without PySpark or Java; fail where they are expected."""
    if HAS_PYSPARK and shutil.which("java"):
        return
    message = "PySpark or Java is not there: make spark (Java 17 from your system)"
    if os.environ.get("SPECREC_SPARK") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """One session, ended with the tests, its gateway with it."""
    need_spark()
    with tempfile.TemporaryDirectory(prefix="specrec-spark-") as folder:
        builder = pyspark.sql.SparkSession.builder.appName("specrec tests").master(MASTER)
        for name, value in (QUIET | {"spark.local.dir": folder, "spark.sql.warehouse.dir": folder}).items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        gateway: Any = session.sparkContext._gateway
        yield session
        session.stop()
        gateway.shutdown()
        gateway.proc.stdin.close()  # the virtual machine waits for this
        gateway.proc.wait(timeout=30)


@pytest.fixture(params=TWINS)
def counter(request: pytest.FixtureRequest, tmp_path: Path) -> Counter:
    """Each twin in turn."""
    if request.param == "local":
        return count_here
    return InSession(command=(), folder=tmp_path, session=request.getfixturevalue("spark"))
