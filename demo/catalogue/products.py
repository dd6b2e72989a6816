"""A product before it is offered anywhere: what all sites have in common."""

import random
import zlib
from dataclasses import dataclass, field
from typing import Any

Names = dict[str, str]  # language ("en", "de") to text


@dataclass(frozen=True, slots=True)
class Piece:
    """A sellable unit of a product; `price` is the usual one in GBP, `picture` the name of its picture."""

    sku: str
    names: Names
    attributes: dict[str, Any]
    picture: str
    price: float


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the demo. `age_days`: days since it was first on sale; `reduced`: share taken off, 0 where none."""

    item_id: str
    item_type: str
    names: Names
    texts: Names
    brand: str
    categories: tuple[str, ...]
    attributes: dict[str, Any]
    pieces: tuple[Piece, ...]
    age_days: float
    reduced: float = 0.0
    stock_managed: bool = True
    traits: frozenset[str] = field(default_factory=frozenset)  # what a shopper may like about it


def dice(*words: object) -> random.Random:
    """Return a source of chance that depends on the words only, so one product never changes another."""
    return random.Random(zlib.crc32("\x1f".join(map(str, words)).encode()))


def pick(source: random.Random, weights: dict[str, int]) -> str:
    """Return one of the keys, by weight."""
    return source.choices(list(weights), weights=list(weights.values()))[0]
