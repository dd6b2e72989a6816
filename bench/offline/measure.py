"""What the children of the peers share: read, fit, ask, and give the figures."""

from collections.abc import Callable
from pathlib import Path

from scipy import sparse

from bench.offline.child import Stopwatch, Work
from bench.offline.data import read
from bench.offline.peers import matrix_of
from bench.offline.places import Scorer, answer_dense, figures

# What was chosen by whom as ones, and a seed -> how it scores.
Fit = Callable[[sparse.csr_matrix, int], Scorer]


def measure_peer(fit: Fit, work: Work) -> Work:
    """Return the figures of a method; `limit`: only so many questions."""
    watch = Stopwatch()
    data = read(Path(work["folder"]), work["format"], asked=work.get("asked", "test"))
    train = matrix_of(data.train, data.n_items)
    watch.lap("read")
    scorer = fit(train, work["seed"])
    watch.lap("fit")
    questions = data.questions.first(work["limit"])
    answers = answer_dense(scorer, questions, data.n_items)
    watch.lap("ask")
    return figures(answers) | {
        "asked": len(questions),
        "fit_seconds": watch.seconds["fit"],
        "seconds": watch.seconds,
        "seed": work["seed"],
    }
