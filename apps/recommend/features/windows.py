"""Windows of touches while they change: plain, and packed as they are stored.

A packed one is for a writer with many shoppers in hand: what it holds lies together in memory and is stored as it is,
so that one more touch costs no look at the fifty before it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from apps.recommend.features.state import Touch
from apps.recommend.features.touches import insert, order

_ENCODER = msgspec.msgpack.Encoder()
_TOUCH = msgspec.msgpack.Decoder(Touch)
_TOUCHES = msgspec.msgpack.Decoder(list[Touch])
_TAIL = 16  # touches that are kept unpacked at least: enough to see what went before in nearly every session
_FIX_ARRAY = 16  # arrays below this length have a header of one byte


class Window(Protocol):
    """The newest touches of a kind, in order."""

    last: Touch | None

    def __len__(self) -> int:
        """Return how many there are."""

    def takes(self, touch: Touch) -> bool:
        """Return whether the touch would be among the newest."""

    def holds(self, time: float, mark: int) -> bool:
        """Return whether there is a touch with this mark; `time` is that of the event that it would be."""

    def put(self, touch: Touch) -> None:
        """Put the touch in its place, and give up the oldest beyond the size of the window."""

    def touches(self) -> Sequence[Touch]:
        """Return all, oldest first."""

    def newest_first(self) -> Iterable[Touch]:
        """Return all, newest first."""


class PlainWindow:
    """A window as a list."""

    def __init__(self, touches: Iterable[Touch], size: int) -> None:
        self._touches = list(touches)
        self._size = size
        self.last = self._touches[-1] if self._touches else None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._touches)

    def takes(self, touch: Touch) -> bool:
        """Return whether the touch would be among the newest."""
        return len(self._touches) < self._size or order(self._touches[0]) < order(touch)

    def holds(self, time: float, mark: int) -> bool:
        """Return whether there is a touch with this mark; `time` is that of the event that it would be."""
        return self.last is not None and time <= self.last.time and any(one.mark == mark for one in self._touches)

    def put(self, touch: Touch) -> None:
        """Put the touch in its place, and give up the oldest beyond the size of the window."""
        insert(self._touches, touch)
        if len(self._touches) > self._size:
            del self._touches[0]
        self.last = self._touches[-1]

    def touches(self) -> Sequence[Touch]:
        """Return all, oldest first."""
        return self._touches

    def newest_first(self) -> Iterable[Touch]:
        """Return all, newest first."""
        return reversed(self._touches)


class PackedWindow:
    """A window as bytes, its newest touches beside them."""

    __slots__ = ("_body", "_size", "_sizes", "_tail", "last")

    def __init__(self, packed: Sequence[msgspec.Raw], size: int) -> None:
        self._size = size
        parts = [bytes(one) for one in packed]
        self._body = b"".join(parts)
        self._sizes = [len(part) for part in parts]
        self._tail = [_TOUCH.decode(part) for part in parts[-_TAIL:]]
        self.last = self._tail[-1] if self._tail else None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._sizes)

    def takes(self, touch: Touch) -> bool:
        """Return whether the touch would be among the newest."""
        return len(self._sizes) < self._size or order(_TOUCH.decode(self._body[: self._sizes[0]])) < order(touch)

    def holds(self, time: float, mark: int) -> bool:
        """Return whether there is a touch with this mark; `time` is that of the event that it would be."""
        return self.last is not None and time <= self.last.time and any(one.mark == mark for one in self.touches())

    def put(self, touch: Touch) -> None:
        """Put the touch in its place, and give up the oldest beyond the size of the window."""
        if self.last is not None and not order(self.last) < order(touch):
            self._put_between(touch)
            return
        packed = _ENCODER.encode(touch)
        sizes, tail = self._sizes, self._tail
        sizes.append(len(packed))
        start = sizes.pop(0) if len(sizes) > self._size else 0
        self._body = self._body[start:] + packed
        tail.append(touch)
        if len(tail) >= 2 * _TAIL:
            del tail[:_TAIL]
        self.last = touch

    def touches(self) -> Sequence[Touch]:
        """Return all, oldest first."""
        return _TOUCHES.decode(self.packed()) if len(self._sizes) > len(self._tail) else self._tail

    def newest_first(self) -> Iterator[Touch]:
        """Return all, newest first."""
        yield from reversed(self._tail)
        rest = len(self._sizes) - len(self._tail)
        if rest > 0:
            yield from reversed(self.touches()[:rest])

    def packed(self) -> bytes:
        """Return the window as an array of touches."""
        count = len(self._sizes)
        header = bytes((0x90 | count,)) if count < _FIX_ARRAY else b"\xdc" + count.to_bytes(2, "big")
        return header + self._body

    def _put_between(self, touch: Touch) -> None:
        found = list(self.touches())
        insert(found, touch)
        found = found[-self._size :]
        packed = [_ENCODER.encode(one) for one in found]
        self._body = b"".join(packed)
        self._sizes = [len(one) for one in packed]
        self._tail = found[-_TAIL:]
        self.last = found[-1]
