"""Frames and sunglasses: every brand designs to its own taste, so shoppers with a taste find their brand."""

# ruff: noqa: PLR2004 - the numbers are chances and measurements; a name would only repeat the line that they stand in

import random
from dataclasses import dataclass
from typing import Any

from demo.catalogue.measures import Measures, measure
from demo.catalogue.products import Piece, Product, dice, pick
from demo.catalogue.words import LANGUAGES, table, word
from demo.pictures.palette import TINTS, colours
from demo.pictures.spec import FrameSpec

_METALS = {"steel", "monel", "titanium", "beta-titanium"}
_GROUP = {
    "acetate": "acetate", "propionate": "acetate", "wood": "acetate", "tr90": "nylon", "nylon": "nylon",
    "combination": "combination",
}  # fmt: skip
# Shapes of the pictures that the catalogue knows by another word.
_SHAPE = {"cat_eye": "cat-eye", "octagon": "geometric"}
_SUFFIX = {
    "S": ("", "Petite", "II", "Mini", "III"),
    "M": ("", "II", "Classic", "III", "Fine"),
    "L": ("", "Grand", "II", "Bold", "III"),
}


@dataclass(frozen=True, slots=True)
class _Design:
    """What the colours of a style share."""

    item_id: str
    shape: str
    rim: str
    material: str
    bridge: str
    hinge: str
    measures: Measures
    sun: bool
    filter_category: int
    tint: str
    fade: bool
    polarised: bool

    @property
    def group(self) -> str:
        """The material as far as the picture and the colours are concerned."""
        return _GROUP.get(self.material, "metal")


def design_frames(*, seed: int, frames: int, sunglasses: int) -> list[Product]:
    """Return so many frames and sunglasses, in the proportions of the brands."""
    brands = table("brands")
    products = []
    for sun, wanted in ((False, frames), (True, sunglasses)):
        weights = {name: brand["share"] * (brand["sun"] if sun else 1 - brand["sun"]) for name, brand in brands.items()}
        total, done, due = sum(weights.values()), 0, 0.0
        for name, weight in weights.items():
            due += wanted * weight / total
            products += _range(seed, name=name, brand=brands[name], count=round(due) - done, sun=sun)
            done = round(due)
    return products


def _range(seed: int, *, name: str, brand: dict[str, Any], count: int, sun: bool) -> list[Product]:
    words = table("names")[brand["names"]].split()
    dice(seed, name).shuffle(words)
    used: set[str] = set()
    products = []
    for number in range(count):
        source = dice(seed, name, sun, number)
        base = words[(number + (17 if sun else 0)) % len(words)]
        products.append(_style(source, name=name, brand=brand, base=base, sun=sun, used=used))
    return products


def _style(source: random.Random, *, name: str, brand: dict[str, Any], base: str, sun: bool, used: set[str]) -> Product:
    material = pick(source, brand["materials"])
    shape = pick(source, _shapes(brand, sun=sun))
    metal = material in _METALS
    rim = pick(source, {"full": 6, "supra": 2, "rimless": 2}) if metal and not sun and shape != "aviator" else "full"
    if shape == "browline":
        material = "combination"
    measures = measure(source, shape=shape, material=material, rim=rim, child=bool(brand.get("child")), sun=sun)
    title = next(f"{base} {end}".strip() for end in _SUFFIX[measures.size] if f"{base} {end}".strip() not in used)
    used.add(title)
    title = f"{title} Sun" if sun else title
    design = _Design(
        item_id=f"{title.lower().replace(' ', '-')}-{brand['code']}",
        shape=shape,
        rim=rim,
        material=material,
        bridge="pads-adjustable"
        if material in _METALS or material == "combination"
        else source.choice(("saddle", "saddle", "keyhole")),
        hinge=source.choice(("spring", "standard")),
        measures=measures,
        sun=sun,
        filter_category=pick_number(source, {1: 1, 2: 3, 3: 8}) if sun else 0,
        tint=source.choice(_tints(shape)) if sun else "clear",
        fade=sun and shape not in {"wrap", "shield"} and source.random() < 0.35,
        polarised=sun and source.random() < 0.4,
    )
    return _product(source, design=design, title=title, name=name, brand=brand)


def pick_number(source: random.Random, weights: dict[int, int]) -> int:
    """Return one of the numbers, by weight."""
    return source.choices(list(weights), weights=list(weights.values()))[0]


def _shapes(brand: dict[str, Any], *, sun: bool) -> dict[str, int]:
    shapes: dict[str, int] = brand["shapes"]
    return {shape: weight for shape, weight in shapes.items() if sun or shape not in {"wrap", "shield"}}


def _tints(shape: str) -> tuple[str, ...]:
    if shape in {"wrap", "shield"}:
        return ("grey", "blue_mirror", "gold_mirror", "silver_mirror", "amber")
    return ("grey", "grey", "green", "brown", "brown", "blue", "rose", *(tint for tint in TINTS if tint == "amber"))


def _product(source: random.Random, *, design: _Design, title: str, name: str, brand: dict[str, Any]) -> Product:
    price = (
        brand["base"]
        * source.uniform(0.8, 1.3)
        * (1.12 if design.rim == "rimless" or design.material == "titanium" else 1)
    )
    gender = [source.choice(brand["gender"])]
    child = bool(brand.get("child"))
    tones = _colourways(source, brand=brand, design=design)
    pieces = tuple(_piece(design, colour=colour, price=price) for colour in tones)
    shape = _SHAPE.get(design.shape, design.shape)
    families = {colours()[colour].family for colour in tones}
    return Product(
        item_id=design.item_id,
        item_type="sunglasses" if design.sun else "frame",
        names=dict.fromkeys(LANGUAGES, title),
        texts={language: _text(design, shape=shape, language=language) for language in LANGUAGES},
        brand=name,
        categories=_categories(design, gender=gender, child=child),
        attributes=_attributes(source, design=design, shape=shape, brand=brand, gender=gender),
        pieces=pieces,
        age_days=source.uniform(0, 21) if source.random() < 0.06 else source.uniform(30, 900),
        reduced=source.choice((0.15, 0.2, 0.3)) if source.random() < 0.11 else 0.0,
        traits=frozenset(
            {
                f"shape:{shape}",
                f"brand:{name}",
                f"tier:{brand['tier']}",
                f"size:{design.measures.size}",
                f"group:{design.group}",
            }
            | {f"colour:{family}" for family in families}
            | {f"gender:{gender[0]}", "age:child" if child else "age:adult"}
        ),
    )


def _colourways(source: random.Random, *, brand: dict[str, Any], design: _Design) -> list[str]:
    fits = [colour for colour in brand["colours"] if design.group in colours()[colour].on]
    if design.group == "combination":
        fits = [colour for colour in colours() if "combination" in colours()[colour].on]
    if len(fits) < 2:
        fits += [colour for colour, entry in colours().items() if design.group in entry.on and colour not in fits][:3]
    return source.sample(fits, k=min(len(fits), pick_number(source, {2: 5, 3: 4, 4: 2})))


def _categories(design: _Design, *, gender: list[str], child: bool) -> tuple[str, ...]:
    if design.sun:
        return ("sunglasses",)
    if child:
        return ("frames", "frames-children")
    meant = {"women": ("frames-women",), "men": ("frames-men",), "unisex": ("frames-women", "frames-men")}[gender[0]]
    return ("frames", *meant)


def _attributes(
    source: random.Random, *, design: _Design, shape: str, brand: dict[str, Any], gender: list[str]
) -> dict[str, Any]:
    strong = design.measures.base_curve >= 8
    attributes: dict[str, Any] = {
        "shape": shape,
        "rim": design.rim,
        "materials": ["acetate"] if design.material == "wood" else [design.material],
        "bridge_type": design.bridge,
        "hinge": design.hinge,
        "gender_marketed": gender,
        "age_group": "child" if brand.get("child") else "adult",
        "base_curve": design.measures.base_curve,
        "wrap_angle_deg": 18.0 if strong else 6.0,
        "rx_able": design.shape != "shield",
        "rx_min_sph": -4.0 if strong else -10.0,
        "rx_max_sph": 3.0 if strong else 6.0,
        "rx_max_cyl": 2.0 if strong else 4.0,
        "min_index": 1.6 if design.rim == "rimless" else 1.53 if design.rim == "supra" else 1.5,
        "varifocal_ok": design.measures.b / 2 + 4 >= 18 and not strong,
        "price_tier": brand["tier"],
        "nickel_free": design.material not in {"steel", "monel", "combination"},
        "sustainability": ["bio-acetate"] if brand.get("sustainable") else [],
        "tags": source.sample(("everyday", "light", "statement", "office", "classic", "weekend"), k=2),
    }
    if design.sun:
        attributes |= {
            "filter_cat": design.filter_category,
            "polarised": design.polarised,
            "mirrored": TINTS[design.tint].mirrored,
            "gradient": design.fade,
            "uv400": True,
        }
    return attributes


def _piece(design: _Design, *, colour: str, price: float) -> Piece:
    tone, size = colours()[colour], design.measures
    picture = FrameSpec(
        shape=design.shape,
        rim="half" if design.rim == "supra" else design.rim,
        material=design.group,
        bridge="pads" if design.bridge.startswith("pads") else design.bridge,
        colour=colour,
        a=size.a,
        b=size.b,
        dbl=size.dbl,
        width=size.width,
        tint=design.tint,
        category=design.filter_category,
        fade=design.fade,
    )
    attributes: dict[str, Any] = {
        **size.attributes(),
        "colour_front": tone.names["en"],
        "colour_family": tone.family,
        "pattern": tone.pattern,
        "extra": {"swatch": tone.tones[0], "size": size.size, "tint": design.tint},
    }
    if design.sun:
        attributes |= {"filter_cat": design.filter_category, "polarised": design.polarised, "uv400": True}
    sku = f"{design.item_id}-{colour.replace('_', '-')}-{size.a}"
    return Piece(sku=sku, names=tone.names, attributes=attributes, picture=picture.name, price=price)


def _text(design: _Design, *, shape: str, language: str) -> str:
    form, rim = word("shapes", shape, language), word("rims", design.rim, language)
    stuff, nose = word("materials", design.material, language), word("bridges", design.bridge, language)
    hinge, size = word("hinges", design.hinge, language), design.measures
    if language == "de":
        lens = (
            f" Gläser {word('tints', design.tint, language)}, Filterkategorie {design.filter_category}, UV400."
            if design.sun
            else ""
        )
        polar = " Polarisierend." if design.polarised else ""
        return f"{form}, {rim}, {stuff}; {nose}, {hinge}. Glasbreite {size.a} mm, {size.weight:.0f} g.{lens}{polar}"
    lens = (
        f" Lenses {word('tints', design.tint, language)}, filter category {design.filter_category}, UV400."
        if design.sun
        else ""
    )
    polar = " Polarised." if design.polarised else ""
    return f"{form}, {rim}, {stuff}; {nose}, {hinge}. Lens width {size.a} mm, {size.weight:.0f} g.{lens}{polar}"
