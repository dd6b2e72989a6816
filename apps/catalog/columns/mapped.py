"""A base as columns: its files are mapped, not read, and one copy in memory serves all processes of a machine."""

import uuid
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from apps.catalog.columns.attributes import AttributeColumns
from apps.catalog.columns.facts import Facts
from apps.catalog.columns.ground import Ground
from apps.catalog.columns.manifest import FileEntry, Manifest, StoreEntry, bad, read_manifest
from apps.catalog.columns.read import Places
from apps.catalog.columns.sequences import OpenStores
from apps.catalog.columns.sparse import fixed
from apps.catalog.columns.tables import Documents, IndexedRows, OptionalTexts, Slice, Texts
from apps.catalog.contracts import ItemColumns, StorePrices

_PLAIN = (
    *("item_type", "brand", "published", "stock_managed", "released_at", "category_indptr", "category_indices"),
    *("variant_indptr", "price", "compare_at", "cost", "in_stock"),
)


def map_base(folder: Path) -> ItemColumns:
    """Return the columns of a base; raises BadBase where it is not what was written."""
    manifest = read_manifest(folder)
    base = _Base(folder, manifest)
    ids, places = base.texts("item_ids"), Places(manifest.parents, manifest.stores)
    stock = base.stock()
    return ItemColumns(
        site_id=manifest.site_id,
        stamp=manifest.stamp,
        built_at=manifest.built_at,
        next_change=float("inf") if manifest.next_change is None else manifest.next_change,
        currency=manifest.currency,
        locale=manifest.locale,
        item_ids=ids,
        row_of=IndexedRows(ids, base.array("index")),
        item_types=manifest.item_types,
        brands=list(base.texts("brands")),
        category_ids=manifest.category_ids,
        skus=base.texts("skus"),
        store_price=base.prices(),
        store_stock=OpenStores(stock, places.closed),
        names={locale: base.texts(f"names-{number}") for number, locale in enumerate(manifest.names)},
        descriptions={
            locale: base.texts(f"descriptions-{number}") for number, locale in enumerate(manifest.descriptions)
        },
        image_urls=OptionalTexts(base.texts("image_urls")),
        urls=OptionalTexts(base.texts("urls")),
        attributes=Documents(base.texts("attributes")),
        attribute_columns=AttributeColumns(base.facts, len(ids)),
        store_ids=frozenset(places.stores) - places.closed,
        # Not that of the folder: what is laid over it may put new items in another order than elsewhere.
        base_id=uuid.uuid4().hex,
        ground=Ground(
            own=(base.array("own_indptr"), base.array("own_indices")),
            stock=stock,
            places=places,
            base_items=len(ids),
            folder=manifest.base_id,
        ),
        **{name: base.array(name) for name in _PLAIN},
    )


class _Base:
    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder, self._manifest = folder, manifest
        self._found: dict[str, Facts] | None = None

    def array(self, name: str) -> np.ndarray:
        entry: FileEntry | None = self._manifest.files.get(name)
        if entry is None:
            raise bad(self._folder, f"it was written without the array {name}")
        # What has no entries cannot be mapped.
        mode = None if 0 in entry.shape else "r"
        try:
            found = np.load(self._folder / f"{name}.npy", mmap_mode=mode, allow_pickle=False)  # type: ignore[arg-type]  # a literal
        except (OSError, ValueError) as error:
            raise bad(self._folder, f"the array {name} cannot be read ({type(error).__name__})") from error
        if found.dtype.str != entry.dtype or list(found.shape) != entry.shape:
            raise bad(self._folder, f"the array {name} is {found.dtype.str} {found.shape}, the manifest says otherwise")
        return fixed(np.asarray(found).view(np.ndarray))

    def texts(self, name: str) -> Texts:
        return Texts(self.array(f"{name}.offsets"), self.array(f"{name}.utf8"))

    def stock(self) -> Mapping[str, np.ndarray]:
        rows = self.array("stock")
        return {store: fixed(rows[start:end]) for store, start, end in _ranges(self._manifest.stock)}

    def prices(self) -> Mapping[str, StorePrices]:
        columns = [self.array(name) for name in ("price_variants", "price_amounts", "price_compare_at")]
        return {
            store: StorePrices(*(fixed(column[start:end]) for column in columns))
            for store, start, end in _ranges(self._manifest.prices)
        }

    def facts(self) -> Mapping[str, Facts]:
        """Return the facts of all attributes, which are read when somebody asks for one."""
        if self._found is None:
            number_rows, numbers, word_rows, word_codes = (
                self.array(f"fact_{name}") for name in ("number_rows", "numbers", "word_rows", "word_codes")
            )
            values, entries = self.texts("values"), self._manifest.attributes
            starts = [(0, 0, 0), *((entry.numbers, entry.words, entry.values) for entry in entries)]
            self._found = {
                entry.name: Facts(
                    number_rows=number_rows[before[0] : after[0]],
                    numbers=numbers[before[0] : after[0]],
                    word_rows=word_rows[before[1] : after[1]],
                    word_codes=fixed(word_codes[before[1] : after[1]]),
                    values=Slice(values, before[2], after[2]),
                )
                for entry, (before, after) in zip(entries, pairwise(starts), strict=True)
            }
        return self._found


def _ranges(entries: list[StoreEntry]) -> list[tuple[str, int, int]]:
    starts = [0, *(entry.end for entry in entries)]
    return [(entry.store_id, start, entry.end) for entry, start in zip(entries, starts, strict=False)]
