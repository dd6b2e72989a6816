"""Counting on a cluster, seen from the trainer: events out as Parquet, one `spark-submit`, counted pairs back in."""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.sequences import Sequences
from apps.recommend.training.counting import check_events, count_here
from specrec.kernel.errors import Invalid, Unavailable

try:
    import pyarrow as pa
    from pyarrow import parquet
except ImportError:  # it is in the extra `spark`
    pa = None

logger = logging.getLogger(__name__)

_JOB = Path(__file__).with_name("counting_job.py")
_FILE_ROWS = 1_000_000  # a file is read by one task at least
_TOLD_LINES = 8


@dataclass(frozen=True, slots=True)
class SparkCounter:
    """Counts by `counting_job`, which `command` submits: the words before the program, as `spark-submit --master yarn`.

    `folder` is one that this process and the cluster's share. Raises Invalid for an empty command, Unavailable without
    pyarrow, without the command's program, and where the job fails, with what Spark said last.
    """

    command: Sequence[str]
    folder: Path

    def __call__(
        self, sequences: Sequences, n_items: int, params: Mapping[str, CovisitationParams]
    ) -> dict[str, PairCounts]:
        check_events(sequences, n_items)
        if len(sequences.item) == 0:
            return count_here(sequences, n_items, params)
        with _place(self.folder) as place:
            write_events(place, sequences, params)
            self.submit(place)
            return {name: read_counts(place / f"{name}.parquet", n_items) for name in params}

    def submit(self, place: Path) -> None:
        """Run the job on what lies in the place and wait for its end."""
        if not self.command:
            raise Invalid(
                "SPECREC_SPARK_SUBMIT is empty: set it to the command that runs a program on Spark.",
                code="no_spark_command",
                field="SPECREC_SPARK_SUBMIT",
            )
        submit = _find(self.command[0])
        # Spark's own script would take any python3 of the path.
        environment = {"PYSPARK_DRIVER_PYTHON": sys.executable} | os.environ
        done = subprocess.run(  # noqa: S603 - the operator's command and our own program, no shell
            [submit, *self.command[1:], str(_JOB), place.as_uri()],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return
        logger.error("counting on Spark ended with %s: %s", done.returncode, done.stderr)
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-_TOLD_LINES:])
        raise Unavailable(
            f"Counting on Spark ended with {done.returncode}. Does the cluster see {self.folder}, and can it write "
            f"there? The log has all that Spark said; the end of it: {last}",
            code="spark_failed",
        )


def write_events(place: Path, sequences: Sequences, params: Mapping[str, CovisitationParams]) -> None:
    """Write what `counting_job` reads: the plans, and the events with their position, which orders equal times."""
    _need_pyarrow()
    plans = {name: asdict(one) for name, one in params.items()}
    (place / "plans.json").write_text(json.dumps(plans), encoding="utf-8")
    events = place / "events"
    events.mkdir()
    for number, start in enumerate(range(0, len(sequences.item), _FILE_ROWS)):
        chosen = slice(start, start + _FILE_ROWS)
        columns = {
            "sequence": sequences.sequence[chosen],
            "item": sequences.item[chosen],
            "weight": sequences.weight[chosen],
            "time": sequences.time[chosen],
            "position": np.arange(start, start + len(sequences.item[chosen]), dtype=np.int64),
        }
        parquet.write_table(pa.table(columns), events / f"part-{number:05}.parquet")


def read_counts(folder: Path, n_items: int) -> PairCounts:
    """Return the pairs that `counting_job` wrote as a table; those that count nothing are left out."""
    _need_pyarrow()
    found = parquet.read_table(folder)
    row, column, value = (found[name].to_numpy() for name in ("row", "column", "value"))
    counts = sparse.coo_array((value, (row, column)), shape=(n_items, n_items)).tocsr()
    counts.eliminate_zeros()
    counts.sort_indices()
    ends = counts.indptr.astype(np.int64)
    return PairCounts(
        start=ends[:-1],
        length=np.diff(ends).astype(np.int32),
        indices=counts.indices.astype(np.int32),
        counts=counts.data.astype(np.float32),
        row_sums=np.asarray(counts.sum(axis=1), dtype=np.float64).ravel(),
        column_sums=np.asarray(counts.sum(axis=0), dtype=np.float64).ravel(),
        step_sum=float(found["near_sum"].to_numpy().sum()),
        step_count=float(found["near_count"].to_numpy().sum()),
    )


def _need_pyarrow() -> None:
    if pa is None:
        raise Unavailable(
            "Counting on Spark needs pyarrow: install specrec with the extra `spark` (`make spark`).",
            code="pyarrow_missing",
            permanent=True,
        )


def _find(command: str) -> str:
    """Return the program, from the path or from beside the interpreter, where pyspark's wheel puts it."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which(command, path=os.pathsep.join((os.environ.get("PATH", os.defpath), beside)))
    if found is None:
        raise Unavailable(
            f"There is no program {command!r}: name Spark's in SPECREC_SPARK_SUBMIT, or get one by the extra `spark` "
            "(`make spark`).",
            code="spark_missing",
            permanent=True,
        )
    return found


@contextmanager
def _place(folder: Path) -> Iterator[Path]:
    """Give an empty folder of its own, which is gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="counting-", dir=folder.absolute()))
    place.chmod(0o770)  # the cluster's tasks are often another user of our group, and write here
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        if place.exists():
            logger.warning("%s could not be removed: what another user wrote there is that user's to remove", place)
