"""Vectors between trainings: items that came after the model get one, and copies from the catalogue are refreshed.

What a promotion left half done is completed here as well.
"""

import logging
from datetime import datetime

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns
from apps.profiles import api as profiles
from apps.recommend import selectors
from apps.recommend.ml.projection import embed
from apps.recommend.models import ModelVersion
from apps.recommend.registry import vectors
from apps.recommend.registry.artifacts import BadArtifact
from apps.recommend.registry.projections import read_projection
from apps.recommend.training.dataset import describe, item_types_of

logger = logging.getLogger(__name__)


def embed_new_items(*, now: datetime) -> None:
    """Bring the vectors of every site in step with its catalogue."""
    for site in profiles.list_sites():
        embed_site(site_id=site.site_id, now=now)


def embed_site(*, site_id: str, now: datetime) -> None:
    """Bring the vectors of the promoted version in step with the catalogue; nothing to read when they are."""
    version = selectors.find_promoted(site_id=site_id)
    if version is None or version.catalogue_stamp == catalog.get_stamp(site_id=site_id):
        return
    columns = catalog.load_columns(site_id=site_id, now=now)
    with vectors.one_writer(site_id):
        # Another version may have been promoted meanwhile: the next run is for that one.
        if selectors.find_promoted_stamp(site_id=site_id) != version.stamp:
            return
        held = vectors.list_copies(site_id=site_id, stamp=version.stamp)
        _refresh(version, columns, held)
        _add(version, columns, held)
        vectors.remove_other_vectors(site_id=site_id, stamp=version.stamp)
        ModelVersion.objects.filter(pk=version.pk).update(catalogue_stamp=columns.stamp)


def _refresh(version: ModelVersion, columns: ItemColumns, held: dict[str, tuple[str, bool]]) -> None:
    """Take over changed copies, and remove the vectors of items that the catalogue no longer has."""
    place = {"site_id": version.site_id, "stamp": version.stamp}
    changed: dict[tuple[str, bool], list[str]] = {}
    copies = zip(columns.item_ids, item_types_of(columns), columns.published.tolist(), strict=True)
    for item_id, item_type, published in copies:
        if held.get(item_id, (item_type, published)) != (item_type, published):
            changed.setdefault((item_type, published), []).append(item_id)
    for (item_type, published), item_ids in changed.items():
        vectors.update_copies(**place, item_ids=item_ids, item_type=item_type, published=published)
    vectors.remove_vectors(**place, item_ids=[item_id for item_id in held if item_id not in columns.row_of])


def _add(version: ModelVersion, columns: ItemColumns, held: dict[str, tuple[str, bool]]) -> None:
    """Write vectors of the items that have none; not those of which the version's vocabulary says nothing."""
    rows = [row for row, item_id in enumerate(columns.item_ids) if item_id not in held]
    if not rows:
        return
    try:
        projection = read_projection(site_id=version.site_id, stamp=version.stamp)
    except BadArtifact as error:
        logger.warning("new items of %s get no vectors before the next training: %s", version.site_id, error)
        return
    described = describe(columns, rows)
    items = vectors.Embedded(
        item_ids=[columns.item_ids[row] for row in rows],
        item_types=list(described.item_types),
        published=columns.published[rows],
        vectors=embed(described, projection),
    )
    written = vectors.write_vectors(site_id=version.site_id, stamp=version.stamp, items=items)
    logger.info("site %s: %s new items have vectors under %s", version.site_id, written, version.stamp)
