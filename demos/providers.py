"""One provider is overloaded, and the next answers; one hangs up in the middle, and nothing is said twice; a budget says no.

Two local servers stand for two providers, so that no key and no network are needed; the client, the SDK and the way over HTTP
are the real ones.

    python -m turngraph.demos.providers
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from turngraph.demos._provider import LocalProvider
from turngraph.demos._stage import Stage, arguments, plural
from turngraph.engine import Token
from turngraph.services import (
    Attempt,
    BudgetExceeded,
    Connection,
    Policy,
    ProviderModel,
    Usage,
    model_choice,
    providers_found,
)
from turngraph.workflows import ConversationManager


class Entry:
    """One attempt in the book."""

    def __init__(self, attempt: Attempt) -> None:
        self.provider = attempt.provider
        self.most = attempt.input_bound + attempt.output_bound
        self.ending, self.tokens = "under way", self.most

    def heard(self) -> None:
        """The provider has begun to answer."""

    async def settle(self, usage: Usage) -> None:
        self.ending, self.tokens = "settled", usage.input_tokens + usage.output_tokens

    async def release(self) -> None:
        self.ending, self.tokens = "released", 0

    async def uncertain(self, usage: Usage | None = None) -> None:
        self.ending = "uncertain"


class Book:
    """Writes every attempt down, and lets none through that could cost more than the budget has left."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.entries: list[Entry] = []

    @property
    def booked(self) -> int:
        """Tokens that are spent, or may be."""
        return sum(entry.tokens for entry in self.entries)

    async def enter(self, attempt: Attempt) -> Entry:
        entry, left = Entry(attempt), self.budget - self.booked
        if entry.most > left:
            raise BudgetExceeded(f"this call could need {entry.most:,} tokens, and {left:,} are left")
        self.entries.append(entry)
        return entry


async def ask(stage: Stage, ada: ConversationManager, message: str) -> dict[str, Any]:
    """Sends a message and shows the pieces of the answer as they come, with | between them."""
    stage.line("Ada", message, "bold green")
    pieces: list[str] = []
    reply: dict[str, Any] = {}
    async for event in ada.stream_message(message):
        if isinstance(event, dict):
            reply = event
        elif isinstance(event, Token):
            pieces.append(event.text)
    if pieces:
        stage.line("streamed", "|".join(pieces), "dim")
    stage.line(reply["model"].partition(":")[0], reply["response"], "bold magenta")
    reply["streamed"] = "".join(pieces)
    return reply


async def play(stage: Stage, first: LocalProvider, second: LocalProvider) -> None:
    book = Book(budget=1_000_000)
    model = ProviderModel(
        Connection("anthropic", "first", api_key="no-key-is-needed", base_url=first.url),
        Connection("zai", "second", api_key="no-key-is-needed", base_url=second.url),
        gate=book,
        policy=Policy(backoff=0.05),
    )
    ada = ConversationManager(stage.person("ada"), stage.db, llm=model, embedder=stage.embedder)

    stage.scene("Who is there?")
    stage.table(
        ("provider", "speaks", "ready", "why"),
        [
            (one.provider.name, one.provider.speaks, "yes" if one.ready else "no", one.why)
            for one in providers_found()
        ],
    )
    stage.tell(
        f"Left to itself, turngraph would ask {', '.join(model_choice().models)}: {model_choice().why}."
    )
    stage.tell("Here it asks two local servers in turn: anthropic:first, then zai:second.")

    stage.scene("The first provider is overloaded")
    first.mood = "down"
    reply = await ask(stage, ada, "What is a good walk for a young dog?")
    stage.note(f"anthropic was asked {plural(first.requests, 'time')}, zai {plural(second.requests, 'time')}")
    stage.check("the second provider answered", reply["model"].startswith("zai:"))
    stage.check("the first was asked three times, with growing waits", first.requests == 3)
    stage.check("what was streamed is the answer, once", reply["streamed"] == reply["response"])

    stage.scene("It stays overloaded, and is left alone")
    for _ in range(4):
        await ada.send_message("And another walk?")
    stage.note(f"four more messages; anthropic was asked {plural(first.requests, 'time')} in all")
    # After five seconds one call tries it again; on a slow machine that may be now.
    stage.check(
        "after five failures in a row it was left alone: five times asked, not fifteen", first.requests < 8
    )
    stage.check("and every message was answered", second.requests == 5)

    stage.scene("A provider hangs up in the middle of an answer")
    second.mood = "breaks"
    reply = await ask(stage, ada, "Which collar suits him?")
    stage.check("nobody was asked to say it again", second.requests == 6)
    second.mood = "well"
    recovered = await ada.recover()
    waited = [one for one in recovered["recovered_sessions"] if one.waiting]
    stage.note(f"recovered: “{waited[0].response}”")
    stage.check("the message waited, and is answered now", len(waited) == 1)

    stage.scene("The budget is used up")
    book.budget = book.booked + 100
    before = second.requests
    reply = await ask(stage, ada, "How many steps is it to the lake?")
    stage.note(str(reply["reply_metadata"].get("reason", "it was asked all the same")))
    stage.check("it is refused politely", "budget" in reply["response"])
    stage.check("nothing was sent", second.requests == before)
    book.budget = 1_000_000
    answered = await ada.recover()
    stage.check(
        "with a new budget it is answered",
        any(one.response for one in answered["recovered_sessions"] if one.waiting),
    )

    stage.scene("The books")
    endings = ("settled", "released", "uncertain")
    stage.table(
        ("provider", *endings, "tokens booked", "tokens billed"),
        [
            (
                name,
                *(
                    str(sum(e.ending == ending for e in book.entries if e.provider == name))
                    for ending in endings
                ),
                f"{sum(e.tokens for e in book.entries if e.provider == name):,}",
                f"{server.billed:,}",
            )
            for name, server in (("anthropic", first), ("zai", second))
        ],
    )
    settled = sum(entry.tokens for entry in book.entries if entry.ending == "settled")
    broken = sum(entry.ending == "uncertain" for entry in book.entries)
    stage.check("what was settled is what was billed for it", settled == second.billed - 42 * broken)
    stage.check(
        "more is booked than billed only where a stream was cut", book.booked >= second.billed and broken == 1
    )
    await model.aclose()


def main() -> int:
    options = arguments(__doc__).parse_args()
    logging.getLogger("turngraph").setLevel(logging.ERROR)  # what fails here is part of the story
    with (
        Stage(options) as stage,
        LocalProvider("Along the harbour, and then up to the lake.") as first,
        LocalProvider("Through the old park, twice around the pond.") as second,
    ):
        asyncio.run(play(stage, first, second))
        return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
