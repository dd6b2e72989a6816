"""Published tables are shown for their own data only."""

from bench.offline.published import published_for

BEAUTY = {"users": 22_363, "items": 12_101, "interactions": 198_502}


class TestPublishedFor:
    def test_data_of_the_published_size_has_rows_with_their_source(self) -> None:
        rows = {row["model"]: row for row in published_for("sequences", BEAUTY)}
        assert rows["SASRec"]["figures"]["ndcg@10"] == 0.0318
        assert "S3Rec" in rows["SASRec"]["source"]

    def test_other_data_has_none(self) -> None:
        assert published_for("sequences", BEAUTY | {"users": 22_362}) == []

    def test_the_other_format_has_none(self) -> None:
        assert published_for("sessions", BEAUTY) == []
