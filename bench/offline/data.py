"""A data set of one of the two formats as arrays: what may be learned from, and what is asked.

Sequences, protocol "strict": nothing is learned from the last two items of a shopper; the last one is asked for with
all before it as the history, and what is in the history is not offered. Sessions: what is learned from and what is
asked come as two files; nothing is left out of the answers. Times are those that the loader gives these data sets, so
that the same data through the product is the same data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tokens import Described
from specrec.datasets import sequences, sessions
from specrec.datasets.base import WINDOW
from specrec.kernel.errors import Invalid

Format = Literal["sequences", "sessions"]
Asked = Literal["test", "validation"]
HELD_OUT = 2
VALIDATION_SHARE = 0.05  # the newest training sessions, where settings are chosen
GOLDEN = 0.6180339887  # what the loader moves shoppers apart by


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked. History q is rows[indptr[q] : indptr[q + 1]], oldest first; the right answer is targets[q].

    indptr: int64 [n + 1]; rows, targets: int32; a target of -1 is an item that nobody can know
    exclude_history: items of a history are not offered to it
    learned: question q is about sequence q of what is learned from; else about somebody new
    """

    indptr: NDArray[np.int64]
    rows: NDArray[np.int32]
    targets: NDArray[np.int32]
    exclude_history: bool
    learned: bool

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.targets)

    def first(self, count: int) -> "Questions":
        """Return the first `count` of them; all for 0."""
        if not 0 < count < len(self):
            return self
        end = int(self.indptr[count])
        return Questions(
            self.indptr[: count + 1], self.rows[:end], self.targets[:count], self.exclude_history, self.learned
        )


@dataclass(frozen=True, slots=True)
class Data:
    """A data set. `size`: what a publication says of its data (users or sessions, items, interactions)."""

    name: str
    train: Sequences
    described: Described
    questions: Questions
    size: dict[str, int]

    @property
    def n_items(self) -> int:
        """Return how many items can be recommended."""
        return len(self.described.texts)


def read(folder: Path, form: Format, *, asked: Asked = "test") -> Data:
    """Return the data; raises Invalid where a file is missing, cannot be read, or holds nothing to ask."""
    data = (_read_sequences if form == "sequences" else _read_sessions)(folder, asked)
    if not len(data.questions) or not len(data.train.item):
        message = (
            f"{folder} holds nothing to measure: {len(data.train.item)} events to learn from, {len(data.questions)} "
            f"questions. A shopper is asked for with at least {HELD_OUT + 1} items, a session with 2."
        )
        raise Invalid(message, code="dataset_empty", field="path")
    return data


def _read_sequences(folder: Path, asked: Asked) -> Data:
    data = sequences.read(folder)
    row_of = {item: row for row, item in enumerate(data.item_ids())}
    users = [[row_of[item] for item in items] for items in data.users.values() if len(items) > HELD_OUT]
    without = 1 if asked == "test" else HELD_OUT
    questions = pack([items[:-without] for items in users], [items[-without] for items in users], of_shoppers=True)
    learned = [items[:-HELD_OUT] for items in users]
    lengths = np.array([len(items) for items in learned], dtype=np.int64)
    number = np.array([n for n, items in enumerate(data.users.values()) if len(items) > HELD_OUT], dtype=np.float64)
    place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    step = WINDOW.total_seconds() / np.repeat(lengths, lengths)
    time = step * (place + np.repeat((number * GOLDEN) % 1, lengths))
    described = [data.attributes.get(item, []) for item in row_of]
    size = {
        "users": len(data.users),
        "items": len(row_of),
        "interactions": sum(len(items) for items in data.users.values()),
    }
    return Data(folder.name, flat(learned, time), _describe(described), questions, size)


def _read_sessions(folder: Path, asked: Asked) -> Data:
    data = sessions.read(folder)
    row_of = {item: row for row, item in enumerate(data.item_ids())}
    train = [[row_of[item] for item in items] for items in data.train]
    if asked == "test":
        known = [[row_of[item] for item in prefix if item in row_of] for prefix, _ in data.prefixes]
        questions = pack(known, [row_of.get(target, -1) for _, target in data.prefixes], of_shoppers=False)
    else:
        held = train[len(train) - int(len(train) * VALIDATION_SHARE) :]
        train = train[: len(train) - len(held)]
        cuts = [(items[:end], items[end]) for items in held for end in range(1, len(items))]
        questions = pack([prefix for prefix, _ in cuts], [target for _, target in cuts], of_shoppers=False)
    lengths = np.array([len(items) for items in train], dtype=np.int64)
    place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    start = WINDOW.total_seconds() / max(len(train), 1) * np.arange(len(train))
    size = {
        "sessions": len(data.train),
        "items": len(row_of),
        "training_prefixes": sum(len(items) - 1 for items in data.train),
        "test_prefixes": len(data.prefixes),
    }
    described = _describe([[]] * len(row_of))
    return Data(folder.name, flat(train, np.repeat(start, lengths) + place), described, questions, size)


def flat(train: Sequence[Sequence[int]], time: NDArray[np.float64]) -> Sequences:
    """Return lists of rows as sequences in which every event weighs the same."""
    item = np.fromiter((row for items in train for row in items), np.int32)
    number = np.repeat(np.arange(len(train), dtype=np.int32), [len(items) for items in train])
    return Sequences(sequence=number, item=item, weight=np.ones(len(item)), time=time)


def pack(histories: Sequence[Sequence[int]], targets: Sequence[int], *, of_shoppers: bool) -> Questions:
    """Return lists of rows as questions; those of shoppers are about who was learned from, and exclude the history."""
    indptr = np.zeros(len(histories) + 1, dtype=np.int64)
    np.cumsum([len(history) for history in histories], out=indptr[1:])
    rows = np.fromiter((row for history in histories for row in history), np.int32, int(indptr[-1]))
    return Questions(indptr, rows, np.array(targets, dtype=np.int32), exclude_history=of_shoppers, learned=of_shoppers)


def _describe(attributes: Sequence[Sequence[str]]) -> Described:
    blank = [""] * len(attributes)
    return Described(
        item_types=["generic"] * len(attributes),
        brands=blank,
        texts=blank,
        attributes=[{"attributes": list(found)} for found in attributes],
    )
