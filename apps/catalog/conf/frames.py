"""Attributes of frames and sunglasses, as models and as single colours and sizes."""

from typing import Annotated, Literal

import msgspec

from apps.catalog.conf.words import Attributes, Cylinder, Grams, Index, Power, Words
from specrec.kernel import wire

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


class FrameAttributes(Attributes, frozen=True):
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


class FrameVariantAttributes(Attributes, frozen=True):
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
