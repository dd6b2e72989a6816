"""What an evaluation came to, as plain data: stored with a version, drawn and shown."""

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """A mean over questions, with the ends of its 95 % interval."""

    low: float
    mean: float
    high: float


class Group(msgspec.Struct, frozen=True):
    """The figures on some of the questions, by name."""

    questions: int
    figures: dict[str, Figure]


class Assessed(msgspec.Struct, frozen=True, kw_only=True):
    """What one model reaches.

    groups: by name; all, warm, cold_items, cold_shoppers, those without questions left out
    slates: figures of slates of 10: novelty (bits), diversity, miscalibration (nats), serendipity, unexpectedness
    coverage, gini: of all slates of 10; None without slates. offered: share of questions whose target is offered at all
    curve: recall at 1 to 50; by_popularity, by_history: recall at 10 by how often the target was, and how much is known
    """

    groups: dict[str, Group]
    slates: dict[str, Figure]
    coverage: float | None
    gini: float | None
    offered: float
    curve: list[float]
    by_popularity: dict[str, Group]
    by_history: dict[str, Group]


class Assessment(msgspec.Struct, frozen=True):
    """What the models reach, the judged one first, and by how much it is above each other, question by question."""

    questions: int
    models: dict[str, Assessed]
    differences: dict[str, dict[str, Figure]]
