"""The Complete Journey (dunnhumby): a grocer's year of baskets, as parquet files; needs the extra `datasets`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from specrec.datasets.base import WHOLE, Dataset, Share, event_id, generic_item, single_file, window_end

_COLUMNS = ["household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]
_YEAR_END = datetime(2018, 1, 2, tzinfo=UTC)
_SLICE = 20_000


def load(folder: Path, *, currency: str, now: datetime) -> Dataset:
    """Return products sold and every line of every basket, moved in time so that the year ends before today (UTC)."""
    lines = parquet.ParquetFile(single_file(folder, "transactions.parquet"))
    products = parquet.read_table(single_file(folder, "products.parquet")).to_pylist()
    sold = set(parquet.read_table(single_file(folder, "transactions.parquet"), columns=["product_id"])[0].to_pylist())
    items = [_item(row, currency) for row in products if row["product_id"] in sold]
    events = share_of(folder, currency=currency, now=now, share=WHOLE)
    return Dataset(folder.name, items, events, lines.metadata.num_rows)


def share_of(folder: Path, *, currency: str, now: datetime, share: Share) -> Iterator[dict[str, Any]]:
    """Yield the lines of some of the households; the first of each grants the consent, as unknown means denied."""
    lines = _lines(single_file(folder, "transactions.parquet"))
    lines = lines if share.rows is None else lines.slice(max(lines.num_rows - share.rows, 0))
    chosen = lines.filter(pa.array(lines["household_id"].to_numpy() % share.of == share.number))
    shift = window_end(now) - _YEAR_END
    greeted: set[int] = set()
    for start in range(0, chosen.num_rows, _SLICE):
        for row in chosen.slice(start, _SLICE).to_pylist():
            event = _event(row, shift, currency)
            if row["household_id"] not in greeted:
                greeted.add(row["household_id"])
                event["consent"] = ["history_personalisation"]
            yield event


@lru_cache(maxsize=1)
def _lines(path: Path) -> pa.Table:
    """Return all lines, numbered, and moved apart in time.

    All lines of a basket have its time; a millisecond between them keeps the order in which they were scanned.
    """
    lines = parquet.read_table(path, columns=_COLUMNS)
    second = lines["transaction_timestamp"].to_numpy().astype("datetime64[ms]").astype(np.int64)
    number = np.arange(1, len(second) + 1)
    begins = np.r_[True, second[1:] != second[:-1]]
    since = number - np.maximum.accumulate(np.where(begins, number, 0))
    return (
        lines.drop_columns("transaction_timestamp")
        .append_column("number", pa.array(number))
        .append_column("milliseconds", pa.array(second + since))
    )


def _item(row: dict[str, Any], currency: str) -> dict[str, Any]:
    words = {key: row[key] for key in ("department", "product_category", "product_type", "package_size") if row[key]}
    name = row["product_type"] or row["product_category"] or f"Product {row['product_id']}"
    return generic_item(
        str(row["product_id"]), name=name, attributes=words, currency=currency, brand=f"maker-{row['manufacturer_id']}"
    )


def _event(row: dict[str, Any], shift: timedelta, currency: str) -> dict[str, Any]:
    quantity = min(max(row["quantity"], 1), 10_000)
    time = datetime.fromtimestamp(row["milliseconds"] / 1_000, tz=UTC) + shift
    return {
        "id": event_id("journey", row["basket_id"], row["product_id"], row["number"]),
        "type": "purchase",
        "time": time.isoformat(timespec="milliseconds"),
        "customer_id": str(row["household_id"]),
        "session_id": str(row["basket_id"]),
        "item_id": str(row["product_id"]),
        "quantity": quantity,
        "unit_price": f"{max(row['sales_value'], 0) / quantity:.4f}",
        "currency": currency,
        "order_id": str(row["basket_id"]),
        "context": {"channel": "store", "store_id": str(row["store_id"])},
        "historical": True,
    }
