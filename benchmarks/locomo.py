"""How much of the evidence does search_memories find in LoCoMo's long conversations?

python benchmarks/locomo.py [PATH] [--speakers names|roles] [--embedder NAME] [--peers] [--db URL] [--json PATH]

Each conversation is searched with weights that never saw it (data/locomo_folds.json, by learn_weights.py).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import dialogues
import memory_jobs
import recall
import setup_peers
from embeddings import Cached
from peers import MEMORY_PEERS

from turngraph.models import DatabaseManager
from turngraph.models.weights import WEIGHTS
from turngraph.services import Embedder, embedder_named
from turngraph.workflows import ConversationManager

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "locomo-dev.json"
LIMIT: Final = 20
ASKED: Final = (1, 2, 3, 4)  # the fifth category has no answer in the conversation, and is scored apart
FOLDS: Final = Path(__file__).resolve().parent / "data" / "locomo_folds.json"
MOST_SECONDS: Final = 300


@dataclass
class Outcome:
    """What was measured: a score for each question asked, and how long everything took."""

    turns: int = 0
    ingest_seconds: float = 0.0
    ingest_cpu: float = 0.0
    query_seconds: list[float] = field(default_factory=list)
    query_cpu: float = 0.0
    scores: list[tuple[int, recall.Score]] = field(default_factory=list)
    folds: dict[str, float] = field(default_factory=dict)

    def of(self, *categories: int) -> list[recall.Score]:
        """The scores of some categories' questions."""
        return [score for category, score in self.scores if category in categories]


@contextmanager
def unseen(conversation: str) -> Iterator[None]:
    """Weighs by what was learned from the other conversations; what is not among them, by what ships."""
    shipped = dict(WEIGHTS)
    WEIGHTS.update(json.loads(FOLDS.read_text(encoding="utf-8")).get(conversation, {}))
    try:
        yield
    finally:
        WEIGHTS.update(shipped)


async def measure(told: list[dialogues.Dialogue], url: str, embedder: Embedder, *, roles: bool) -> Outcome:
    """Takes every conversation in as one user's, then asks every question of that user's memory."""
    embedder.embed(["loads the weights"])
    tenant = f"locomo-{'roles' if roles else 'names'}"
    found = Outcome()
    with DatabaseManager(url) as db:
        users = [ConversationManager(one.id, db, tenant, embedder=embedder) for one in told]
        await users[0].conversations()  # makes the tables
        for one, user in zip(told, users, strict=True):
            messages = one.messages(roles=roles)
            cpu, begun = time.process_time(), time.perf_counter()
            await user.ingest(messages, conversation_id=one.id)
            found.ingest_seconds += time.perf_counter() - begun
            found.ingest_cpu += time.process_time() - cpu
            found.turns += len(messages)
        for one, user in zip(told, users, strict=True):
            before = len(found.scores)
            with unseen(one.id):
                await ask(one, user, found)
            asked = [score.recall[10] for category, score in found.scores[before:] if category in ASKED]
            found.folds[one.id] = fmean(asked)
    return found


def peers_job(told: list[dialogues.Dialogue], embedder: Embedder, *, roles: bool) -> dict[str, Any]:
    """What peers are given: each turn with its speaker, each question as it stands, and vectors of just that."""
    texts, users = [], []
    for one in told:
        for turn, message in zip(one.turns, one.messages(roles=roles), strict=True):
            texts.append(f"{message.get('name') or message['role']}: {turn.text}")
            users.append(one.id)
    queries = [(question.text, one.id) for one in told for question in one.questions]
    return {
        "texts": texts, "users": users, "vectors": embedder.embed(texts), "queries": [text for text, _ in queries],
        "query_vectors": embedder.embed([text for text, _ in queries]), "askers": [user for _, user in queries],
        "limit": LIMIT, "seconds": MOST_SECONDS, "singly": 1, "keep": True,
    }  # fmt: skip


def peers_scores(told: list[dialogues.Dialogue], rankings: list[list[int]]) -> list[tuple[int, recall.Score]]:
    """How a peer's answers come out."""
    found, first, asked = [], 0, iter(rankings)
    for one in told:
        for question in one.questions:
            ranking = [number - first for number in next(asked)]
            found.append((question.category, recall.score(ranking, question.evidence)))
        first += len(one.turns)
    return found


def beside(told: list[dialogues.Dialogue], *, roles: bool) -> Iterator[tuple[str, Outcome | str]]:
    """The peers through their own API, all with MiniLM's vectors; or why one was not measured."""
    job = peers_job(told, Cached(embedder_named("minilm")), roles=roles)
    for peer in MEMORY_PEERS:
        outcome = memory_jobs.run(peer, job)
        name = f"{peer.name} {peer.version}, minilm"
        if "stopped" in outcome or len(outcome["rankings"]) < len(job["queries"]):
            yield name, str(outcome.get("stopped", "it was too slow to be asked every question"))
        else:
            yield name, Outcome(scores=peers_scores(told, outcome["rankings"]))


async def ask(told: dialogues.Dialogue, user: ConversationManager, found: Outcome) -> None:
    """Asks a conversation's questions and scores the turns that come back."""
    places = {turn.id: place for place, turn in enumerate(told.turns)}
    for question in told.questions:
        cpu, begun = time.process_time(), time.perf_counter()
        answer = await user.search_memories(question.text, limit=LIMIT)
        found.query_seconds.append(time.perf_counter() - begun)
        found.query_cpu += time.process_time() - cpu
        ranking = [places[hit["message"]["client_id"]] for hit in answer["memories"] if hit["message"]]
        found.scores.append((question.category, recall.score(ranking, question.evidence)))


def report(found: Outcome, speakers: str, embedder: str, source: Path) -> dict[str, Any]:
    """What was measured, as JSON values."""
    times = sorted(found.query_seconds)
    return {
        "data": source.name,
        "speakers": speakers,
        "embedder": embedder,
        "turns": found.turns,
        "questions": len(found.of(*ASKED)),
        **measures(found),
        "recall10_by_conversation": {name: round(mean, 4) for name, mean in found.folds.items()},
        "ingest_turns_per_second": found.turns / found.ingest_seconds,
        "ingest_cpu_ms_per_turn": found.ingest_cpu / found.turns * 1e3,
        "query_p50_ms": times[len(times) // 2] * 1e3,
        "query_p95_ms": times[int(len(times) * 0.95)] * 1e3,
        "query_cpu_ms": found.query_cpu / len(times) * 1e3,
        "load_average": os.getloadavg()[0],
    }


def measures(found: Outcome) -> dict[str, Any]:
    """The measures over the questions that have an answer, and recall@10 of each category."""
    per = {
        name: round(recall.mean(scores).recall[10], 4)
        for category, name in dialogues.CATEGORIES.items()
        if (scores := found.of(category))
    }
    return {**asdict(recall.mean(found.of(*ASKED))), "recall10": per}


HEADS: Final = (
    "R@5",
    "R@10",
    "R@20",
    "all@10",
    "MRR",
    "NDCG@10",
    *(f"R@10 {n}" for n in dialogues.CATEGORIES.values()),
)


def line(name: str, shown: dict[str, Any]) -> str:
    """One system's measures as a line of a table."""
    figures = [
        *shown["recall"].values(),
        shown["complete"],
        shown["mrr"],
        shown["ndcg"],
        *shown["recall10"].values(),
    ]
    return f"| {name} | {' | '.join(f'{figure:.3f}' for figure in figures)} |"


def about(shown: dict[str, Any]) -> str:
    """What else was measured of ours, as text."""
    folds = ", ".join(f"{name} {mean:.3f}" for name, mean in shown["recall10_by_conversation"].items())
    return (
        f"{shown['data']}: {shown['turns']:,} turns, {shown['questions']:,} questions of categories 1-4, speakers as "
        f"{shown['speakers']}, limit {LIMIT}\nrecall@10 by conversation: {folds}\n"
        f"ingest {shown['ingest_turns_per_second']:,.0f} turns/s ({shown['ingest_cpu_ms_per_turn']:.2f} ms CPU a turn); "
        f"query p50 {shown['query_p50_ms']:.1f} ms, p95 {shown['query_p95_ms']:.1f} ms "
        f"({shown['query_cpu_ms']:.1f} ms CPU); load average {shown['load_average']:.1f}"
    )


def main() -> None:
    """Measures and prints; does nothing where the data are not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", nargs="?", type=Path, default=DATA, help=f"LoCoMo's JSON; else {DATA}")
    parser.add_argument("--speakers", choices=("names", "roles"), default="names")
    parser.add_argument("--embedder", default="wordllama", help="wordllama, minilm or openai:MODEL")
    parser.add_argument(
        "--peers", action="store_true", help="installs peers and measures them too, with MiniLM's vectors"
    )
    parser.add_argument(
        "--db", metavar="URL", help="the database; else a SQLite file that is deleted afterwards"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="writes the figures there too")
    given = parser.parse_args()
    if not given.path.is_file():
        print(
            f"nothing measured: {given.path} is not here; it is no part of turngraph. Give the path of LoCoMo's JSON."
        )
        return
    told, roles = dialogues.read(given.path), given.speakers == "roles"
    if given.peers:
        setup_peers.install_missing(MEMORY_PEERS)
    with tempfile.TemporaryDirectory(prefix="turngraph-locomo-") as folder:
        url = given.db or f"sqlite:///{Path(folder) / 'locomo.db'}"
        found = asyncio.run(measure(told, url, embedder_named(given.embedder), roles=roles))
    shown = report(found, given.speakers, given.embedder, given.path)
    print(about(shown), "", f"| | {' | '.join(HEADS)} |", "|---" * (len(HEADS) + 1) + "|", sep="\n")
    print(line(f"turngraph, {given.embedder}", shown))
    for name, other in beside(told, roles=roles) if given.peers else ():
        if isinstance(other, str):
            print(f"| {name} | not measured: {other} |")
            continue
        shown.setdefault("peers", {})[name] = measures(other)
        print(line(name, measures(other)), flush=True)
    if given.json is not None:
        given.json.write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
