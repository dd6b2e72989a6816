"""Public data sets as events: whose they are, in which order, and who grants consent."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from specrec.datasets import journey, sequences, sessions
from specrec.datasets.base import WHOLE, Share
from specrec.datasets.senders import ShareOf

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def write_journey(folder: Path) -> None:
    """Write five lines of three baskets; two lines have one time."""
    moments = [datetime(2017, 12, 31, 10), datetime(2017, 12, 31, 10), *[datetime(2018, 1, 1, 9, n) for n in range(3)]]  # noqa: DTZ001 - as the file has them
    columns = {
        "household_id": [1, 1, 2, 1, 2],
        "store_id": [9] * 5,
        "basket_id": [71, 71, 72, 73, 72],
        "product_id": [101, 102, 103, 104, 105],
        "quantity": [2, 0, 1, 1, 1],
        "sales_value": [3.0, 1.5, -1.0, 1.0, 1.0],
        "transaction_timestamp": pa.array(moments, pa.timestamp("ns")),
    }
    parquet.write_table(pa.table(columns), folder / "transactions.parquet")


def write_sequences(folder: Path) -> None:
    (folder / "some.txt").write_text("u1 a b c\nu2 d e\nu3 f g\n")


def write_sessions(folder: Path) -> None:
    (folder / "train_sessions.txt").write_text("a b c\nd e\nf g\n")
    (folder / "test_prefixes.tsv").write_text("a\tb\n")


def read(share_of: ShareOf, folder: Path, share: Share = WHOLE) -> list[dict[str, Any]]:
    return list(share_of(folder, currency="GBP", now=NOW, share=share))


@pytest.fixture(params=["journey", "sequences", "sessions"])
def share_of(request: pytest.FixtureRequest, tmp_path: Path) -> ShareOf:
    """Each data set, with its files in the folder."""
    writers = {"journey": write_journey, "sequences": write_sequences, "sessions": write_sessions}
    writers[request.param](tmp_path)
    found: dict[str, ShareOf] = {
        "journey": journey.share_of,
        "sequences": sequences.share_of,
        "sessions": sessions.share_of,
    }
    return found[request.param]


def who(event: dict[str, Any]) -> str:
    return str(event.get("customer_id") or event["anonymous_id"])


class TestShareOf:
    def test_shares_are_the_whole_and_no_shopper_is_in_two(self, share_of: ShareOf, tmp_path: Path) -> None:
        whole = read(share_of, tmp_path)
        parts = [read(share_of, tmp_path, Share(number, 2)) for number in range(2)]
        assert sorted(event["id"] for part in parts for event in part) == sorted(event["id"] for event in whole)
        assert not {who(event) for event in parts[0]} & {who(event) for event in parts[1]}

    def test_the_first_event_of_each_shopper_grants_consent(self, share_of: ShareOf, tmp_path: Path) -> None:
        seen: set[str] = set()
        for event in read(share_of, tmp_path):
            assert ("consent" in event) is (who(event) not in seen)
            seen.add(who(event))
        assert len(seen) > 1

    def test_ids_are_the_same_every_time(self, share_of: ShareOf, tmp_path: Path) -> None:
        first, second = read(share_of, tmp_path), read(share_of, tmp_path)
        assert [event["id"] for event in first] == [event["id"] for event in second]
        assert len({event["id"] for event in first}) == len(first)

    def test_at_most_so_many_rows(self, share_of: ShareOf, tmp_path: Path) -> None:
        assert 0 < len(read(share_of, tmp_path, Share(rows=3))) <= 3


class TestJourney:
    def test_lines_of_a_basket_keep_their_order_in_time(self, tmp_path: Path) -> None:
        write_journey(tmp_path)
        times = [event["time"] for event in read(journey.share_of, tmp_path)]
        assert times[:2] == ["2026-02-27T10:00:00.000+00:00", "2026-02-27T10:00:00.001+00:00"]
        assert times == sorted(times)

    def test_the_newest_rows_are_meant(self, tmp_path: Path) -> None:
        write_journey(tmp_path)
        assert [event["item_id"] for event in read(journey.share_of, tmp_path, Share(rows=2))] == ["104", "105"]

    def test_a_line_is_a_purchase(self, tmp_path: Path) -> None:
        write_journey(tmp_path)
        first, free, *_ = read(journey.share_of, tmp_path)
        assert (first["quantity"], first["unit_price"], first["order_id"]) == (2, "1.5000", "71")
        assert (free["quantity"], free["unit_price"]) == (1, "1.5000")
