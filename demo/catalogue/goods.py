"""Solutions, accessories, hearing consumables and services, from the families of `goods.toml`."""

# ruff: noqa: PLR2004 - the numbers are chances and measurements; a name would only repeat the line that they stand in

from typing import Any

from demo.catalogue.products import Names, Piece, Product, dice
from demo.catalogue.words import LANGUAGES, table
from demo.pictures.thing import thing_name


def list_goods(*, seed: int) -> list[Product]:
    """Return one product for every brand and model of every family."""
    return [
        _product(seed, family=family, brand=brand, model=model)
        for family in table("goods")["family"]
        for brand in family["brands"]
        for model in family["models"]
    ]


def _product(seed: int, *, family: dict[str, Any], brand: str, model: list[Any]) -> Product:
    key, english, german, factor, attributes = model[:5]
    item_id = "-".join(part for part in (family["id"], key, brand.lower()) if part)
    source = dice(seed, item_id)
    service = family["type"] == "service"
    models: Names = {"en": english, "de": german}
    price = family["price"] * factor * (1.0 if service else source.uniform(0.85, 1.2))
    return Product(
        item_id=item_id,
        item_type=family["type"],
        names={lang: family["names"][lang].format(brand=brand, model=models[lang]).strip() for lang in LANGUAGES},
        texts=family["text"],
        brand=brand,
        categories=(family["category"],),
        attributes={**family.get("attributes", {}), **attributes},
        pieces=tuple(_pieces(item_id, family=family, brand=brand, model=model, price=price)),
        age_days=source.uniform(40, 900),
        reduced=0.2 if not service and source.random() < 0.08 else 0.0,
        stock_managed=not service,
        traits=frozenset({f"brand:{brand}", f"kind:{family['id']}", *_matches(attributes)}),
    )


def _pieces(item_id: str, *, family: dict[str, Any], brand: str, model: list[Any], price: float) -> list[Piece]:
    tint = model[5] if len(model) > 5 else table("goods")["tints"].get(brand, "1f4d4a")
    kind = model[6] if len(model) > 6 else family["picture"]
    mark = _mark(model[4])
    options = family.get("options")
    if not options:
        picture = thing_name(kind=kind, colour=tint, label=brand, mark=mark)
        return [Piece(sku=item_id, names={}, attributes={}, picture=picture, price=price)]
    return [
        Piece(
            sku=f"{item_id}-{key}",
            names={"en": english, "de": german},
            attributes={"colour": english, "swatch": f"#{colour}"},
            picture=thing_name(kind=kind, colour=colour, label=brand, mark=mark),
            price=price,
        )
        for key, english, german, colour in options
    ]


def _mark(attributes: dict[str, Any]) -> str:
    if "battery_size" in attributes:
        return str(attributes["battery_size"])
    if "duration_min" in attributes:
        return f"{attributes['duration_min']} min"
    if "volume_ml" in attributes:
        return f"{attributes['volume_ml']} ml"
    if "power" in attributes:
        return f"+{attributes['power']:.0f}_{attributes['power'] % 1 * 100:02.0f}"
    return f"{attributes['pack_size']} x" if attributes.get("pack_size", 1) > 1 else ""


def _matches(attributes: dict[str, Any]) -> list[str]:
    return [f"battery:{attributes['battery_size']}"] if "battery_size" in attributes else []
