"""Events of a period as a Parquet file, for data people: typed columns, written in row groups of bounded memory."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from apps.tracking.contracts import Export
from apps.tracking.selectors import periods
from specrec.kernel.errors import Conflict, Invalid, Unavailable

try:
    import pyarrow as pa
    from pyarrow import parquet
except ImportError:  # it is in the extra `export`
    pa = None

_QUERY = "query"


def export_events(*, export: Export, progress: Callable[[int], object]) -> int:
    """Write the events of the days from `since` to `until`, both included, in order of time; return how many.

    The file appears whole or not at all. Raises Unavailable without pyarrow, Conflict where there is a file, Invalid
    where its folder is not there.
    """
    _check(export)
    schema = _schema(with_queries=export.with_queries)
    written = 0
    with (
        _replacing(export.path) as draft,
        parquet.ParquetWriter(draft, schema, compression="zstd") as file,
        periods.read_period(
            site_id=export.site_id, since=export.since, until=export.until, columns=schema.names
        ) as slices,
    ):
        for rows in slices:
            columns = [pa.array(values, one.type) for values, one in zip(zip(*rows, strict=True), schema, strict=True)]
            file.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=len(rows))
            written += len(rows)
            progress(len(rows))
    return written


def _check(export: Export) -> None:
    if pa is None:
        raise Unavailable(
            "Parquet files need pyarrow: install specrec with the extra `export`.",
            code="pyarrow_missing",
            permanent=True,
        )
    if export.until < export.since:
        raise Invalid("The last day lies before the first.", code="bad_period", field="until")
    if not export.path.parent.is_dir():
        raise Invalid(f"There is no folder {export.path.parent}.", code="no_folder", field="path")
    if export.path.exists() and not export.overwrite:
        raise Conflict(f"{export.path} is there already; `--force` replaces it.", code="file_exists", field="path")


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield another name in the same folder; what is written there takes the name when all went well.

    Nobody else may read the file: it says of shoppers, though by pseudonyms, what they did.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _schema(*, with_queries: bool) -> Any:
    word, moment = pa.dictionary(pa.int32(), pa.string()), pa.timestamp("us", tz="UTC")
    types = {
        "site_id": word,
        "event_id": pa.string(),
        "day": pa.date32(),
        "type": word,
        "time": moment,
        "received_at": moment,
        "shopper_id": pa.string(),
        "session_id": pa.string(),
        "item_id": word,
        "sku": word,
        "quantity": pa.int32(),
        "unit_price": pa.decimal128(12, 4),
        "currency": word,
        "order_id": pa.string(),
        _QUERY: pa.string(),
        "rating": pa.float64(),
        "placement": word,
        "position": pa.int32(),
        "recommendation_id": pa.string(),
        "channel": word,
        "store_id": word,
        "historical": pa.bool_(),
        "replay": pa.bool_(),
        "device": word,
        "referrer": word,
        "campaign": word,
    }
    return pa.schema([(name, kind) for name, kind in types.items() if with_queries or name != _QUERY])
