"""Writing placements."""

import msgspec

from apps.catalog import api as catalog
from apps.recommend.contracts.placements import PlacementInfo, PlacementInput
from apps.recommend.models import Placement
from apps.recommend.selectors import to_placement_info
from specrec.kernel import wire


def ensure_placement(*, site_id: str, placement: PlacementInfo) -> PlacementInfo:
    """Create or change the placement, switch it on, and return it; raises Invalid naming the field."""
    checked = wire.convert(msgspec.structs.asdict(placement), PlacementInput)
    catalog.parse_filter(checked.filter)
    values = msgspec.structs.asdict(checked)
    key = values.pop("placement")
    values |= {name: list(values[name]) for name in ("item_types", "category_ids", "fallback", "item_ids")}
    row, _ = Placement.objects.update_or_create(site_id=site_id, placement=key, defaults={**values, "is_active": True})
    return to_placement_info(row)
