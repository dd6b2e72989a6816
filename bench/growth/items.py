"""Items that nobody sells, as many as are asked for, in the form in which a base of columns is made of the database."""

import time
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from apps.catalog import api as catalog
from apps.catalog.columns.build import write_base
from apps.catalog.columns.load import Moment, assemble
from apps.catalog.columns.read import Places, PriceRow, Rows
from apps.catalog.contracts import ItemColumns
from apps.profiles import api as profiles

STORES = 20
BRANDS = 40
SHAPES = ("round", "square", "aviator", "cat-eye", "panto", "oval")
COLOURS = ("black", "tortoise", "gold", "silver", "blue", "green", "red", "clear")
_PART = 20_000
_YEAR = 365 * 86_400.0
_STOCKED = 0.3  # of the items, at each store
_ALWAYS = (float("-inf"), float("inf"))


def make(site_id: str, items: int) -> str:
    """Make the base of the site and return its id."""
    moment = moment_of(site_id)
    write_base(moment, parts(moment, items))
    return moment.base_id


def moment_of(site_id: str) -> Moment:
    """Return the site as it stands now: what is made is what its log says nothing of."""
    site = profiles.get_site(site_id=site_id)
    return Moment(site_id, site.currency, site.locale, time.time(), catalog.get_stamp(site_id=site_id))


def parts(moment: Moment, items: int) -> Iterator[ItemColumns]:
    """Yield the items some at a time, in the order of their ids."""
    places = Places(dict.fromkeys(SHAPES, ""), {f"store-{number}": True for number in range(STORES)})
    numbers = sorted(range(items), key=lambda number: f"frame-{number:05}")
    for start in range(0, items, _PART):
        yield assemble(moment, rows_of(numbers[start : start + _PART], moment.now), places)


def rows_of(numbers: Sequence[int], now: float) -> Rows:
    """Return the items as the database would."""
    return Rows(
        items=[_item(number, now) for number in numbers],
        variants=[_variant(number) for number in numbers],
        prices=[_price(number) for number in numbers],
        stock=[_stock(store, numbers) for store in range(-1, STORES)],
    )


def _item(number: int, now: float) -> tuple[object, ...]:
    shape = SHAPES[number % len(SHAPES)]
    names = {"en-GB": f"Frame {number} {shape}", "de-DE": f"Brille {number} {shape}"}
    attributes = {"shape": shape, "gender_marketed": [("women", "men", "unisex")[number % 3]]}
    told = (json_of(names), "{}", f"/images/{number}.svg", f"/frames/{number}", json_of(attributes))
    released = now - (number * 7_919 % 1_000) / 1_000 * _YEAR
    return number, f"frame-{number:05}", "frame", f"Brand {number % BRANDS}", True, True, released, [shape], *told


def _variant(number: int) -> tuple[object, ...]:
    sizes = {"a_mm": 44 + number % 15, "dbl_mm": 14 + number % 9, "colour_family": COLOURS[number // 7 % len(COLOURS)]}
    return number, number, f"sku-{number:05}", None, json_of(sizes), 20.0 + number % 60


def _price(number: int) -> PriceRow:
    amount = 60.0 + number % 200
    return number, "", amount, amount * 1.25 if number % 10 == 0 else None, *_ALWAYS


def _stock(store: int, numbers: Sequence[int]) -> tuple[str, bytes]:
    """Return what a store has; -1 is online, where there is everything."""
    keys = np.array(numbers, dtype=np.int64)
    if store >= 0:
        keys = keys[(keys * 2_654_435_761 + store * 40_503) % 1_000 < _STOCKED * 1_000]
    return "" if store < 0 else f"store-{store}", keys.astype(">i8").tobytes()


def json_of(value: object) -> str:
    """Return the value as JSON."""
    return msgspec.json.encode(value).decode()
