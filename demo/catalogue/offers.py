"""A product at a site: its words in the locales, prices with retail endings, stock online and in stores."""

# ruff: noqa: PLR2004 - the numbers are chances and measurements; a name would only repeat the line that they stand in

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from apps.catalog.contracts import ItemInput, PriceInput, StockInput, VariantInput
from demo.catalogue.products import Piece, Product, dice
from demo.catalogue.words import table

PICTURES = "/shop/img/"
LOCALES = {"en": "en-GB", "de": "de-DE"}


def offer_item(product: Product, *, site_id: str, now: datetime) -> ItemInput:
    """Return the product as this site imports it; the same product gives the same item on every call."""
    site = table("sites")[site_id]
    return ItemInput(
        item_id=product.item_id,
        item_type=product.item_type,  # type: ignore[arg-type]  # products are made from the closed list of types
        name=_localized(product.names, site=site),
        description=_localized(product.texts, site=site),
        brand=product.brand,
        category_ids=list(product.categories),
        attributes=product.attributes,
        image_urls=[f"{PICTURES}{product.pieces[0].picture}.svg"],
        url=f"/shop/{site_id}/p/{product.item_id}",
        stock_managed=product.stock_managed,
        released_at=now - timedelta(days=product.age_days),
        source="demo",
        variants=[_variant(piece, product=product, site_id=site_id, site=site) for piece in product.pieces],
    )


def retail_price(amount: float, *, currency: str) -> Decimal:
    """Return the amount with an ending that shops use: whole numbers on a nine, small ones on 95 or 99 pence."""
    if amount <= 0:
        return Decimal("0.00")
    if amount >= 40:
        tens = round((amount + 1) / 10) * 10 - 1
        return Decimal(max(tens, 39)).quantize(Decimal("0.01"))
    ending = Decimal("0.99") if currency == "EUR" else Decimal("0.95")
    return max(Decimal(round(amount)) - 1 + ending, ending)


def _localized(words: dict[str, str], *, site: dict[str, Any]) -> dict[str, str]:
    names = {LOCALES[language]: text for language, text in words.items() if text}
    if site["language"] in words and words[site["language"]]:
        names[site["locale"]] = words[site["language"]]
    return names


def _variant(piece: Piece, *, product: Product, site_id: str, site: dict[str, Any]) -> VariantInput:
    currency = site["currency"]
    usual = retail_price(piece.price * site["rate"], currency=currency)
    now = retail_price(piece.price * site["rate"] * (1 - product.reduced), currency=currency)
    reduced = product.reduced > 0 and now < usual
    return VariantInput(
        sku=piece.sku,
        name=_localized(piece.names, site=site),
        attributes=piece.attributes,
        image_urls=[f"{PICTURES}{piece.picture}.svg"],
        cost=(usual * Decimal("0.42")).quantize(Decimal("0.01")),
        prices=[PriceInput(amount=now, currency=currency, compare_at=usual if reduced else None)],
        stock=_stock(piece, product=product, site_id=site_id, site=site),
    )


def _stock(piece: Piece, *, product: Product, site_id: str, site: dict[str, Any]) -> list[StockInput]:
    if not product.stock_managed:
        return []
    source = dice("stock", site_id, piece.sku)
    frame = product.item_type in {"frame", "sunglasses"}
    online = 0 if source.random() < 0.03 else source.randint(3, 40) if frame else source.randint(20, 200)
    share = 0.4 if frame else 0.6
    stores = [store[0] for store in site["stores"] if source.random() < share]
    here = [
        StockInput(
            store_id=store, on_hand=source.randint(1, 3 if frame else 12), try_on_sample=frame and source.random() < 0.3
        )
        for store in stores
    ]
    return [StockInput(on_hand=online), *here]
