"""Summarises older turns, so that what was said in them stays known at a fraction of its length."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from ...engine import Context, Node
from ...models.base import new_id
from ...models.repositories import context_windows, conversations, messages
from ...services import ClaudeAPIError, LanguageModel, OfflineModel, Prompt, Turn, charged, estimate_tokens
from .context_budget import SHARES
from .inputs import InConversation, account, turn_of

logger = logging.getLogger("turngraph")
LEAST_ROOM: Final = 60
AT_ONCE: Final = 6_000
"""Tokens of turns that are summarised in one call."""
MOST_CALLS: Final = 3
"""Calls of the model that a reply waits for; what is older still is summarised by rule."""
MOST_TURNS: Final = 100_000


class SummaryPart(BaseModel):
    """The summary of some positions, and the windows it was made from, where it was not made from turns."""

    id: str
    positions: tuple[int, int]
    summary: str
    built_from: list[str] = Field(default_factory=list)

    @property
    def tokens(self) -> int:
        """About how many tokens it is."""
        return estimate_tokens(self.summary) + 1


@dataclass(slots=True)
class Older:
    """The turns to be summarised, where they begin and end, and the summaries before them."""

    inputs: ContextCompressionNode.Inputs
    turns: list[Turn]
    kept: list[Turn]
    start: int
    to: int
    before: list[SummaryPart]


class ContextCompressionNode(Node):
    """Summarises the turns that have no room, and those before them that no summary covers yet.

    Each stretch of turns has a window of its own with its summary. The active window's summary is made of
    these, the oldest merged where together they are too long; every window knows its positions and what it was built from.
    """

    name = "context_compression"
    locks = ("conversation_id",)

    class Inputs(InConversation):
        recent_messages: list[Turn]
        context_summary: str | None
        context_limit: int
        turns_to_fold: int = 0
        turns_unread: bool = False

    class Outputs(BaseModel):
        recent_messages: list[Turn]
        context_summary: str
        summarised_to: int
        summary_parts: list[SummaryPart]
        summary_built_from: list[str]
        compressed: bool = True

    def prep(self, state: Mapping[str, Any], *, inputs: Inputs, session: Session) -> Older:
        scope, turns = inputs.scope, inputs.recent_messages
        fold = inputs.turns_to_fold
        window = context_windows.active(session, scope, inputs.conversation_id)
        start = window.summarised_to if window is not None else 0
        first = messages.position_of(session, scope, turns[0].message_id or "-") if turns else 0
        if not fold and first <= start + 1:
            fold = max(1, len(turns) // 2)
        last = turns[fold - 1].message_id if fold and turns else None
        to = messages.position_of(session, scope, last) if last else first - 1 if not fold else 0
        older = list(turns[:fold])
        if to > start:
            rows = messages.newest(
                session, scope, inputs.conversation_id, limit=MOST_TURNS, after=start, before=to + 1
            )
            older = [turn_of(row) for row in rows]
        before: list[SummaryPart] = []
        if window is not None and window.summary:
            parts = context_windows.parts(session, scope, window) or [window]
            before = [
                SummaryPart(
                    id=part.id,
                    positions=(part.summarised_from, part.summarised_to),
                    summary=part.summary or "",
                )
                for part in parts
            ]
        return Older(inputs, older, list(turns[fold:]), start, to, before)

    async def exec(self, older: Older, *, llm: LanguageModel, context: Context) -> Outputs:
        llm = charged(llm, account(older.inputs, context))
        left = older.inputs.context_limit - Prompt(message="").tokens()
        room = max(LEAST_ROOM, int(left * SHARES["summary"])) - 20
        made: list[SummaryPart] = []
        chunks = _chunks(older.turns)
        place = older.start
        for number, chunk in enumerate(chunks):
            by = llm if number >= len(chunks) - MOST_CALLS else OfflineModel()
            summary = await _summarised(by, chunk, None, max(LEAST_ROOM // 2, room // 2))
            made.append(SummaryPart(id=new_id(), positions=(place + 1, place + len(chunk)), summary=summary))
            place += len(chunk)
        top = [*older.before, *made]
        while len(top) > 1 and sum(part.tokens for part in top) > room:
            newest = top[-1:] if len(top) > 2 else []
            merging = top[: len(top) - len(newest)]
            left = max(LEAST_ROOM // 2, room - sum(part.tokens for part in newest))
            text = "\n".join(part.summary for part in merging if part.summary)
            merged = SummaryPart(
                id=new_id(),
                positions=(merging[0].positions[0], merging[-1].positions[1]),
                summary=await _summarised(llm, [], text, left),
                built_from=[part.id for part in merging],
            )
            made.append(merged)
            top = [merged, *newest]
        return self.Outputs(
            recent_messages=older.kept,
            context_summary="\n".join(part.summary for part in top if part.summary),
            summarised_to=older.to if older.to > older.start else older.start,
            summary_parts=made,
            summary_built_from=[part.id for part in top],
        )

    def post(
        self, state: MutableMapping[str, Any], older: Older, outputs: Outputs, *, session: Session
    ) -> None:
        scope, conversation_id = older.inputs.scope, older.inputs.conversation_id
        conversation = conversations.locked(session, scope, conversation_id)
        current = context_windows.active(session, scope, conversation_id)
        state["summary_parts"] = []
        if current is not None and current.summarised_to > older.start:
            # Two turns at once: the other was first, and its summary holds.
            state.update(context_summary=current.summary, summarised_to=current.summarised_to)
            return
        if older.to <= older.start:
            return  # turns that are not stored have no positions, and no window can cover them
        for part in outputs.summary_parts:
            context_windows.keep(
                session,
                conversation,
                part.summary,
                part.positions,
                window_id=part.id,
                token_count=estimate_tokens(part.summary),
                built_from=part.built_from,
            )
        context_windows.slide(
            session,
            conversation,
            [turn.message_id for turn in outputs.recent_messages if turn.message_id],
            summary=outputs.context_summary,
            summarised_to=outputs.summarised_to,
            token_count=estimate_tokens(outputs.context_summary)
            + sum(estimate_tokens(turn.content) for turn in outputs.recent_messages),
            built_from=outputs.summary_built_from,
        )


def _chunks(turns: Sequence[Turn]) -> list[list[Turn]]:
    chunks: list[list[Turn]] = []
    spent = AT_ONCE
    for turn in turns:
        price = estimate_tokens(turn.content)
        if spent + price > AT_ONCE:
            chunks.append([])
            spent = 0
        chunks[-1].append(turn)
        spent += price
    return chunks


async def _summarised(llm: LanguageModel, turns: list[Turn], previous: str | None, room: int) -> str:
    try:
        return await llm.summarise(turns, previous=previous, max_tokens=room)
    except ClaudeAPIError as error:
        logger.warning("summarising by rule, since the model failed: %s", type(error).__name__)
        return await OfflineModel().summarise(turns, previous=previous, max_tokens=room)
