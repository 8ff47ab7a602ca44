"""What the conversations of a user come to; every figure is counted again in plain SQL, and agrees.

python -m turngraph.demos.conversation_analytics
python -m turngraph.demos.conversation_analytics --db sqlite:///demo.db      and look at the tables yourself
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

from sqlalchemy import text

from turngraph.demos._stage import Stage, arguments

TALKS: tuple[tuple[str, ...], ...] = (
    (
        "I work as a nurse at the children's hospital in Leeds, mostly at night.",
        "My database course starts on Monday, and I prefer PostgreSQL over MySQL.",
        "Where do I work?",
    ),
    (
        "I am allergic to latex, which is a nuisance in my job.",
        "My favourite tea is Earl Grey.",
    ),
    ("I am learning the cello, and my teacher is called Ingrid.", "Who is my cello teacher?"),
    ("What am I allergic to?",),
)


async def play(stage: Stage) -> None:
    manager, user = stage.manager("grace"), stage.person("grace")

    stage.scene("Grace talks, four times")
    told: dict[str, dict[str, Any]] = {}
    counted: dict[str, dict[str, Any]] = {}
    for talk in TALKS:
        reply = await stage.say(manager, talk[0])
        for message in talk[1:]:
            reply = await stage.say(manager, message, reply["conversation_id"])
        told[reply["conversation_id"]] = reply["session_metrics"]
        counted[reply["conversation_id"]] = recount(stage, user, reply["conversation_id"])
    first, second, third, _ = told
    await manager.pause(first)
    await manager.complete(second)
    await manager.archive(third)
    await stage.say(stage.manager("bob"), "I work as a baker in York.")  # he counts for himself alone

    stage.scene("get_conversation_stats")
    stats = stage.db.get_conversation_stats(user)
    status = dict(
        ask(
            stage,
            "SELECT status, count(*) FROM conversations WHERE user_id = :user GROUP BY status",
            user=user,
        )
    )
    said = number(stage, "SELECT count(*) FROM messages WHERE user_id = :user", user=user)
    total = sum(status.values())
    compare(
        stage,
        {key: stats[key] for key in ("total", "active", "messages", "avg_messages", "by_status")},
        {
            "total": total,
            "active": status["active"],
            "messages": said,
            "avg_messages": said / total,
            "by_status": status,
        },
    )

    stage.scene("get_memory_stats")
    memory = stage.db.get_memory_stats(user)
    categories = dict(
        ask(
            stage,
            "SELECT category, count(*) FROM memory_index WHERE user_id = :user GROUP BY category",
            user=user,
        )
    )
    mean = number(stage, "SELECT avg(importance_score) FROM memory_index WHERE user_id = :user", user=user)
    compare(
        stage,
        {key: memory[key] for key in ("total", "categories", "avg_importance")},
        {"total": sum(categories.values()), "categories": categories, "avg_importance": mean},
    )

    stage.scene("session_metrics, as each conversation ended")
    for talk, conversation in zip(TALKS, told, strict=True):
        stage.tell(f"“{talk[0]}”")
        compare(stage, told[conversation], counted[conversation])


def recount(stage: Stage, user: str, conversation: str) -> dict[str, Any]:
    """One conversation's figures, from the tables alone."""
    ours = "WHERE user_id = :user AND conversation_id = :conversation"
    who = {"user": user, "conversation": conversation}
    times = [moment(row[0]) for row in ask(stage, f"SELECT timestamp FROM messages {ours}", **who)]
    return {
        "turns": number(stage, f"SELECT count(*) FROM messages {ours} AND role = 'user'", **who),
        "messages": number(stage, f"SELECT count(*) FROM messages {ours}", **who),
        "duration": (max(times) - min(times)).total_seconds(),
        "tokens": number(stage, f"SELECT sum(token_count) FROM messages {ours}", **who),
        "memories": number(
            stage,
            f"SELECT count(DISTINCT memory_id) FROM memory_sources WHERE message_id IN (SELECT id FROM messages {ours})",
            **who,
        ),
        "preferences": number(
            stage,
            # An inferred preference is used from its third observation on, if little speaks against it.
            "SELECT count(*) FROM user_preferences WHERE user_id = :user"
            " AND (source = 'stated' OR (observations >= 3 AND confidence >= 0.6))",
            user=user,
        ),
    }


def ask(stage: Stage, query: str, **values: str) -> list[Any]:
    with stage.db.get_session() as session:
        return list(session.execute(text(query), values))


def number(stage: Stage, query: str, **values: str) -> Any:
    return ask(stage, query, **values)[0][0]


def moment(value: Any) -> datetime:
    """A time as the driver gives it: SQLite's is a text."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def alike(one: Any, other: Any) -> bool:
    return abs(one - other) < 1e-6 if isinstance(one, float) else bool(one == other)


def compare(stage: Stage, told: dict[str, Any], counted: dict[str, Any]) -> None:
    """Shows each figure beside its count in SQL, and checks that they agree."""
    rows = [(key, shown(told[key]), shown(counted[key])) for key in told]
    stage.table(("figure", "turngraph says", "SQL says"), rows)
    stage.check(f"all {len(told)} figures agree", all(alike(told[key], counted[key]) for key in told))


def shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in sorted(value.items()))
    return f"{value:.3f}" if isinstance(value, float) else json.dumps(value)


def main() -> int:
    with Stage(arguments(__doc__).parse_args()) as stage:
        asyncio.run(play(stage))
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
