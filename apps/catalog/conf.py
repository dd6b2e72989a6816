"""The typed attributes of each item type: names, units and ranges. Lengths are in millimetres, powers in dioptres.

Every attribute may be left out. Merchants put their own facts in `extra` and free words in `tags`; the type `generic`
has no names of its own and takes any. The ranges are wide on purpose: they catch typing errors (52 cm for 52 mm), not
unusual products. Measurements follow the boxing system of ISO 8624.
"""

import re
from typing import Annotated, Any, Literal

import msgspec

from specrec.kernel import wire
from specrec.kernel.errors import Invalid

# Checked by `_check_facts`: msgspec 0.22 crashes when it frees a union of a string with a pattern and a list.
Facts = dict[str, Any]
Words = Annotated[list[wire.Line], msgspec.Meta(max_length=100)]
Numbers = Annotated[list[float], msgspec.Meta(max_length=1_000)]
Power = Annotated[float, msgspec.Meta(ge=-40, le=40)]
Cylinder = Annotated[float, msgspec.Meta(ge=-20, le=20)]
Addition = Annotated[float, msgspec.Meta(ge=0, le=6)]
Index = Annotated[float, msgspec.Meta(ge=1.4, le=2)]
Grams = Annotated[float, msgspec.Meta(gt=0, le=1_000)]
Pieces = Annotated[int, msgspec.Meta(ge=1, le=10_000)]

Shape = Literal[
    "round",
    "oval",
    "panto",
    "square",
    "rectangle",
    "cat-eye",
    "aviator",
    "browline",
    "geometric",
    "wrap",
    "shield",
    "butterfly",
    "other",
]
Rim = Literal["full", "supra", "rimless"]
FrameMaterial = Literal[
    "acetate",
    "propionate",
    "tr90",
    "nylon",
    "steel",
    "monel",
    "aluminium",
    "titanium",
    "beta-titanium",
    "wood",
    "horn",
    "combination",
    "other",
]
BridgeType = Literal["keyhole", "saddle", "pads-fixed", "pads-adjustable", "low-bridge"]
Gender = Literal["women", "men", "unisex"]
AgeGroup = Literal["child", "teen", "adult"]


class _Attributes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What every type takes: `extra` for facts of the merchant, `tags` for free words."""

    extra: Facts = {}
    tags: Words = []


class FrameAttributes(_Attributes, frozen=True):
    """A spectacle frame, as a model. `rx_*` bound the prescription it can be glazed to; `min_index` the lens index."""

    shape: Shape | None = None
    rim: Rim | None = None
    materials: list[FrameMaterial] = []
    bridge_type: BridgeType | None = None
    hinge: Literal["standard", "spring"] | None = None
    gender_marketed: list[Gender] = []
    age_group: AgeGroup | None = None
    base_curve: Annotated[float, msgspec.Meta(ge=0, le=12)] | None = None
    wrap_angle_deg: Annotated[float, msgspec.Meta(ge=0, le=45)] | None = None
    rx_able: bool | None = None
    rx_min_sph: Power | None = None
    rx_max_sph: Power | None = None
    rx_max_cyl: Cylinder | None = None
    min_index: Index | None = None
    varifocal_ok: bool | None = None
    price_tier: Literal["value", "standard", "premium", "luxury"] | None = None
    offer_codes: Words = []
    nickel_free: bool | None = None
    clip_on_compatible: bool | None = None
    smart: bool | None = None
    sustainability: Words = []


class SunglassesAttributes(FrameAttributes, frozen=True):
    """Sunglasses. `filter_cat` is the category of EN ISO 12312-1; darkness says nothing about UV, hence `uv400`."""

    filter_cat: Annotated[int, msgspec.Meta(ge=0, le=4)] | None = None
    polarised: bool | None = None
    photochromic: bool | None = None
    mirrored: bool | None = None
    gradient: bool | None = None
    uv400: bool | None = None


class ContactLensAttributes(_Attributes, frozen=True):
    """A contact lens range. `bc` and `dia` in mm; `sph_list`, `cyl_list`, `add_list` in dioptres; axes in degrees."""

    modality: Literal["daily", "weekly", "fortnightly", "monthly", "quarterly", "yearly"] | None = None
    design: (
        Literal[
            "sphere",
            "toric",
            "multifocal",
            "toric-multifocal",
            "coloured",
            "plano-cosmetic",
            "myopia-control",
        ]
        | None
    ) = None
    material: Literal["hydrogel", "silicone-hydrogel", "rgp"] | None = None
    water_percent: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    dk_t: Annotated[float, msgspec.Meta(ge=0, le=500)] | None = None
    bc: Annotated[list[Annotated[float, msgspec.Meta(ge=6, le=11)]], msgspec.Meta(max_length=50)] = []
    dia: Annotated[list[Annotated[float, msgspec.Meta(ge=8, le=20)]], msgspec.Meta(max_length=50)] = []
    sph_list: Annotated[list[Power], msgspec.Meta(max_length=1_000)] = []
    cyl_list: Annotated[list[Cylinder], msgspec.Meta(max_length=100)] = []
    axis_list: Annotated[list[Annotated[int, msgspec.Meta(ge=0, le=180)]], msgspec.Meta(max_length=200)] = []
    add_list: list[Addition | Literal["low", "medium", "high"]] = []
    lenses_per_box: Pieces | None = None
    days_per_lens: Annotated[int, msgspec.Meta(ge=1, le=400)] | None = None
    extended_wear: bool | None = None
    uv_filter: bool | None = None
    needs_solution: bool | None = None
    solution_types: Words = []


class LensOptionAttributes(_Attributes, frozen=True):
    """A spectacle lens to choose with a frame. Heights, corridors and diameters in mm; `density` in g/cm3."""

    design: (
        Literal[
            "single-vision",
            "bifocal",
            "trifocal",
            "varifocal",
            "occupational",
            "anti-fatigue",
            "myopia-control",
            "plano",
        ]
        | None
    ) = None
    material: wire.Line | None = None
    index: Index | None = None
    abbe: Annotated[float, msgspec.Meta(ge=10, le=100)] | None = None
    density: Annotated[float, msgspec.Meta(ge=0.5, le=5)] | None = None
    min_fitting_height_mm: Annotated[float, msgspec.Meta(ge=5, le=50)] | None = None
    corridor_mm: list[Annotated[float, msgspec.Meta(ge=5, le=30)]] = []
    add_min: Addition | None = None
    add_max: Addition | None = None
    sph_min: Power | None = None
    sph_max: Power | None = None
    cyl_max: Cylinder | None = None
    max_diameter_mm: Annotated[float, msgspec.Meta(ge=30, le=100)] | None = None
    coatings: Words = []
    tint: wire.Line | None = None
    photochromic: bool | None = None
    polarised: bool | None = None


class SolutionAttributes(_Attributes, frozen=True):
    """Contact lens care. `lens_materials` names what it may be used with."""

    solution_type: wire.Line | None = None
    volume_ml: Annotated[float, msgspec.Meta(gt=0, le=10_000)] | None = None
    bottles: Pieces | None = None
    days_supply: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None
    lens_materials: Words = []
    preservative_free: bool | None = None
    case_included: bool | None = None


class AccessoryAttributes(_Attributes, frozen=True):
    """A case, cloth, spray, cord, clip-on, ready reader (`power`, dioptres) and the like."""

    kind: wire.Line | None = None
    material: wire.Line | None = None
    colour: wire.Line | None = None
    power: Power | None = None
    volume_ml: Annotated[float, msgspec.Meta(gt=0, le=10_000)] | None = None
    pack_size: Pieces | None = None
    compatible_with: Words = []


class HearingAttributes(_Attributes, frozen=True):
    """A hearing aid, battery, consumable or protection. `hours_per_cell` is the battery life in hours of use."""

    kind: Literal["aid", "battery", "consumable", "protection", "accessory"] | None = None
    style: Literal["bte", "ric", "ite", "itc", "cic", "iic"] | None = None
    technology_tier: wire.Line | None = None
    rechargeable: bool | None = None
    battery_size: Literal["10", "312", "13", "675"] | None = None
    hours_per_cell: Annotated[float, msgspec.Meta(gt=0, le=2_000)] | None = None
    pack_size: Pieces | None = None
    receiver_power: wire.Line | None = None
    dome: wire.Line | None = None
    bluetooth: bool | None = None
    telecoil: bool | None = None
    tinnitus_feature: bool | None = None
    app: bool | None = None
    compatible_models: Words = []


class ServiceAttributes(_Attributes, frozen=True):
    """An eye test, fitting, hearing check, adjustment or repair."""

    kind: wire.Line | None = None
    duration_min: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None
    remote: bool | None = None
    min_age: Annotated[int, msgspec.Meta(ge=0, le=120)] | None = None


class FrameVariantAttributes(_Attributes, frozen=True):
    """One colour and size of a frame. `ed_source` and `width_source` say how far the number can be trusted.

    a_mm eye size, b_mm lens height, dbl_mm bridge, ed_mm effective diameter, temple_mm side, front_width_mm front.
    """

    colour_front: wire.Line | None = None
    colour_temple: wire.Line | None = None
    colour_family: wire.Line | None = None
    finish: wire.Line | None = None
    pattern: wire.Line | None = None
    marking: wire.Line | None = None
    a_mm: Annotated[float, msgspec.Meta(ge=25, le=80)] | None = None
    b_mm: Annotated[float, msgspec.Meta(ge=15, le=75)] | None = None
    dbl_mm: Annotated[float, msgspec.Meta(ge=5, le=35)] | None = None
    ed_mm: Annotated[float, msgspec.Meta(ge=25, le=100)] | None = None
    ed_source: Literal["feed", "trace", "estimated"] | None = None
    temple_mm: Annotated[float, msgspec.Meta(ge=80, le=180)] | None = None
    front_width_mm: Annotated[float, msgspec.Meta(ge=80, le=190)] | None = None
    width_source: Literal["feed", "measured", "estimated"] | None = None
    weight_g: Grams | None = None
    filter_cat: Annotated[int, msgspec.Meta(ge=0, le=4)] | None = None
    polarised: bool | None = None
    photochromic: bool | None = None
    uv400: bool | None = None


ITEM_ATTRIBUTES: dict[str, type[_Attributes]] = {
    "frame": FrameAttributes,
    "sunglasses": SunglassesAttributes,
    "contact_lens": ContactLensAttributes,
    "lens_option": LensOptionAttributes,
    "solution": SolutionAttributes,
    "accessory": AccessoryAttributes,
    "hearing": HearingAttributes,
    "service": ServiceAttributes,
}
VARIANT_ATTRIBUTES: dict[str, type[_Attributes]] = {
    "frame": FrameVariantAttributes,
    "sunglasses": FrameVariantAttributes,
}
MAX_FACTS = 200
MAX_NUMBER = 1e15
MAX_TEXT = 500
MAX_NAME = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def checked_item_attributes(item_type: str, attributes: dict[str, Any], *, at: str) -> dict[str, Any]:
    """Return the attributes of an item as they are stored; raises Invalid with a field such as `attributes.shape`."""
    return _checked(ITEM_ATTRIBUTES.get(item_type), attributes, at=at)


def checked_variant_attributes(item_type: str, attributes: dict[str, Any], *, at: str) -> dict[str, Any]:
    """Return the attributes of a variant as they are stored; types without a schema take any words and numbers."""
    return _checked(VARIANT_ATTRIBUTES.get(item_type), attributes, at=at)


def _checked(kind: type[_Attributes] | None, attributes: dict[str, Any], *, at: str) -> dict[str, Any]:
    if not attributes:
        return {}
    if kind is None:
        extra = attributes.get("extra")
        _check_facts({name: value for name, value in attributes.items() if name != "extra"}, at=at)
        if extra is not None:
            _check_facts(extra, at=f"{at}.extra")
        return attributes
    checked = wire.convert(attributes, kind, at=at)
    _check_facts(checked.extra, at=f"{at}.extra")
    plain: dict[str, Any] = msgspec.to_builtins(checked)
    return plain


def _check_facts(facts: Any, *, at: str) -> None:
    """Raise Invalid unless this is a dictionary of words to words, numbers, flags and lists of words or numbers."""
    if not isinstance(facts, dict):
        raise Invalid("Expected a dictionary.", code="invalid_type", field=at)
    if len(facts) > MAX_FACTS:
        raise Invalid(f"At most {MAX_FACTS} attributes are accepted, got {len(facts)}.", code="too_many", field=at)
    for name, value in facts.items():
        if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME or _CONTROL.search(name):
            message = (
                f"The name of an attribute must have 1 to {MAX_NAME} characters, none of them a control character."
            )
            raise Invalid(message, code="invalid_name", field=at)
        entries = value if isinstance(value, list) else [value]
        if len(entries) > MAX_FACTS:
            raise Invalid(f"At most {MAX_FACTS} entries are accepted.", code="too_many", field=f"{at}.{name}")
        for entry in entries:
            _check_fact(entry, at=f"{at}.{name}")


def _check_fact(value: Any, *, at: str) -> None:
    if isinstance(value, str):
        if len(value) > MAX_TEXT or _CONTROL.search(value):
            message = f"Text may have {MAX_TEXT} characters, none of them a control character."
            raise Invalid(message, code="invalid_value", field=at)
    elif isinstance(value, bool | int | float):
        if not abs(value) <= MAX_NUMBER:
            raise Invalid("The number is too large.", code="out_of_range", field=at)
    else:
        message = "Expected text, a number, true or false, or a list of text or numbers."
        raise Invalid(message, code="invalid_type", field=at)
