"""Runs past conversations through another workflow and compares: what was answered, and what would be now.

It happens in a database of its own that is thrown away, so nothing that is stored changes, and nobody's memory learns
anything twice. The conversations of one user are run in their order: a later one finds what the earlier ones said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ...engine import Graph, ValidationError
from ...models import DatabaseManager, Scope
from ...models.message import Message
from ...models.repositories import conversations
from .doing import Done


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a user, and what was answered."""

    id: str
    content: str
    reply: str | None


class Comparing:
    """Does records `{"user_id", "conversation_id"}`: each turn again, beside the answer it had.

    That is the stored one, or with `against` the one of that workflow, so that two can be compared on the same ground.
    """

    def __init__(
        self, db: DatabaseManager, graph: Graph, *, against: Graph | None = None, tenant: str = "default"
    ) -> None:
        fields = None if graph.inputs is None else graph.inputs.model_fields
        if fields is None or "current_message" not in fields:
            raise ValidationError(
                f"workflow {graph.name!r} answers no messages: its inputs have no `current_message`; comparing runs the "
                f"messages of stored conversations through it"
            )
        self._db, self._tenant = db, tenant
        self._sides = [_Side(graph), *([_Side(against)] if against is not None else [])]

    def lane(self, record: Mapping[str, Any]) -> str | None:
        """Whose turn it is."""
        return f"{record.get('tenant_id', self._tenant)}/{record.get('user_id')}"

    async def __call__(self, batch: str, key: str, record: Mapping[str, Any]) -> Done:
        """Runs one conversation again."""
        for name in ("user_id", "conversation_id"):
            if not isinstance(record.get(name), str):
                raise ValidationError(
                    f"a record has user_id and conversation_id; this one has no {name}", [name]
                )
        scope = Scope(record.get("tenant_id", self._tenant), record["user_id"])
        said = await self._db.read(lambda session: _said(session, scope, record["conversation_id"]))
        if not said:
            return Done(skipped="nobody says anything in it")
        after, *before = [await side.run(scope, said) for side in self._sides]
        stored = [turn.reply for turn in said]
        turns = [
            {"message": turn.content, "before": was, "after": now, "same": was == now}
            for turn, was, now in zip(said, before[0] if before else stored, after, strict=True)
        ]
        differing = sum(not turn["same"] for turn in turns)
        tokens = sum(side.spent() for side in self._sides)
        about = {"conversation_id": record["conversation_id"], "turns": turns, "different": differing}
        return Done(about, tokens)

    def close(self) -> None:
        """Throws the databases away that it ran in."""
        for side in self._sides:
            side.scratch.close()


class _Side:
    """A workflow, and the database of its own that it is run in."""

    def __init__(self, graph: Graph) -> None:
        self.scratch = DatabaseManager("sqlite:///:memory:")
        self._graph = graph.bind(db=self.scratch)
        self._graph.store = self.scratch
        self._spent = 0

    async def run(self, scope: Scope, said: list[Said]) -> list[str | None]:
        """What it answers to each message."""
        answers: list[str | None] = []
        talk: str | None = None
        for turn in said:
            given: dict[str, Any] = {"user_id": scope.user, "tenant_id": scope.tenant, "client_id": turn.id}
            given["current_message"] = turn.content
            if talk is not None:
                given["conversation_id"] = talk
            fields = self._graph.inputs.model_fields if self._graph.inputs is not None else {}
            given = {name: value for name, value in given.items() if name in fields}
            result = await self._graph.run(given, store=self.scratch, scope=scope)
            usage = result.get("token_usage")
            self._spent += getattr(usage, "input_tokens", 0) + getattr(usage, "output_tokens", 0)
            talk = result.get("conversation_id", talk)
            answers.append(None if result.get("response") is None else str(result["response"]))
        return answers

    def spent(self) -> int:
        """What was spent since this was last asked."""
        spent, self._spent = self._spent, 0
        return spent


def _said(session: Session, scope: Scope, conversation_id: str) -> list[Said]:
    """The user's messages, each with its answer: the one that names it, else the next of the assistant's."""
    rows = conversations.get(session, scope, conversation_id, with_messages=True).messages
    named = {row.reply_to: row for row in rows if row.reply_to is not None}
    found: list[Said] = []
    for place, row in enumerate(rows):
        if row.role == "user":
            following = rows[place + 1] if place + 1 < len(rows) else None
            reply: Message | None = named.get(row.id)
            if reply is None and following is not None and following.role == "assistant":
                reply = following
            found.append(Said(row.id, row.content, None if reply is None else reply.content))
    return found
