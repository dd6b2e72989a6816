"""The whole catalogue of the demo, from one seed."""

from datetime import datetime
from functools import cache

import msgspec

from apps.catalog.contracts import CategoryInput, StoreInput
from apps.profiles.contracts import SiteInfo
from demo.catalogue.frames import design_frames
from demo.catalogue.goods import list_goods
from demo.catalogue.lenses import list_contact_lenses, list_lens_options
from demo.catalogue.offers import LOCALES, offer_item
from demo.catalogue.products import Product
from demo.catalogue.words import table
from specrec.kernel import wire

SEED = 20_260
# Brands that a site does not carry: an assortment differs from market to market.
_ABSENT = {"uk": frozenset[str](), "ie": frozenset({"Fernwald", "Tsuki Works"}), "de": frozenset({"Lumen Row"})}


@cache
def build_products(*, seed: int = SEED, scale: float = 1.0) -> tuple[Product, ...]:
    """Return all products; `scale` below 1 makes fewer frames, for quick tests."""
    frames, suns = round(900 * scale), round(250 * scale)
    return (
        *design_frames(seed=seed, frames=frames, sunglasses=suns),
        *list_contact_lenses(seed=seed),
        *list_lens_options(),
        *list_goods(seed=seed),
    )


def products_of(site_id: str, *, scale: float = 1.0) -> list[Product]:
    """Return what this site carries."""
    return [product for product in build_products(scale=scale) if product.brand not in _ABSENT[site_id]]


def build_import(site_id: str, *, now: datetime, scale: float = 1.0) -> bytes:
    """Return the items of the site as JSON Lines, the body of a bulk import."""
    encoder = msgspec.json.Encoder(decimal_format="string")
    items = (offer_item(product, site_id=site_id, now=now) for product in products_of(site_id, scale=scale))
    return b"\n".join(encoder.encode(item) for item in items) + b"\n"


def build_sites() -> list[SiteInfo]:
    """Return the three sites."""
    return [
        SiteInfo(
            site_id=site_id,
            name=site["name"],
            locale=site["locale"],
            currency=site["currency"],
            time_zone=site["time_zone"],
        )
        for site_id, site in table("sites").items()
    ]


def build_stores(site_id: str) -> list[StoreInput]:
    """Return the stores of the site."""
    site = table("sites")[site_id]
    return [
        StoreInput(
            store_id=store_id,
            name=name,
            address=address,
            latitude=latitude,
            longitude=longitude,
            time_zone=site["time_zone"],
        )
        for store_id, name, address, latitude, longitude in site["stores"]
    ]


def build_categories(site_id: str) -> list[CategoryInput]:
    """Return the categories of the site, parents first."""
    site = table("sites")[site_id]
    return [
        CategoryInput(
            category_id=category_id,
            name={
                **{LOCALES[language]: words[language] for language in LOCALES},
                site["locale"]: words[site["language"]],
            },
            parent_id=words.get("parent"),
            position=position,
        )
        for position, (category_id, words) in enumerate(table("words")["categories"].items())
    ]


def to_wire(value: object) -> bytes:
    """Return the value as the body of a request."""
    return wire.encode(value)
