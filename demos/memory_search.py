"""Finds what was said by words and by meaning; each hit shows its score, why it was found, and where it was said.

Four older conversations are taken in as they are, with names and times, and without being answered. Then facts
change, and a search knows which holds, since when, and from which message it is.

    python -m turngraph.demos.memory_search
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from turngraph.demos._stage import Stage, arguments, plural
from turngraph.workflows import ConversationManager

HISTORY: dict[str, list[tuple[str, str]]] = {
    "Holidays": [
        ("Ada", "We spent two weeks in Norway and hiked along the fjords every single day."),
        ("Max", "That sounds wonderful. Did the weather hold?"),
        ("Ada", "It rained once, on the day we took the night train to Trondheim."),
    ],
    "Health": [
        ("Ada", "I must not eat nuts, says the doctor."),
        ("Max", "Then I will bake the cake with poppy seeds."),
    ],
    "Work": [
        ("Ada", "Our team moved the billing service from MySQL to PostgreSQL over the weekend."),
        ("Max", "Was anybody woken up at night?"),
        ("Ada", "Only Priya, because the replica lagged behind for an hour."),
    ],
    "Home": [
        ("Ada", "The plumber comes on Tuesday at nine to look at the kitchen sink."),
        ("Max", "I can be there, I work from home on Tuesdays."),
    ],
}

# A question, and words of the message that it should find first. The second shares no word with its answer.
QUESTIONS = {
    "When does the plumber come?": "Tuesday at nine",
    "Is there any food that is dangerous for her?": "must not eat nuts",
    "Which database does the billing service use?": "MySQL to PostgreSQL",
    "What did Max offer to bake?": "poppy seeds",
}


async def play(stage: Stage) -> None:
    manager = stage.manager("ada")

    stage.scene("Taking history in")
    for day, (title, talk) in enumerate(HISTORY.items(), 1):
        messages = [
            {
                "name": name,
                "content": text,
                "id": f"{title}-{number}",
                "at": f"2026-03-{day:02}T18:{number:02}:00Z",
            }
            for number, (name, text) in enumerate(talk, 1)
        ]
        stored = await manager.ingest(messages, title=title)
        stage.note(f"{title}: {plural(stored['messages_stored'], 'message')}")
        again = await manager.ingest(messages, stored["conversation_id"])
        stage.check("sent again, none is stored twice", again["messages_stored"] == 0)

    stage.tell(
        "Now questions. A score compares the hits of one question, and beside it stands what it is made of: how much "
        "of the question a message covers, likeness of meaning, who said it, and more."
    )
    for question, expected in QUESTIONS.items():
        stage.scene(question)
        hits = (await manager.search_memories(question, limit=3))["memories"]
        table(stage, hits)
        stage.check(f"the best hit says “{expected}”", hits and expected in hits[0]["content"])
        stage.check(
            "the best comes first",
            [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True),
        )
        explained = all(abs(sum(hit["parts"].values()) - hit["score"]) < 0.01 for hit in hits)
        stage.check("the parts add up to the score", explained)
        stage.check("each hit names the message it stands for", await all_true(manager, hits))

    await narrowed(stage, manager)
    await changed(stage)

    stage.scene("Somebody else searches for the same")
    found = (await stage.manager("bob").search_memories("When does the plumber come?"))["memories"]
    stage.check("Bob finds nothing", found == [])


async def narrowed(stage: Stage, manager: ConversationManager) -> None:
    """The same question within a time, within one conversation, and with hits that say different things."""
    stage.scene("Only what was said since the third of March")
    since = (await manager.search_memories("What happened?", limit=10, since="2026-03-03T00:00:00Z"))[
        "memories"
    ]
    stage.note(f"{plural(len(since), 'hit')}, the oldest of {min(hit['at'] for hit in since)[:10]}")
    stage.check("nothing older is among them", all(hit["at"] >= "2026-03-03" for hit in since))
    inside = since[0]["message"]["conversation_id"]
    options = {"search_scope": "conversation", "conversation_id": inside}
    found = (await manager.search_memories("What happened?", limit=10, **options))["memories"]
    stage.check(
        "within one conversation only it is searched",
        {hit["message"]["conversation_id"] for hit in found} == {inside},
    )


async def changed(stage: Stage) -> None:
    """Facts that take each other's place."""
    stage.scene("A fact changes")
    manager = stage.manager("eve")
    told = [("I live in Hamburg.", 3), ("I have a dog called Biscuit.", 4), ("I moved to Lisbon.", 5)]
    conversation = None
    for text, month in told:
        at = datetime(2026, month, 1, tzinfo=UTC)
        conversation = (await manager.send_message(text, conversation, at=at))["conversation_id"]
        stage.line("Eve", f"{text} ({at:%B})")
    for question, expected in (("Where do I live?", "Lisbon"), ("Where did I live before?", "Hamburg")):
        stage.scene(question)
        said = (await manager.search_memories(question, limit=2))["memories"]
        table(stage, said)
        stage.check(f"the best hit says “{expected}”", expected in said[0]["content"])
        facts = (await manager.search_memories(question, limit=2, search_scope="memories"))["memories"]
        held = [
            (
                fact["content"],
                fact["valid_from"][:10],
                (fact["valid_to"] or "now")[:10],
                places(fact["sources"]),
            )
            for fact in facts
        ]
        stage.table(("fact", "holds from", "until", "source"), held)
        stage.check("each fact names the message it came from", all(fact["sources"] for fact in facts))
    hits = (await manager.search_memories("Hamburg", limit=5))["memories"]
    ended = [one for hit in hits for one in hit["no_longer"]]
    for one in ended:
        stage.note(f"“{one['content']}” is no longer so since {one['until'][:10]}: “{one['instead']}”")
    stage.check(
        "the message of then says what of it is no longer so",
        [one["instead"] for one in ended] == ["I moved to Lisbon."],
    )
    stage.check(
        "what no longer holds says until when it did", facts[0]["valid_to"] == "2026-05-01T00:00:00+00:00"
    )


def table(stage: Stage, hits: list[dict[str, Any]]) -> None:
    """The hits with their reasons."""
    rows = [
        (
            f"{hit['score']:.2f}",
            f"{hit['name'] or hit['role']}: {hit['content']}",
            hit["message"]["client_id"] or f"message {hit['message']['position']}",
            reasons(hit["parts"]),
        )
        for hit in hits
    ]
    stage.table(("score", "what was said", "source", "why"), rows)


def places(sources: list[dict[str, Any]]) -> str:
    """The messages behind a fact, such as "message 3"."""
    return ", ".join(f"message {source['position']}" for source in sources)


def reasons(parts: Mapping[str, float]) -> str:
    """The parts that count most, such as "words 2.11"."""
    counting = sorted(parts.items(), key=lambda part: -abs(part[1]))[:3]
    return "\n".join(f"{name} {value:.2f}" for name, value in counting if value)


async def all_true(manager: ConversationManager, hits: list[dict[str, Any]]) -> bool:
    """Whether each hit's content stands where the hit says that it does."""
    for hit in hits:
        source = hit["message"]
        conversation = await manager.conversation(source["conversation_id"])
        message = conversation["messages"][source["position"] - 1]
        if (message["id"], message["client_id"], message["content"]) != (
            source["id"],
            source["client_id"],
            hit["content"],
        ):
            return False
    return bool(hits)


def main() -> int:
    with Stage(arguments(__doc__).parse_args()) as stage:
        asyncio.run(play(stage))
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
