"""What columns keep of themselves so that they can be brought up to date: nobody else reads it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from apps.catalog.columns.read import Places
from apps.catalog.columns.sparse import Csr


@dataclass(frozen=True, slots=True)
class Ground:
    """What columns stand on.

    own: the categories that items name, without those above them, as codes of `category_ids`
    stock: store id -> int32, ascending: the variants in stock, at closed stores as well
    base_items: how many items there were when the base was made
    folder: the base in the store that all processes share; empty where the memory of this one holds everything
    """

    own: Csr
    stock: Mapping[str, np.ndarray]
    places: Places
    base_items: int
    folder: str = ""
