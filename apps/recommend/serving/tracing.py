"""What the steps of one answer note while they work, where the answer is traced: `draft.trace` is None where it is not.

A step notes what cannot be read from the draft any more when it is over: what it took out and why, what it drew. What
is put into the draft is described from the draft, after the answer (`serving/describe.py`).
"""

from typing import Any

import numpy as np


class TraceLog:
    """Notes by step and name, in the order in which they came.

    An array of int32 stands for rows of the columns; of other arrays figures are kept, of a mask how many it allows.
    Arrays are copied: a step may go on with its own.
    """

    __slots__ = ("_notes",)

    def __init__(self) -> None:
        self._notes: dict[str, dict[str, Any]] = {}

    def note(self, step: str, name: str, value: Any) -> None:
        """Note a value; another under the same name takes its place."""
        self._notes.setdefault(step, {})[name] = value.copy() if isinstance(value, np.ndarray) else value

    def removed(self, step: str, why: str, rows: np.ndarray) -> None:
        """Note rows (int32) that a step took out, and why: "cap", "rule:NAME"."""
        if len(rows):
            self._notes.setdefault(step, {}).setdefault("removed", {})[why] = rows.copy()

    def notes(self) -> dict[str, dict[str, Any]]:
        """Return what was noted, by step and name."""
        return self._notes
