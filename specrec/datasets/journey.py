"""The Complete Journey (dunnhumby): a grocer's year of baskets, as parquet files; needs the extra `datasets`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pyarrow import parquet

from specrec.datasets.base import Dataset, event_id, generic_item, single_file, window_end

_COLUMNS = ["household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]


def load(folder: Path, *, currency: str, now: datetime) -> Dataset:
    """Return products sold and every line of every basket, moved in time so that the year ends before today (UTC)."""
    lines = parquet.ParquetFile(single_file(folder, "transactions.parquet"))
    products = parquet.read_table(single_file(folder, "products.parquet")).to_pylist()
    sold = set(parquet.read_table(single_file(folder, "transactions.parquet"), columns=["product_id"])[0].to_pylist())
    items = [_item(row, currency) for row in products if row["product_id"] in sold]
    shift = window_end(now) - datetime(2018, 1, 2, tzinfo=UTC)
    return Dataset(folder.name, items, _events(lines, shift, currency), lines.metadata.num_rows)


def _item(row: dict[str, Any], currency: str) -> dict[str, Any]:
    words = {key: row[key] for key in ("department", "product_category", "product_type", "package_size") if row[key]}
    name = row["product_type"] or row["product_category"] or f"Product {row['product_id']}"
    return generic_item(
        str(row["product_id"]), name=name, attributes=words, currency=currency, brand=f"maker-{row['manufacturer_id']}"
    )


def _events(lines: parquet.ParquetFile, shift: timedelta, currency: str) -> Iterator[dict[str, Any]]:
    number = 0
    for batch in lines.iter_batches(columns=_COLUMNS):
        for row in batch.to_pylist():
            number += 1
            yield _event(row, number, shift, currency)


def _event(row: dict[str, Any], number: int, shift: timedelta, currency: str) -> dict[str, Any]:
    quantity = min(max(row["quantity"], 1), 10_000)
    return {
        "id": event_id("journey", row["basket_id"], row["product_id"], number),
        "type": "purchase",
        "time": (row["transaction_timestamp"].replace(tzinfo=UTC) + shift).isoformat(),
        "customer_id": str(row["household_id"]),
        "session_id": str(row["basket_id"]),
        "item_id": str(row["product_id"]),
        "quantity": quantity,
        "unit_price": f"{max(row['sales_value'], 0) / quantity:.4f}",
        "currency": currency,
        "order_id": str(row["basket_id"]),
        "context": {"channel": "store", "store_id": str(row["store_id"])},
        "consent": ["history_personalisation"],
        "historical": True,
    }
