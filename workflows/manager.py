"""The conversation manager: one user's conversations, in a few calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ..engine import Event, Result, RunFinished
from ..models import DatabaseManager, Scope, ToolExecution, get_db_manager
from ..models.repositories import conversations, tool_executions
from ..models.turn import answering
from ..nodes.conversation.ingest import ingest
from ..nodes.conversation.session_recovery import RecoveredSession
from ..services import Embedder, LanguageModel, default_embedder, language_model
from ..services.tools import Toolbox
from .context_refresh import create_context_refresh_workflow
from .conversation import create_conversation_workflow
from .memory_search import create_memory_search_workflow
from .session_recovery import create_session_recovery_workflow
from .taking_up import take_up
from .tool_conversation import create_tool_conversation_workflow


class ConversationManager:
    """Talks for one user of one tenant, and remembers all that was said.

    The database, the model and the embedder are those given, else those of the settings, found at first use. `tools`
    names what may be called of the toolbox, which is the one that comes with turngraph unless it is given.
    """

    def __init__(
        self,
        user_id: str,
        db: DatabaseManager | None = None,
        tenant: str = "default",
        *,
        llm: LanguageModel | None = None,
        embedder: Embedder | None = None,
        tools: Sequence[str] = (),
        toolbox: Toolbox | None = None,
    ) -> None:
        self.scope = Scope(tenant, user_id)
        self.user_id, self.tenant = user_id, tenant
        self._db, self._llm, self._embedder = db, llm, embedder
        self._tools, self._toolbox = tools, toolbox
        self._search: Any = None
        self._taken_up = False
        self._who = {"user_id": user_id, "tenant_id": tenant}

    @property
    def db(self) -> DatabaseManager:
        """The database the conversations are kept in."""
        if self._db is None:
            self._db = get_db_manager()
        return self._db

    async def send_message(
        self,
        message: str,
        conversation_id: str | None = None,
        *,
        id: str | None = None,
        name: str | None = None,
        at: datetime | None = None,
        metadata: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Answers a message: `response`, `conversation_id`, `memories_extracted`, `preferences_updated` and more.

        `id` is the sender's own: sent again with the same one, a message is stored once. `options` are further
        inputs of the conversation workflow, such as `title`, `session_action` and `max_context_size`.
        """
        inputs = self._turn(message, conversation_id, id, name, at, metadata, options)
        recovered = await self.take_up()
        async with answering(self.db) as turn:
            result = await self._graph().run({**inputs, "turn": turn}, scope=self.scope)
        return {**reply_of(result), **_also(recovered)}

    async def stream_message(
        self, message: str, conversation_id: str | None = None, **options: Any
    ) -> AsyncGenerator[Event | dict[str, Any], None]:
        """Answers a message while telling what happens; the last thing yielded is what `send_message` returns."""
        inputs = self._turn(message, conversation_id, None, None, None, None, options)
        recovered = await self.take_up()
        async with answering(self.db) as turn:
            async for event in self._graph().stream({**inputs, "turn": turn}, scope=self.scope):
                yield event
                if isinstance(event, RunFinished):
                    yield {**reply_of(event.result), **_also(recovered)}

    async def ingest(
        self, messages: Sequence[Mapping[str, Any]], conversation_id: str | None = None, **about: Any
    ) -> dict[str, Any]:
        """Takes history in without answering it; `messages` have `content` and may have `role`, `name`, `at`, `id`
        and `metadata`. A message whose `id` is there already is not stored again."""
        return await ingest(self.db, self._embed(), self.scope, messages, conversation_id, **about)

    async def search_memories(self, query: str, limit: int = 10, **options: Any) -> dict[str, Any]:
        """What was said that fits a query: `memories`, each with `content`, `score`, `importance_score` and `message`."""
        if self._search is None:
            self._search = create_memory_search_workflow(self.db, llm=self._llm, embedder=self._embed())
        given = {**self._who, "search_query": query, "search_limit": limit, **options}
        return dict(await self._search.run(given, scope=self.scope))

    async def take_up(self) -> list[RecoveredSession]:
        """Answers the messages of the last 24 hours in the midst of whose turns a process died, each once.

        It is done before the first message by itself; after that, and for what a living process answers, it does nothing.
        """
        if self._taken_up:
            return []
        self._taken_up = True
        return await take_up(self.db, self.scope, self._llm, self._embed())

    async def recover(self, recovery_window: float = 24.0) -> dict[str, Any]:
        """Takes up what was interrupted within that many hours: `recovered_sessions`, newest first."""
        recovery = create_session_recovery_workflow(self.db, llm=self._llm, embedder=self._embed())
        return dict(await recovery.run({**self._who, "recovery_window": recovery_window}, scope=self.scope))

    async def refresh(self, conversation_id: str, max_context_size: int | None = None) -> dict[str, Any]:
        """Rebuilds a conversation's context within a number of tokens: `context_window`."""
        refresh = create_context_refresh_workflow(self.db, llm=self._llm, embedder=self._embed())
        given = {**self._who, "conversation_id": conversation_id, "max_context_size": max_context_size}
        return dict(await refresh.run(given, scope=self.scope))

    async def pause(self, conversation_id: str) -> str:
        """Sets an active conversation aside; the next message reopens it."""
        return await self._status(conversation_id, "paused")

    async def complete(self, conversation_id: str) -> str:
        """Ends a conversation; it takes no more messages until it is reopened."""
        return await self._status(conversation_id, "completed")

    async def archive(self, conversation_id: str) -> str:
        """Puts a conversation away; what was said in it is still found."""
        return await self._status(conversation_id, "archived")

    async def reopen(self, conversation_id: str) -> str:
        """Makes a paused, completed or archived conversation active again."""
        return await self._status(conversation_id, "active")

    async def conversations(self, status: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """The user's conversations, the most recently active first; archived ones where `status` asks for them."""
        without = "archived" if status is None else None
        rows = await self.db.read(
            lambda session: conversations.listed(
                session, self.scope, status=status, without=without, limit=limit
            )
        )
        return [row.to_dict() for row in rows]

    async def conversation(self, conversation_id: str) -> dict[str, Any]:
        """One conversation with all its messages; NotFound where the user has none of that id."""
        return await self.db.read(
            lambda session: conversations.get(
                session, self.scope, conversation_id, with_messages=True
            ).to_dict()
        )

    async def tool_calls(self, *, limit: int = 50, **which: str | None) -> list[dict[str, Any]]:
        """The calls of tools in the user's turns, made or refused, the newest first; `receipt_holds` where one is
        as it was signed. `which` may name `conversation_id`, `message_id`, `tool` and `status`."""

        def work(session: Session) -> list[dict[str, Any]]:
            rows = tool_executions.listed(session, self.scope, limit=limit, **which)
            return [self._told(session, row) for row in rows]

        return await self.db.read(work)

    async def tool_call(self, execution_id: str) -> dict[str, Any]:
        """One of these calls; NotFound where the user has none of that id."""
        return await self.db.read(
            lambda session: self._told(session, tool_executions.get(session, self.scope, execution_id))
        )

    def _told(self, session: Session, row: ToolExecution) -> dict[str, Any]:
        holds = tool_executions.verified(session, self.scope, row.id)
        return {**row.to_dict(), "receipt_holds": holds}

    async def _status(self, conversation_id: str, status: str) -> str:
        keys = [f"conversation_id:{conversation_id}"]
        row = await self.db.write(
            lambda session: conversations.set_status(session, self.scope, conversation_id, status), keys=keys
        )
        return row.status

    def _embed(self) -> Embedder:
        if self._embedder is None:
            self._embedder = default_embedder()
        return self._embedder

    def _graph(self) -> Any:
        if self._llm is None:
            self._llm = language_model()
        if self._tools:
            return create_tool_conversation_workflow(
                self.db, llm=self._llm, embedder=self._embed(), toolbox=self._toolbox, tools=self._tools
            )
        return create_conversation_workflow(self.db, llm=self._llm, embedder=self._embed())

    def _turn(
        self,
        message: str,
        conversation_id: str | None,
        id: str | None,
        name: str | None,
        at: datetime | None,
        metadata: Mapping[str, Any] | None,
        options: Mapping[str, Any],
    ) -> dict[str, Any]:
        given = {"conversation_id": conversation_id, "client_id": id, "name": name, "at": at}
        turn = {key: value for key, value in given.items() if value is not None}
        return {**self._who, "current_message": message, "metadata": dict(metadata or {}), **turn, **options}


SHOWN = (
    "response", "conversation_id", "message_id", "reply_id", "conversation_status", "generation_success", "sources",
    "memories_extracted", "preferences_updated", "user_preferences", "token_usage", "model", "reply_metadata",
    "session_metrics", "final_session_status", "context_report",
)  # fmt: skip


def _also(recovered: Sequence[RecoveredSession]) -> dict[str, Any]:
    return {"recovered_sessions": [one.model_dump(mode="json") for one in recovered]} if recovered else {}


def reply_of(result: Result) -> dict[str, Any]:
    """What a caller wants of a finished turn, as JSON values; each source is the message the answer rests on."""
    state = dict(result)
    found = {key: state[key] for key in SHOWN if key in state}
    for key in ("token_usage", "context_report"):
        if key in found:
            found[key] = found[key].model_dump(mode="json")
    if "tool_calls" in state:
        found["tool_calls"] = [outcome.model_dump(mode="json") for outcome in state["tool_calls"]]
    found["sources"] = _sources(state, found.get("sources", []))
    if found.get("user_preferences") is not None or found.get("preferences_updated"):
        found["user_preferences"] = {
            **(found.get("user_preferences") or {}),
            **found.get("preferences_updated", {}),
        }
    return found


def _sources(state: Mapping[str, Any], ids: Sequence[str]) -> list[dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    for hit in state.get("retrieved_memories", ()):
        if hit.message_id is not None:
            known[hit.message_id] = hit.model_dump(mode="json")
    turns = [*state.get("recent_messages", ())]
    turns += [turn for other in state.get("recent_conversations", ()) for turn in other.messages]
    for turn in turns:
        if turn.message_id is not None:
            known.setdefault(turn.message_id, turn.model_dump(mode="json"))
    return [
        {"message_id": id_, **{k: v for k, v in known.get(id_, {}).items() if k != "message_id"}}
        for id_ in ids
    ]
