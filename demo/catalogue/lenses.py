"""Contact lenses and spectacle lenses, with the numbers of their kinds."""

# ruff: noqa: PLR2004 - the numbers are chances and measurements; a name would only repeat the line that they stand in

from typing import Any

from demo.catalogue.products import Piece, Product, dice
from demo.catalogue.words import LANGUAGES, table, word
from demo.pictures.thing import thing_name

_LINES = {
    "Clarea": ("Fresh", "Pure"), "Aquavo": ("Day", "Air"), "Softelle": ("Silk", "Light"),
    "Oculine": ("View", "Pro"), "Mirava": ("Tone", "Sol"),
}  # fmt: skip
_MODALITY = {"daily": (1, (30, 90)), "fortnightly": (14, (6, 12)), "monthly": (30, (3, 6))}
_DESIGNS = {"sphere": 1.0, "toric": 1.35, "multifocal": 1.6, "coloured": 1.3}
_PRICE = {"daily": 0.62, "fortnightly": 3.3, "monthly": 5.6}  # GBP for one lens
# Index, Abbe number, density and price factor of spectacle lenses.
_INDEX = {
    "1.50": (1.498, 59, 1.31, 1.0), "1.56": (1.56, 37, 1.23, 1.3), "1.60": (1.60, 41, 1.30, 1.7),
    "1.67": (1.67, 32, 1.37, 2.3), "1.74": (1.74, 33, 1.47, 3.2),
}  # fmt: skip
_LENS_PRICE = {"single-vision": 35, "varifocal": 129, "occupational": 99, "anti-fatigue": 69, "bifocal": 79}
_FITTING = {"varifocal": 17.0, "occupational": 16.0, "bifocal": 15.0}
_TREATMENTS = {
    "photochromic": {"en": "photochromic", "de": "selbsttönend", "colour": "6d6a5e"},
    "polarised": {"en": "polarised sun", "de": "Sonnenglas polarisierend", "colour": "5a4a3a"},
    "tinted": {"en": "sun tint", "de": "Sonnenglas getönt", "colour": "4a5a52"},
}


_WORDS = {
    True: {
        "en": "Soft contact lenses to wear again, cared for overnight. Only with a specification in date.",
        "de": "Weiche Kontaktlinsen zum Wiedertragen, über Nacht gepflegt. Nur mit gültiger Anpassung.",
    },
    False: {
        "en": "Soft contact lenses, a fresh pair a day. Only with a specification in date.",
        "de": "Weiche Kontaktlinsen, täglich ein frisches Paar. Nur mit gültiger Anpassung.",
    },
}


def list_contact_lenses(*, seed: int) -> list[Product]:
    """Return the contact lenses: two lines of each brand in every modality and design, packs as variants."""
    return [
        _contact_lens(seed, brand=brand, line=line, modality=modality, design=design)
        for brand, lines in _LINES.items()
        for line in lines
        for modality in _MODALITY
        for design in _DESIGNS
    ]


def list_lens_options() -> list[Product]:
    """Return the spectacle lenses: every design in every index, and some with a treatment."""
    plain = [_lens_option(design=design, index=index) for design in _LENS_PRICE for index in _INDEX]
    treated = [
        _lens_option(design=design, index=index, treatment=treatment)
        for treatment in _TREATMENTS
        for design, index in (
            ("single-vision", "1.50"), ("single-vision", "1.60"), ("single-vision", "1.67"),
            ("varifocal", "1.60"), ("varifocal", "1.67"),
        )
    ]  # fmt: skip
    return plain + treated


def _contact_lens(seed: int, *, brand: str, line: str, modality: str, design: str) -> Product:
    source = dice(seed, brand, line, modality, design)
    days, packs = _MODALITY[modality]
    item_id = f"cl-{brand}-{line}-{modality}-{design}".lower()
    attributes: dict[str, Any] = {
        "modality": modality,
        "design": design,
        "material": source.choice(("silicone-hydrogel", "silicone-hydrogel", "hydrogel")),
        "water_percent": float(source.choice((33, 38, 46, 55, 58))),
        "dk_t": float(source.choice((26, 86, 118, 128, 147))),
        "bc": [source.choice((8.4, 8.5, 8.6))],
        "dia": [source.choice((14.0, 14.1, 14.2))],
        "sph_list": [step / 4 for step in range(-24, 17) if step],
        "lenses_per_box": packs[0],
        "days_per_lens": days,
        "extended_wear": False,
        "uv_filter": source.random() < 0.5,
        "needs_solution": modality != "daily",
        "solution_types": [] if modality == "daily" else ["multipurpose", "peroxide"],
    }
    if design == "toric":
        attributes |= {"cyl_list": [-0.75, -1.25, -1.75, -2.25], "axis_list": list(range(10, 181, 10))}
    if design == "multifocal":
        attributes |= {"add_list": ["low", "medium", "high"]}
    price = _PRICE[modality] * _DESIGNS[design] * source.uniform(0.85, 1.2)
    tint = table("goods")["tints"][brand]
    return Product(
        item_id=item_id,
        item_type="contact_lens",
        names={
            lang: f"{line} {word('modality', modality, lang)} {word('design', design, lang)}".strip()
            for lang in LANGUAGES
        },
        texts=_WORDS[days > 1],
        brand=brand,
        categories=("contact-lenses", "contact-lenses-daily" if modality == "daily" else "contact-lenses-monthly"),
        attributes=attributes,
        pieces=tuple(_pack(item_id, brand=brand, tint=tint, count=count, price=price) for count in packs),
        age_days=source.uniform(60, 900),
        traits=frozenset({f"modality:{modality}", f"brand:{brand}", f"design:{design}"}),
    )


def _pack(item_id: str, *, brand: str, tint: str, count: int, price: float) -> Piece:
    return Piece(
        sku=f"{item_id}-{count}",
        names={"en": f"{count} lenses", "de": f"{count} Linsen"},
        attributes={"lenses_per_box": count},
        picture=thing_name(kind="box", colour=tint, label=brand, mark=str(count)),
        price=price * count * (1.0 if count < 12 else 0.88),
    )


def _lens_option(*, design: str, index: str, treatment: str | None = None) -> Product:
    refraction, abbe, density, factor = _INDEX[index]
    extra = _TREATMENTS.get(treatment or "", {"en": "", "de": "", "colour": "6f93a8"})
    item_id = f"lens-{design}-{index.replace('.', '')}" + (f"-{treatment}" if treatment else "")
    attributes: dict[str, Any] = {
        "design": design,
        "material": f"plastic {index}",
        "index": refraction,
        "abbe": float(abbe),
        "density": density,
        "sph_min": -12.0 if refraction > 1.6 else -6.0,
        "sph_max": 8.0 if refraction > 1.6 else 5.0,
        "cyl_max": 4.0,
        "max_diameter_mm": 75.0,
        "coatings": ["hard", "anti-reflection"],
        "photochromic": treatment == "photochromic",
        "polarised": treatment == "polarised",
    }
    if design in _FITTING:
        attributes |= {"min_fitting_height_mm": _FITTING[design], "add_min": 0.75, "add_max": 3.5}
    price = _LENS_PRICE[design] * factor + (45 if treatment else 0)
    return Product(
        item_id=item_id,
        item_type="lens_option",
        names={lang: f"{word('design', design, lang)} {index} {extra[lang]}".strip() for lang in LANGUAGES},
        texts={
            "en": f"A pair of lenses, index {index}, hard coated and anti-reflection coated.",
            "de": f"Ein Paar Gläser, Index {index}, gehärtet und entspiegelt.",
        },
        brand="Optiva",
        categories=("lens-options",),
        attributes=attributes,
        pieces=(
            Piece(
                sku=item_id,
                names={},
                attributes={},
                picture=thing_name(kind="lens", colour=extra["colour"], label=index, mark=design[:12]),
                price=price,
            ),
        ),
        age_days=400.0,
        stock_managed=False,
        traits=frozenset({f"lens:{design}"}),
    )
