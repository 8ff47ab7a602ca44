"""How much of the evidence does search_memories find in LoCoMo's long conversations?

python benchmarks/locomo.py [PATH] [--speakers names|roles] [--db URL] [--json PATH]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import dialogues
import recall

from turngraph.models import DatabaseManager
from turngraph.services import WordLlamaEmbedder
from turngraph.workflows import ConversationManager

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "locomo-dev.json"
LIMIT: Final = 20
ASKED: Final = (1, 2, 3, 4)  # the fifth category has no answer in the conversation, and is scored apart
PEERS: Final = (
    "peers' stock search, which is dense MiniLM over the turns (Chroma, mem0, LangGraph's store), on these five\n"
    "conversations: recall@10 0.50. Quoted from ../shared/bench/memory (locomo_eval.py); not run here."
)


@dataclass
class Outcome:
    """What was measured: a score for each question asked, and how long everything took."""

    turns: int = 0
    ingest_seconds: float = 0.0
    ingest_cpu: float = 0.0
    query_seconds: list[float] = field(default_factory=list)
    query_cpu: float = 0.0
    scores: list[tuple[int, recall.Score]] = field(default_factory=list)

    def of(self, *categories: int) -> list[recall.Score]:
        """The scores of some categories' questions."""
        return [score for category, score in self.scores if category in categories]


async def measure(told: list[dialogues.Dialogue], url: str, *, roles: bool) -> Outcome:
    """Takes every conversation in as one user's, then asks every question of that user's memory."""
    embedder = WordLlamaEmbedder()
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
            await ask(one, user, found)
    return found


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


def report(found: Outcome, speakers: str, source: Path) -> dict[str, Any]:
    """What was measured, as JSON values."""
    asked = recall.mean(found.of(*ASKED))
    times = sorted(found.query_seconds)
    return {
        "data": source.name,
        "speakers": speakers,
        "turns": found.turns,
        "questions": len(found.of(*ASKED)),
        **asdict(asked),
        "recall10": {
            name: round(recall.mean(scores).recall[10], 4)
            for category, name in dialogues.CATEGORIES.items()
            if (scores := found.of(category))
        },
        "ingest_turns_per_second": found.turns / found.ingest_seconds,
        "ingest_cpu_ms_per_turn": found.ingest_cpu / found.turns * 1e3,
        "query_p50_ms": times[len(times) // 2] * 1e3,
        "query_p95_ms": times[int(len(times) * 0.95)] * 1e3,
        "query_cpu_ms": found.query_cpu / len(times) * 1e3,
        "load_average": os.getloadavg()[0],
    }


def table(shown: dict[str, Any]) -> str:
    """The report as text."""
    per = shown["recall10"]
    heads = ["R@5", "R@10", "R@20", "all@10", "MRR", "NDCG@10", *(f"R@10 {name}" for name in per)]
    figures = [*shown["recall"].values(), shown["complete"], shown["mrr"], shown["ndcg"], *per.values()]
    cells = [f"{figure:.3f}".ljust(len(head)) for head, figure in zip(heads, figures, strict=True)]
    return "\n".join(
        (
            f"{shown['data']}: {shown['turns']:,} turns, {shown['questions']:,} questions of categories 1-4, "
            f"speakers as {shown['speakers']}, limit {LIMIT}",
            "",
            f"| {' | '.join(heads)} |",
            f"|{'|'.join('-' * (len(head) + 2) for head in heads)}|",
            f"| {' | '.join(cells)} |",
            "",
            f"ingest {shown['ingest_turns_per_second']:,.0f} turns/s ({shown['ingest_cpu_ms_per_turn']:.2f} ms CPU a turn); "
            f"query p50 {shown['query_p50_ms']:.1f} ms, p95 {shown['query_p95_ms']:.1f} ms "
            f"({shown['query_cpu_ms']:.1f} ms CPU); load average {shown['load_average']:.1f}",
        )
    )


def main() -> None:
    """Measures and prints; does nothing where the data are not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", nargs="?", type=Path, default=DATA, help=f"LoCoMo's JSON; else {DATA}")
    parser.add_argument("--speakers", choices=("names", "roles"), default="names")
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
    told = dialogues.read(given.path)
    with tempfile.TemporaryDirectory(prefix="turngraph-locomo-") as folder:
        url = given.db or f"sqlite:///{Path(folder) / 'locomo.db'}"
        found = asyncio.run(measure(told, url, roles=given.speakers == "roles"))
    shown = report(found, given.speakers, given.path)
    print(table(shown))
    if given.path == DATA:
        print(f"\n{PEERS}")
    if given.json is not None:
        given.json.write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
