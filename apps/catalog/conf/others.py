"""Attributes of everything that is not a frame."""

from typing import Annotated, Literal

import msgspec

from apps.catalog.conf.words import Addition, Attributes, Cylinder, Index, Pieces, Power, Words
from specrec.kernel import wire


class ContactLensAttributes(Attributes, frozen=True):
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


class LensOptionAttributes(Attributes, frozen=True):
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


class SolutionAttributes(Attributes, frozen=True):
    """Contact lens care. `lens_materials` names what it may be used with."""

    solution_type: wire.Line | None = None
    volume_ml: Annotated[float, msgspec.Meta(gt=0, le=10_000)] | None = None
    bottles: Pieces | None = None
    days_supply: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None
    lens_materials: Words = []
    preservative_free: bool | None = None
    case_included: bool | None = None


class AccessoryAttributes(Attributes, frozen=True):
    """A case, cloth, spray, cord, clip-on, ready reader (`power`, dioptres) and the like."""

    kind: wire.Line | None = None
    material: wire.Line | None = None
    colour: wire.Line | None = None
    power: Power | None = None
    volume_ml: Annotated[float, msgspec.Meta(gt=0, le=10_000)] | None = None
    pack_size: Pieces | None = None
    compatible_with: Words = []


class HearingAttributes(Attributes, frozen=True):
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


class ServiceAttributes(Attributes, frozen=True):
    """An eye test, fitting, hearing check, adjustment or repair."""

    kind: wire.Line | None = None
    duration_min: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None
    remote: bool | None = None
    min_age: Annotated[int, msgspec.Meta(ge=0, le=120)] | None = None
