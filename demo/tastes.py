"""What simulated shoppers like: hidden tastes, turned into the chance that each product is looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from demo.catalogue.products import Product
from demo.catalogue.words import table
from demo.pictures.palette import colours

Traits = dict[str, float]
_SHARPNESS = 1.15  # how much a liked trait counts
# What people come for, as chances of item types on a visit.
_NEEDS: tuple[tuple[float, dict[str, float]], ...] = (
    (0.60, {"frame": 0.84, "sunglasses": 0.07, "accessory": 0.06, "service": 0.03}),
    (0.17, {"sunglasses": 0.82, "frame": 0.12, "accessory": 0.06}),
    (0.15, {"contact_lens": 0.56, "solution": 0.32, "frame": 0.07, "service": 0.05}),
    (0.05, {"hearing": 0.88, "service": 0.08, "accessory": 0.04}),
    (0.03, {"lens_option": 0.60, "frame": 0.40}),
)


@dataclass(frozen=True)
class Shelf:
    """The products of one type at a site, as columns."""

    products: list[Product]
    traits: list[frozenset[str]]
    appeal: np.ndarray  # what everybody likes about each

    def chances(self, likes: Traits) -> np.ndarray:
        """Return the cumulated chance of each product to be looked at by somebody with these likes."""
        liking = np.array([sum(likes.get(trait, 0.0) for trait in traits) for traits in self.traits])
        weight = np.exp(_SHARPNESS * liking + self.appeal)
        summed: np.ndarray = np.cumsum(weight / weight.sum())
        return summed


@dataclass(frozen=True)
class Taste:
    """One kind of shopper: chances of item types, and of products within each."""

    kinds: list[str]
    kind_chances: np.ndarray
    chances: dict[str, np.ndarray]


def lay_out(products: Sequence[Product], *, seed: int) -> dict[str, Shelf]:
    """Return the products by type, each with an appeal that has nothing to do with taste."""
    chance = np.random.default_rng(seed)
    shelves: dict[str, Shelf] = {}
    for kind in sorted({product.item_type for product in products}):
        here = [product for product in products if product.item_type == kind]
        appeal = chance.gumbel(0, 0.75, len(here)) + np.array([0.35 if product.reduced else 0.0 for product in here])
        shelves[kind] = Shelf(products=here, traits=[product.traits for product in here], appeal=appeal)
    return shelves


def invent_taste(chance: np.random.Generator, *, shelves: dict[str, Shelf]) -> Taste:
    """Return a taste: a favourite brand, and shapes and colours that go with what that brand makes."""
    brands = table("brands")
    name = str(chance.choice(sorted(brands)))
    brand = brands[name]
    shapes = sorted(brand["shapes"], key=lambda shape: -brand["shapes"][shape] * chance.random())
    likes: Traits = {f"brand:{name}": 1.6, f"tier:{brand['tier']}": 0.8}
    for shape, strength in zip(shapes, (2.8, 1.5), strict=False):
        likes[f"shape:{shape.replace('_', '-').replace('octagon', 'geometric')}"] = strength
    families = sorted({colours()[colour].family for colour in brand["colours"]})
    for colour, strength in zip(chance.permutation(families), (2.2, 1.1), strict=False):
        likes[f"colour:{colour}"] = strength
    likes[f"size:{chance.choice(['S', 'M', 'L'])}"] = 1.0
    likes["age:child"] = 2.0 if brand.get("child") else -1.5
    likes[f"modality:{chance.choice(['daily', 'fortnightly', 'monthly'])}"] = 2.6
    likes[f"brand:{chance.choice(['Clarea', 'Aquavo', 'Softelle', 'Oculine', 'Mirava'])}"] = 1.8
    likes[f"battery:{chance.choice(['10', '312', '13', '675'])}"] = 3.0
    likes[f"design:{chance.choice(['sphere', 'sphere', 'toric', 'multifocal'])}"] = 1.5
    need = int(chance.choice(len(_NEEDS), p=[share for share, _ in _NEEDS]))
    return taste_of(likes, kinds=_NEEDS[need][1], shelves=shelves)


def persona_taste(persona: dict[str, Any], *, shelves: dict[str, Shelf]) -> Taste:
    """Return the taste of a named shopper."""
    likes = {trait: float(weight) * 0.55 for trait, weight in persona["likes"].items()}
    return taste_of(likes, kinds={kind: float(weight) for kind, weight in persona["kinds"].items()}, shelves=shelves)


def taste_of(likes: Traits, *, kinds: dict[str, float], shelves: dict[str, Shelf]) -> Taste:
    """Return the taste with its chances worked out."""
    known = {kind: weight for kind, weight in kinds.items() if kind in shelves}
    weights = np.array(list(known.values()), dtype=float)
    return Taste(
        kinds=list(known),
        kind_chances=np.cumsum(weights / weights.sum()),
        chances={kind: shelves[kind].chances(likes) for kind in shelves},
    )
