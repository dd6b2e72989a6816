"""What the rules in force make of one kind of list: plain arrays, made once and read by every request of that kind.

A request pays for 50 rules what it pays for one: a look-up of the plan by its situation.
"""

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

NO_ROWS: NDArray[np.int32] = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Situation:
    """Which kind of list is asked for, cut to what rules tell apart; made by `CompiledRules.situation`.

    category_ids: of the page, or of the items that it is about, those above them included; only those that rules name
    channel: empty where no rule tells channels apart; audiences: only those that rules name
    """

    placement: str
    store_id: str | None = None
    channel: str = ""
    category_ids: frozenset[str] = frozenset()
    audiences: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Pin:
    """These rows want this place: the first of them that the request may show gets it. `position`: 1 is the first."""

    position: int
    rows: tuple[int, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class Limit:
    """What a slate must keep to, as far as there is enough to choose from.

    kind: "most": at most `count` of a group; "spacing": `count` places between two of a group;
        "least_share", "most_share": that part of the slate for the rows of group 0
    codes: int32 [n], group of each row, -1 for rows that it is not about
    reserve: bool [n], of a least share: the rows that sources may find for it; None for the others
    """

    kind: Literal["most", "spacing", "least_share", "most_share"]
    codes: NDArray[np.int32]
    rule: str
    count: int = 0
    share: float = 0.0
    reserve: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rules in force make of one kind of list, in the order of the conflict rules.

    mask: bool [n], what sources may find; shared, never to be written to
    gate: bool [n], what may be shown at all: available, not excluded, within every guard; pins and includes are inside.
        They need not be inside `mask`, as a rule may bring in what the placement's own settings leave out
    factor: float32 [n] within 0.1 to 10, by which scores are multiplied; None where no rule boosts or buries
    pins: by priority, then age; the places are given out by `rules.pins.place_pins`
    include: int32, rows that are always candidates, inside `gate`
    limits: by priority, then age; where they cannot all be kept the last gives way first
    in_force: rules that hold here and now, by priority, then age; unshown: of these, pins of which nothing can be had
    emptied_by: rules without which there would be something to show, where with them there is nothing
    until: seconds since 1970 at which another plan may hold, inf where none will
    """

    mask: NDArray[np.bool_]
    gate: NDArray[np.bool_]
    factor: NDArray[np.float32] | None = None
    pins: tuple[Pin, ...] = ()
    include: NDArray[np.int32] = field(default_factory=lambda: NO_ROWS)
    limits: tuple[Limit, ...] = ()
    in_force: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()
    emptied_by: tuple[str, ...] = ()
    until: float = math.inf

    @property
    def is_plain(self) -> bool:
        """Whether sources' answers need nothing but the mask."""
        return self.factor is None and not self.pins and not self.limits and not len(self.include)
