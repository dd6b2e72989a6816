"""Which of the twins counts: what the operator has chosen."""

import shlex
from collections.abc import Callable

from django.conf import settings

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.sequences import Sequences
from apps.recommend.training.counting import Counter, count_here
from apps.recommend.training.spark import SparkCounter
from specrec.kernel.errors import Invalid


def chosen_counter() -> Counter:
    """Return what `SPECREC_COUNTING` names; raises Invalid for anything but `local` and `spark`."""
    if settings.COUNTING == "local":
        return count_here
    if settings.COUNTING == "spark":
        return SparkCounter(command=tuple(shlex.split(settings.SPARK_SUBMIT)), folder=settings.SPARK_DIR)
    raise Invalid(
        f"SPECREC_COUNTING is {settings.COUNTING!r}: set it to local or spark.",
        code="unknown_counting",
        field="SPECREC_COUNTING",
    )


def one_table(counter: Counter) -> Callable[[Sequences, int, CovisitationParams], PairCounts]:
    """Return the same for one table at a time, as `ml.fitting.fit_engine` asks for it."""

    def count_pairs(sequences: Sequences, n_items: int, params: CovisitationParams) -> PairCounts:
        return counter(sequences, n_items, {"pairs": params})["pairs"]

    return count_pairs
