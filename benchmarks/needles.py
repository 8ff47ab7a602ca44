"""What survives ten compressions in a row: a conversation of 2,000 turns with needles in it, under a small budget.

20 needles are pinned facts, 100 are said once and never again. After every 200 turns the context is built anew, which
compresses it. Then: are all pinned ones in the built context, and does the product's own search find the others?

    python benchmarks/needles.py
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from turngraph.models import ContextWindow, DatabaseManager, MemoryIndex, MemorySource
from turngraph.services import OfflineModel
from turngraph.workflows import ConversationManager

TURNS, COMPRESSIONS, BUDGET, LIMIT = 2_000, 10, 2_000, 10
PEOPLE = ("Petra", "Amir", "Ingrid", "Tomas", "Yuki", "Salma", "Edwin", "Noor", "Bruno", "Freya")
FACTS = (
    ("{who}'s locker at the station has the number {n}.", "Which number does {who}'s locker have?"),
    ("{who} is allergic to {food}.", "What is {who} allergic to?"),
    ("I owe {who} {n} crowns for the {thing}.", "How much money do I owe {who}?"),
    ("{who} moved to {town} in the spring.", "Where did {who} move?"),
    ("{who} works as a {job} now.", "What does {who} work as?"),
    ("{who}'s birthday is on the {day}th of {month}.", "When is {who}'s birthday?"),
    ("{who} drives a {colour} van.", "What colour is the van that {who} drives?"),
    ("{who} called the new puppy {pet}.", "What is the name of {who}'s puppy?"),
    ("{who} plays the {instrument} in a band.", "Which instrument does {who} play?"),
    ("{who} left the spare key {place}.", "Where is {who}'s spare key?"),
)
WORDS = {
    "food": ["walnuts", "shrimp", "celery", "mustard", "lupins", "sesame", "kiwi", "gluten", "soy", "peaches"],
    "thing": ["tent", "ladder", "stove", "kayak", "printer", "heater", "camera", "trailer", "mixer", "drill"],
    "town": ["Bergen", "Galway", "Tartu", "Gdansk", "Ghent", "Porto", "Izmir", "Turku", "Varna", "Lugano"],
    "job": ["carpenter", "surveyor", "midwife", "beekeeper", "notary", "welder", "florist", "pilot", "baker", "archivist"],
    "month": ["January", "February", "March", "April", "May", "June", "July", "August", "October", "November"],
    "colour": ["green", "orange", "silver", "purple", "white", "brown", "yellow", "black", "turquoise", "red"],
    "pet": ["Biscuit", "Pepper", "Waffle", "Ziggy", "Mochi", "Truffle", "Nacho", "Olive", "Dumpling", "Radish"],
    "instrument": ["cello", "trombone", "banjo", "oboe", "accordion", "harp", "bassoon", "viola", "flute", "tuba"],
    "place": ["under the doormat", "in the shed", "behind the meter", "with the neighbour", "in the boot", "on the beam",
              "in the letterbox", "under the third stone", "in the piano", "at the bakery"],
}  # fmt: skip
PINNED = [
    f"The code of safe {number} in the cellar is {number * 7919 % 10_000:04d}." for number in range(1, 21)
]
CHATTER = (
    "I went for a walk along the {a} and thought about the {b} for a while.",
    "Have you ever wondered why the {a} looks so different from the {b}?",
    "{who} sends their regards and asks about the {a}.",
    "We talked about the {a} again, and {who} told a long story about a {b}.",
    "The weather was fine, so we sat by the {a} and ate our {b}.",
    "Yesterday the {a} was closed, which is a pity, since I like the {b} there.",
    "Tell me something nice about the {a}.",
    "I read an article on the {a}; it said that the {b} matters more than people think.",
)
REPLIES = (
    "That sounds lovely. How was the {a}?",
    "I see. Tell me more about the {b}.",
    "Many people say so of the {a}.",
)
NOUNS = [
    "river",
    "garden",
    "museum",
    "market",
    "library",
    "bridge",
    "orchard",
    "harbour",
    "forest",
    "station",
    "village",
    "castle",
    "theatre",
    "lake",
    "tower",
]


@dataclass(frozen=True, slots=True)
class Needle:
    """Something said once, and how it is asked for."""

    text: str
    question: str


@dataclass(slots=True)
class Found:
    """How things stand after a compression."""

    turns: int
    windows: int
    context_tokens: int
    pinned: int
    pinned_in_context: int
    needles: int
    found_by_search: int
    in_summary: int
    seconds: float


def needles() -> list[Needle]:
    """100 of them: ten facts of each of ten people, so that each has 18 others to be mistaken for."""
    made = []
    for place, who in enumerate(PEOPLE):
        values: dict[str, Any] = {key: words[(place * 3 + 1) % 10] for key, words in WORDS.items()}
        values |= {"who": who, "n": 1_117 + 271 * place, "day": 4 + 2 * place}
        made += [Needle(said.format(**values), asked.format(**values)) for said, asked in FACTS]
    return made


def story(turns: int, hidden: list[Needle]) -> list[str]:
    """The turns of a conversation, user and assistant in turn, with every needle said once by the user."""
    dice = random.Random(20)

    def chatter(lines: tuple[str, ...]) -> str:
        words = {"a": dice.choice(NOUNS), "b": dice.choice(NOUNS), "who": dice.choice(PEOPLE)}
        return f"{dice.choice(lines).format(**words)}"

    said = [chatter(CHATTER if place % 2 == 0 else REPLIES) for place in range(turns)]
    told = [*PINNED, *(needle.text for needle in hidden)]
    dice.shuffle(told)
    places = sorted(dice.sample(range(0, turns, 2), len(told)))
    for place, text in zip(places, told, strict=True):
        said[place] = text
    return said


async def measure(db: DatabaseManager, turns: int = TURNS, compressions: int = COMPRESSIONS) -> list[Found]:
    """Grows the conversation, compresses it again and again, and looks for what was said so far."""
    ada = ConversationManager("ada", db, llm=OfflineModel())
    hidden = needles()
    said = story(turns, hidden)
    each, conversation, found = turns // compressions, None, []
    for start in range(0, turns, each):
        batch = [
            {"role": ("user", "assistant")[place % 2], "content": said[place]}
            for place in range(start, start + each)
        ]
        conversation = (await ada.ingest(batch, conversation))["conversation_id"]
        await db.write(lambda session, batch=batch: pin(session, batch))
        begun = time.perf_counter()
        built = await ada.refresh(conversation, BUDGET)
        seconds = time.perf_counter() - begun
        so_far = set(said[: start + each])
        pinned = [text for text in PINNED if text in so_far]
        shown = "\n".join(memory.content for memory in built["built_context"].memories)
        asked = [needle for needle in hidden if needle.text in so_far]
        found.append(
            Found(
                turns=start + each,
                windows=await db.read(lambda session: session.scalar(select(func.count()).select_from(ContextWindow)) or 0),
                context_tokens=built["context_tokens"],
                pinned=len(pinned),
                pinned_in_context=sum(text in shown for text in pinned),
                needles=len(asked),
                found_by_search=sum([await is_found(ada, needle) for needle in asked]),
                in_summary=sum(needle.text in (built["context_summary"] or "") for needle in asked),
                seconds=round(seconds, 3),
            )
        )  # fmt: skip
    return found


def pin(session: Any, batch: list[dict[str, str]]) -> None:
    """Pins the facts among these turns, each tied to its message."""
    from turngraph.models import Message

    for text in {turn["content"] for turn in batch} & set(PINNED):
        fact = MemoryIndex(
            tenant_id="default", user_id="ada", content=text, pinned=True, importance_score=0.9
        )
        session.add(fact)
        session.flush()
        message = session.scalar(select(Message.id).where(Message.user_id == "ada", Message.content == text))
        session.add(MemorySource(memory_id=fact.id, message_id=message, tenant_id="default", user_id="ada"))


async def is_found(ada: ConversationManager, needle: Needle) -> bool:
    """Whether the message with the needle is among the ten best hits for its question."""
    hits = (await ada.search_memories(needle.question, limit=LIMIT))["memories"]
    return any(hit["content"] == needle.text for hit in hits)


def lines(found: list[Found]) -> Iterator[str]:
    """The figures as a table."""
    yield "| turns | windows | context tokens | pinned in context | others found by search | of them in the summary | seconds |"
    yield "|--:|--:|--:|--:|--:|--:|--:|"
    for one in found:
        yield (
            f"| {one.turns:,} | {one.windows} | {one.context_tokens:,} | {one.pinned_in_context} of {one.pinned} "
            f"| {one.found_by_search} of {one.needles} | {one.in_summary} | {one.seconds:.2f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--db", metavar="URL", help="an empty database; else a temporary one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        DatabaseManager(options.db or f"sqlite:///{Path(folder).as_posix()}/needles.db") as db,
    ):
        found = asyncio.run(measure(db))
    print("\n".join(lines(found)))
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
