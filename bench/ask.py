"""Ask the HTTP API many questions from a few processes and tally the ranks of the right answers."""

import math
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from multiprocessing import get_context

import msgspec
from tqdm import tqdm

from bench.client import Client

PROCESSES = 3
CHUNK = 500
DEPTH = 20


@dataclass(frozen=True, slots=True)
class Question:
    """history: oldest first, sent with the request; exclude: not to be answered; target: the item that came next."""

    history: list[str]
    exclude: list[str]
    target: str


@dataclass
class Tally:
    """Ranks (1-based) of targets found within the first 20, and what was recommended at all."""

    asked: int = 0
    failed: int = 0
    ranks: list[int] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)

    def add(self, other: "Tally") -> None:
        """Take in the tally of another part."""
        self.asked += other.asked
        self.failed += other.failed
        self.ranks += other.ranks
        self.shown |= other.shown

    def figures(self, catalogue_size: int) -> dict[str, float]:
        """Return recall and NDCG at 5, 10, 20 (one target each, so recall is the hit rate), MRR@20, coverage@10.

        A question that failed counts as a miss.
        """
        asked = max(self.asked, 1)
        figures: dict[str, float] = {}
        for depth in (5, 10, 20):
            hits = [rank for rank in self.ranks if rank <= depth]
            figures[f"recall@{depth}"] = round(len(hits) / asked, 5)
            figures[f"ndcg@{depth}"] = round(sum(1 / math.log2(rank + 1) for rank in hits) / asked, 5)
        figures["mrr@20"] = round(sum(1 / rank for rank in self.ranks) / asked, 5)
        figures["coverage@10"] = round(len(self.shown) / max(catalogue_size, 1), 5)
        return figures


def ask_all(*, url: str, key: str, placement: str, questions: Sequence[Question]) -> Tally:
    """Ask every question over HTTP, with a progress bar, and return the tally."""
    total = Tally()
    chunks = [questions[start : start + CHUNK] for start in range(0, len(questions), CHUNK)]
    with (
        ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool,
        tqdm(total=len(questions), unit=" asked", desc=placement, mininterval=1) as bar,
    ):
        for tally in pool.map(_ask_chunk, [(url, key, placement, chunk) for chunk in chunks]):
            total.add(tally)
            bar.update(tally.asked)
    return total


def _ask_chunk(work: tuple[str, str, str, Sequence[Question]]) -> Tally:
    url, key, placement, questions = work
    client = Client(url, key)
    tally = Tally()
    for question in questions:
        tally.asked += 1
        body = {
            "placement": placement,
            "history": question.history[-500:],
            "exclude_item_ids": question.exclude[-1_000:],
            "limit": DEPTH,
        }
        status, answer = client.request("POST", "/v1/recommendations", msgspec.json.encode(body))
        if status != HTTPStatus.OK:
            tally.failed += 1
            continue
        items = [item["item_id"] for item in msgspec.json.decode(answer)["items"]]
        tally.shown.update(items[:10])
        if question.target in items:
            tally.ranks.append(items.index(question.target) + 1)
    return tally
