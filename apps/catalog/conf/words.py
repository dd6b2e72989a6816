"""The typed attributes of each item type: names, units and ranges. Lengths are in millimetres, powers in dioptres.

Every attribute may be left out. Merchants put their own facts in `extra` and free words in `tags`; the type `generic`
has no names of its own and takes any. The ranges are wide on purpose: they catch typing errors (52 cm for 52 mm), not
unusual products. Measurements follow the boxing system of ISO 8624.
"""

from typing import Annotated, Any

import msgspec

from specrec.kernel import wire

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


class Attributes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What every type takes: `extra` for facts of the merchant, `tags` for free words."""

    extra: Facts = {}
    tags: Words = []
