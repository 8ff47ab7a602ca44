"""Finds what was said by words and by meaning; each hit shows its score, what it is made of, and its source.

Four older conversations are taken in as they are, with names and times, and without being answered.

    python -m turngraph.demos.memory_search
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
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
        ("Ada", "The doctor says I must not eat nuts any more, they make my throat swell."),
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
        "Now questions. A score compares the hits of one question: 0 fits no better than any message does. "
        "Below it stands what it is made of, such as common words, likeness of meaning, or who said it."
    )
    for question, expected in QUESTIONS.items():
        stage.scene(question)
        hits = (await manager.search_memories(question, limit=3))["memories"]
        rows = [
            (
                f"{hit['score']:.2f}",
                f"{hit['name']}: {hit['content']}",
                hit["message"]["client_id"],
                reasons(hit["parts"]),
            )
            for hit in hits
        ]
        stage.table(("score", "what was said", "message", "why"), rows)
        stage.check(f"the best hit says “{expected}”", hits and expected in hits[0]["content"])
        stage.check(
            "the best comes first",
            [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True),
        )
        explained = all(abs(sum(hit["parts"].values()) - hit["score"]) < 0.01 for hit in hits)
        stage.check("the parts add up to the score", explained)
        stage.check("each hit names the message it stands for", await all_true(manager, hits))

    stage.scene("Somebody else searches for the same")
    found = (await stage.manager("bob").search_memories("When does the plumber come?"))["memories"]
    stage.check("Bob finds nothing", found == [])


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
