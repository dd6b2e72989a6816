"""Published figures, for data that has exactly the size that the publications say theirs had."""

import tomllib
from pathlib import Path
from typing import Any

TABLES = Path(__file__).parent / "published.toml"


def published_for(form: str, size: dict[str, int]) -> list[dict[str, Any]]:
    """Return the rows (model, source, figures) for data of this format and size; none where no table is known."""
    for table in tomllib.loads(TABLES.read_text(encoding="utf-8"))["table"]:
        if table["format"] == form and all(size.get(key) == value for key, value in table["size"].items()):
            sources = table["sources"]
            return [
                {"model": row["model"], "source": sources[row["source"]], "figures": row["figures"]}
                for row in table["rows"]
            ]
    return []
