"""Does memory know what changed? Plays scripted histories through conversations and asks what holds and what held.

python benchmarks/updates.py [dev|varied|more|fresh|wide|unseen|near|beside|check|held|blind|sealed] [--failures] [--json PATH] [--model NAME]
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from turngraph.models import DatabaseManager, MemoryIndex, MemorySource, Scope
from turngraph.models.repositories import memories
from turngraph.services import (
    Extraction,
    Known,
    LanguageModel,
    OfflineModel,
    Prompt,
    Reply,
    Turn,
    WordLlamaEmbedder,
    language_model,
)
from turngraph.workflows import ConversationManager

FOLDER: Final = Path(__file__).resolve().parent / "data"
PRESENT: Final = datetime(2026, 6, 1, 9, tzinfo=UTC)
FOUND_WITHIN: Final = 5
MEASURES: Final = ("current", "outdated", "said", "past", "kept", "remembered", "once")
TITLES: Final = {
    "current": "current returned",
    "outdated": "outdated not current",
    "said": "past told first",
    "past": "past known as past",
    "kept": "bystanders not retired",
    "remembered": "bystanders remembered",
    "once": "said twice kept one",
}
TUNED: Final = ("dev", "varied", "more", "fresh", "wide", "unseen", "near", "beside")
UNTUNED: Final = ("check", "held", "blind", "sealed")
"""What is scored but never tuned on, so that what goes wrong in it is shown to nobody."""


class Scripted(OfflineModel):
    """A model that answers as the script says; it reads facts by rule, like the offline one."""

    name = "offline:scripted"

    def __init__(self) -> None:
        super().__init__()
        self.answer = "Noted."

    async def reply(self, prompt: Prompt, *, max_tokens: int = 1024) -> Reply:
        """The scripted turn of the assistant."""
        return Reply(text=self.answer, provider="offline", model="scripted")


class Reading(Scripted):
    """The same, with another model that reads what the user says."""

    def __init__(self, reader: LanguageModel) -> None:
        super().__init__()
        self._reader = reader

    async def extract(self, turns: Sequence[Turn], known: Sequence[Known] = ()) -> Extraction:
        """What the reader finds."""
        return await self._reader.extract(turns, known)

    async def aclose(self) -> None:
        """Closes the reader's connections."""
        await self._reader.aclose()


@dataclass
class Outcome:
    """For each category and measure: how many were right, of how many; and what went wrong."""

    counts: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, category: str, measure: str, right: bool, why: str) -> None:
        """Counts one judgement."""
        for name in (category, "all"):
            count = self.counts.setdefault(name, {}).setdefault(measure, [0, 0])
            count[0] += right
            count[1] += 1
        if not right:
            self.failures.append(why)

    def share(self, category: str, measure: str) -> float:
        """The share that was right; 1 where nothing was judged."""
        right, of = self.counts.get(category, {}).get(measure, (0, 0))
        return right / of if of else 1.0


def histories(half: str) -> list[dict[str, Any]]:
    """The scripted histories of one part of the set; `check` is the third of `more` that is not tuned on."""
    file = FOLDER / f"updates_{'more' if half == 'check' else half}.yaml"
    told: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    if half in {"more", "check"}:
        return [history for history in told if _checked(history["id"]) == (half == "check")]
    return told


def _checked(id_: str) -> bool:
    return sha256(id_.encode()).digest()[0] % 3 == 0


async def measure(
    told: Sequence[Mapping[str, Any]], url: str = "sqlite:///:memory:", reader: LanguageModel | None = None
) -> Outcome:
    """Plays every history as one user of its own, then judges what is remembered."""
    found, model, embedder = Outcome(), Reading(reader) if reader else Scripted(), WordLlamaEmbedder()
    with DatabaseManager(url) as db:
        for history in told:
            user = ConversationManager(str(history["id"]), db, llm=model, embedder=embedder)
            await play(history, user, model)
            await judge(history, user, db, found)
    await model.aclose()
    return found


async def play(history: Mapping[str, Any], user: ConversationManager, model: Scripted) -> None:
    """Sends the user's turns at their times; what the script's assistant says next is the answer."""
    turns, conversation = list(history["turns"]), None
    for number, turn in enumerate(turns):
        if "user" not in turn:
            continue
        after = turns[number + 1] if number + 1 < len(turns) else {}
        model.answer = after.get("assistant", "Noted.")
        at = PRESENT - timedelta(days=turn["days"]) + timedelta(minutes=number)
        sent = await user.send_message(turn["user"], conversation, at=at)
        conversation = sent["conversation_id"]


async def judge(
    history: Mapping[str, Any], user: ConversationManager, db: DatabaseManager, found: Outcome
) -> None:
    """Asks a history's questions and compares what is remembered with what the history says must be."""
    asked = [
        (await user.search_memories(ask["question"], limit=FOUND_WITHIN))["memories"]
        for ask in history["ask"]
    ]
    rows, sources = await db.read(lambda session: remembered(session, user.scope))
    reached = [
        {id_ for hit in hits for id_ in hit["memory_ids"]}
        | {
            row.id
            for row in rows
            if row.valid_to is not None
            and sources.get(row.id, set()) & {hit["message"]["id"] for hit in hits if hit["message"]}
        }
        for hits in asked
    ]
    compare(history, rows, reached, [[hit["content"] for hit in hits] for hits in asked], found)


def compare(
    history: Mapping[str, Any],
    rows: Sequence[MemoryIndex],
    reached: Sequence[set[str]],
    told: Sequence[Sequence[str]],
    found: Outcome,
) -> None:
    """Counts what is right: `reached` are the memories that each question found, `told` what its hits say."""
    now = [row for row in rows if row.valid_to is None]
    then = [row for row in rows if row.valid_to is not None]
    category, label = history["category"], history["id"]
    for ask, ids, said in zip(history["ask"], reached, told, strict=True):
        if ask["about"] == "past":
            newer = [value for other in history["ask"] for value in other.get("current", ())]
            telling = [text for text in said if _holds(text, [*ask["past"], *newer])]
            there = bool(telling) and _holds(telling[0], ask["past"])
            found.add(category, "said", there, f"{label} said {ask['past']}: {' | '.join(said)}")
            right = any(row.id in ids for row in then if _holds(row.content, ask["past"]))
            found.add(category, "past", right, f"{label} past {ask['past']}: {_shown(then)}")
            continue
        current = [row for row in now if _holds(row.content, ask["current"])]
        right = any(row.id in ids for row in current)
        found.add(category, "current", right, f"{label} current {ask['current']}: {_shown(now)}")
        if category == "said_twice":
            found.add(category, "once", len(current) == 1, f"{label} once: {_shown(current)}")
        if ask["outdated"]:
            wrong = [row for row in now if _outdated(row.content, ask)]
            found.add(category, "outdated", not wrong, f"{label} outdated {ask['outdated']}: {_shown(wrong)}")
    for fragment in history["bystanders"]:
        there = any(_holds(row.content, [fragment]) for row in now)
        gone = [row for row in then if _holds(row.content, [fragment])]
        found.add(category, "kept", there or not gone, f"{label} retired {fragment!r}: {_shown(gone)}")
        found.add(category, "remembered", there, f"{label} not remembered {fragment!r}: {_shown(now)}")


def remembered(session: Session, scope: Scope) -> tuple[list[MemoryIndex], dict[str, set[str]]]:
    """All the memories of a user, and the messages each came from."""
    rows = list(session.scalars(select(MemoryIndex).where(*memories.owned(scope)).order_by(MemoryIndex.seq)))
    sources: dict[str, set[str]] = {}
    for source in session.scalars(select(MemorySource).where(MemorySource.user_id == scope.user)):
        sources.setdefault(source.memory_id, set()).add(source.message_id)
    return rows, sources


def _holds(content: str, values: Sequence[str]) -> bool:
    return any(value.casefold() in content.casefold() for value in values)


def _outdated(content: str, ask: Mapping[str, Any]) -> bool:
    excused = _holds(content, ask["current"]) or _holds(content, ask.get("unless", ()))
    return _holds(content, ask["outdated"]) and not excused


def _shown(rows: Sequence[MemoryIndex]) -> str:
    return " | ".join(f"{row.content} [{row.slot or row.content_type}]" for row in rows) or "nothing"


def table(found: Outcome) -> str:
    """The figures as text, a line a category."""
    lines = [f"{'':18}" + "".join(f"{TITLES[measure]:>24}" for measure in MEASURES)]
    for category in [*(name for name in found.counts if name != "all"), "all"]:
        cells = []
        for measure in MEASURES:
            right, of = found.counts[category].get(measure, (0, 0))
            cells.append(f"{right}/{of} {right / of:.3f}" if of else "-")
        lines.append(f"{category:18}" + "".join(f"{cell:>24}" for cell in cells))
    return "\n".join(lines)


def main() -> None:
    """Measures one part of the set and prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("half", nargs="?", choices=(*TUNED, *UNTUNED), default="dev")
    parser.add_argument(
        "--failures", action="store_true", help="prints what went wrong, but not of what is not tuned on"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="writes the counts there too")
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="who reads for facts, as provider:model: a call a turn; else the rules",
    )
    given = parser.parse_args()
    reader = language_model(given.model) if given.model else None
    found = asyncio.run(measure(histories(given.half), reader=reader))
    print(table(found))
    if given.failures and given.half not in UNTUNED:
        print("\n".join(["", *found.failures]))
    if given.json is not None:
        given.json.write_text(json.dumps(found.counts, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
