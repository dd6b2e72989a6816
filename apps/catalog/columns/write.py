"""A base, written part by part: however large the catalogue is, only its numbers are in memory."""

import io
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from apps.catalog.columns.categories import Codes, with_those_above
from apps.catalog.columns.facts import Gathering, facts_of
from apps.catalog.columns.lay import ground_of
from apps.catalog.columns.manifest import AttributeEntry, Manifest, StoreEntry, write_manifest
from apps.catalog.columns.sparse import indptr_of
from apps.catalog.columns.tables import make_index
from apps.catalog.contracts import ItemColumns
from specrec.kernel import wire

_PLAIN = ("item_type", "published", "stock_managed", "released_at", "price", "compare_at", "cost", "in_stock")


class TextFile:
    """A table of texts that is being written: its bytes go to the disk, its offsets stay."""

    def __init__(self, folder: Path, name: str, rows: int = 0) -> None:
        self._folder, self._name = folder, name
        self._ends = [np.zeros(rows + 1, dtype=np.int64)]
        self._size = 0
        self._handle = (folder / f"{name}.utf8.npy").open("wb")
        self._head(0)

    def add(self, texts: Iterable[str | bytes]) -> None:
        """Append texts."""
        encoded = [text if isinstance(text, bytes) else text.encode() for text in texts]
        ends = self._size + np.cumsum([len(text) for text in encoded], dtype=np.int64)
        self._handle.write(b"".join(encoded))
        self._ends.append(ends)
        self._size = int(ends[-1]) if len(ends) else self._size

    def close(self) -> None:
        """Write the head with the size that it came to, and the offsets."""
        self._handle.seek(0)
        self._head(self._size)
        self._handle.close()
        save(self._folder, f"{self._name}.offsets", np.concatenate(self._ends))

    def _head(self, size: int) -> None:
        head = io.BytesIO()
        npy.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (size,)})
        # A head is padded to 64 bytes, and its largest number needs no more than that leaves: both are as long.
        self._handle.write(head.getvalue())


class BaseWriter:
    """Take parts of the catalogue in the order of item ids, then write what they come to."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._files = folder, ExitStack()
        self._items = self._variants = 0
        self._chunks: dict[str, list[np.ndarray]] = {}
        self._texts: dict[str, TextFile] = {}
        self._ids: list[bytes] = []
        self._brands, self._categories = Codes(), Codes()
        self._facts: dict[str, Gathering] = {}
        self._names: dict[str, list[str]] = {"names": [], "descriptions": []}
        self._stores: dict[str, dict[str, list[Any]]] = {"stock": {}, "prices": {}}
        self._first: ItemColumns | None = None

    def add(self, part: ItemColumns) -> None:
        """Append the items of a part."""
        if self._first is None:
            self._first = part
            self._categories = Codes(ground_of(part).places.parents)
        self._add_numbers(part)
        self._add_stores(part)
        self._add_texts(part)
        for row, own in enumerate(part.attributes, start=self._items):
            for name, value in facts_of(own).items():
                if name not in self._facts:
                    self._facts[name] = Gathering()
                self._facts[name].take(row, value)
        self._items += len(part.item_ids)
        self._variants += len(part.skus)

    def _add_numbers(self, part: ItemColumns) -> None:
        for name in _PLAIN:
            self._chunk(name, getattr(part, name))
        indptr, indices = ground_of(part).own
        self._chunk("brand", _recoded(part.brand, part.brands, self._brands))
        self._chunk("own", _recoded(indices, part.category_ids, self._categories))
        self._chunk("own_counts", np.diff(indptr))
        self._chunk("variant_counts", np.diff(part.variant_indptr))

    def _add_stores(self, part: ItemColumns) -> None:
        for store, rows in ground_of(part).stock.items():
            self._stores["stock"].setdefault(store, []).append(rows + np.int32(self._variants))
        for store, prices in part.store_price.items():
            rows = prices.variants + np.int32(self._variants)
            self._stores["prices"].setdefault(store, []).append((rows, prices.amounts, prices.compare_at))

    def _add_texts(self, part: ItemColumns) -> None:
        self._ids += [item_id.encode() for item_id in part.item_ids]
        self._text("item_ids").add(part.item_ids)
        self._text("skus").add(part.skus)
        self._text("image_urls").add(url or "" for url in part.image_urls)
        self._text("urls").add(url or "" for url in part.urls)
        self._text("attributes").add(wire.encode(own) for own in part.attributes)
        for kind, known in self._names.items():
            given = getattr(part, kind)
            known += [locale for locale in given if locale not in known]
            for number, locale in enumerate(known):
                self._text(f"{kind}-{number}", self._items).add(given.get(locale) or [""] * len(part.item_ids))

    def _chunk(self, name: str, chunk: np.ndarray) -> None:
        self._chunks.setdefault(name, []).append(chunk)

    def _text(self, name: str, rows: int = 0) -> TextFile:
        if name not in self._texts:
            self._texts[name] = TextFile(self._folder, name, rows)
        return self._texts[name]

    def finish(self) -> None:
        """Write what is not yet written, and the manifest last; at least one part was added."""
        if self._first is None:
            message = "a base needs a part, if only an empty one"
            raise ValueError(message)
        for name in (*_PLAIN, "brand"):
            self._save(name, np.concatenate(self._chunks.pop(name)))
        own = indptr_of(np.concatenate(self._chunks.pop("own_counts"))), np.concatenate(self._chunks.pop("own"))
        ground = ground_of(self._first)
        above = with_those_above(own, self._categories, ground.places.parents)
        for name, csr in (("own", own), ("category", above)):
            self._save(f"{name}_indptr", csr[0])
            self._save(f"{name}_indices", csr[1])
        self._save("variant_indptr", indptr_of(np.concatenate(self._chunks.pop("variant_counts"))))
        self._save("index", make_index(self._ids))
        self._text("brands").add(self._brands.names)
        manifest = self._manifest(self._first)
        for file in self._texts.values():
            file.close()
        write_manifest(self._folder, manifest)

    def _manifest(self, first: ItemColumns) -> Manifest:
        places = ground_of(first).places
        return Manifest(
            base_id=first.base_id,
            site_id=first.site_id,
            stamp=first.stamp,
            built_at=first.built_at,
            next_change=None if first.next_change == float("inf") else first.next_change,
            currency=first.currency,
            locale=first.locale,
            item_types=list(first.item_types),
            category_ids=self._categories.names,
            parents=places.parents,
            stores=places.stores,
            stock=self._save_stock(),
            prices=self._save_prices(),
            attributes=self._save_facts(),
            names=self._names["names"],
            descriptions=self._names["descriptions"],
        )

    def _save_stock(self) -> list[StoreEntry]:
        by_store = {store: np.concatenate(chunks) for store, chunks in self._stores["stock"].items()}
        self._save("stock", _joined(list(by_store.values()), np.int32))
        return _entries(by_store)

    def _save_prices(self) -> list[StoreEntry]:
        by_store = {
            store: [np.concatenate(column) for column in zip(*chunks, strict=True)]
            for store, chunks in self._stores["prices"].items()
        }
        for number, name in enumerate(("price_variants", "price_amounts", "price_compare_at")):
            dtype = np.int32 if number == 0 else np.float64
            self._save(name, _joined([columns[number] for columns in by_store.values()], dtype))
        return _entries({store: columns[0] for store, columns in by_store.items()})

    def _save_facts(self) -> list[AttributeEntry]:
        facts = {name: gathering.facts() for name, gathering in self._facts.items()}
        for name, dtype in (("number_rows", np.int32), ("numbers", np.float64)):
            self._save(f"fact_{name}", _joined([getattr(found, name) for found in facts.values()], dtype))
        for name in ("word_rows", "word_codes"):
            self._save(f"fact_{name}", _joined([getattr(found, name) for found in facts.values()], np.int32))
        table, entries = self._text("values"), []
        numbers = words = values = 0
        for name, found in facts.items():
            table.add(found.values)
            numbers, words = numbers + len(found.numbers), words + len(found.word_rows)
            values += len(found.values)
            entries.append(AttributeEntry(name, numbers, words, values))
        return entries

    def _save(self, name: str, array: np.ndarray) -> None:
        save(self._folder, name, array)


def save(folder: Path, name: str, array: np.ndarray) -> None:
    """Write one array of a base."""
    np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)


def _recoded(codes: np.ndarray, names: Sequence[str], known: Codes) -> np.ndarray:
    used = np.unique(codes)
    table = np.zeros(len(names), dtype=np.int32)
    table[used] = [known.of(names[code]) for code in used.tolist()]
    return np.asarray(table[codes])


def _joined(arrays: Sequence[np.ndarray], dtype: Any) -> np.ndarray:
    return np.concatenate([np.empty(0, dtype=dtype), *arrays])


def _entries(by_store: dict[str, np.ndarray]) -> list[StoreEntry]:
    ends = np.cumsum([len(rows) for rows in by_store.values()], dtype=np.int64).tolist()
    return [StoreEntry(store, end) for store, end in zip(by_store, ends, strict=True)]
