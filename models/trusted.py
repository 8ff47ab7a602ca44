"""The trusted single-tenant face of the database: methods by id alone, as scripts and notebooks like them.

They work in the tenant `default` and take the owner from the row. Nodes, workflows and the command line
never use them: those go through the repositories, each of which takes a Scope.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from .context_window import ContextWindow
from .conversation import Conversation
from .errors import NotFound
from .memory import MemoryIndex
from .message import Message
from .nearest import nearest
from .repositories import context_windows, conversations, memories, messages, preferences, statistics
from .scope import Scope, check_id

T = TypeVar("T")
TENANT = "default"


class TrustedFace:
    """What DatabaseManager offers by id alone. Returned rows are usable after their session is gone."""

    @abstractmethod
    def read_now(self, work: Callable[[Session], T], /) -> T:
        """Runs `work(session)` read-only."""

    @abstractmethod
    def write_now(self, work: Callable[[Session], T], /, *, keys: Collection[str] = ()) -> T:
        """Runs `work(session)` in one transaction."""

    def create_conversation(
        self,
        user_id: str,
        title: str | None = None,
        metadata: dict[str, Any] | None = None,
        *,
        conversation_id: str | None = None,
    ) -> Conversation:
        """A new conversation of a user."""
        scope = Scope(TENANT, user_id)
        return self.write_now(
            lambda session: conversations.begin(
                session, scope, conversation_id=conversation_id, title=title, metadata=metadata
            )
        )

    def get_conversation(self, conversation_id: str) -> Conversation:
        """The conversation with its messages; NotFound where there is none."""
        return self.read_now(
            lambda session: conversations.get(
                session, _owner(session, conversation_id), conversation_id, with_messages=True
            )
        )

    def add_message(
        self,
        conversation_id: str,
        content: str,
        role: str = "user",
        *,
        embedding: Sequence[float] | None = None,
        token_count: int | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        client_id: str | None = None,
        at: datetime | None = None,
    ) -> Message:
        """Stores a message after the last one; the same client id again gives the message that is there."""
        new = messages.NewMessage(
            content,
            role,
            name,
            client_id,
            at,
            metadata or {},
            token_count,
            embedding,
            "given" if embedding is not None else None,
        )

        def work(session: Session) -> Message:
            scope = _owner(session, conversation_id)
            return messages.add(session, conversations.locked(session, scope, conversation_id), new)[0]

        return self.write_now(work, keys=[f"conversation_id:{conversation_id}"])

    def get_conversation_messages(self, conversation_id: str, limit: int = 50) -> list[Message]:
        """The newest messages of a conversation, in order."""
        return self.read_now(
            lambda session: messages.newest(
                session, _owner(session, conversation_id), conversation_id, limit=limit
            )
        )

    def search_memories(
        self,
        user_id: str,
        query_embedding: Sequence[float] | None = None,
        category: str | None = None,
        limit: int = 10,
    ) -> list[MemoryIndex]:
        """The user's memories by likeness to a vector, or by importance without one."""
        scope = Scope(TENANT, user_id)
        if query_embedding is None:
            return self.read_now(
                lambda session: memories.listed(session, scope, category=category, limit=limit)
            )
        vector = list(query_embedding)
        return self.read_now(lambda session: nearest(session, scope, vector, category=category, limit=limit))

    def update_user_preference(self, user_id: str, key: str, value: Any, category: str = "general") -> None:
        """States a preference of a user."""
        self.write_now(
            lambda session: preferences.put(session, Scope(TENANT, user_id), key, value, category=category),
            keys=[f"user_id:{user_id}"],
        )

    def get_user_preferences(self, user_id: str) -> dict[str, Any]:
        """The user's preferences as key and value; empty for an unknown user."""
        rows = self.read_now(lambda session: preferences.listed(session, Scope(TENANT, user_id)))
        return {row.key: row.value for row in rows}

    def create_context_window(
        self,
        conversation_id: str,
        messages: Sequence[str] = (),
        summary: str | None = None,
        token_count: int = 0,
    ) -> ContextWindow:
        """A new active window over these message ids."""

        def work(session: Session) -> ContextWindow:
            conversation = conversations.get(session, _owner(session, conversation_id), conversation_id)
            return context_windows.slide(
                session, conversation, messages, summary=summary, token_count=token_count
            )

        return self.write_now(work, keys=[f"conversation_id:{conversation_id}"])

    def get_active_context(self, conversation_id: str) -> ContextWindow | None:
        """The window that holds now."""
        return self.read_now(
            lambda session: context_windows.active(session, _owner(session, conversation_id), conversation_id)
        )

    def get_conversation_stats(self, user_id: str) -> dict[str, Any]:
        """`total`, `avg_messages`, `active` and more; zeros for an unknown user."""
        return self.read_now(lambda session: statistics.of_conversations(session, Scope(TENANT, user_id)))

    def get_memory_stats(self, user_id: str) -> dict[str, Any]:
        """`total` and `categories`."""
        return self.read_now(lambda session: statistics.of_memories(session, Scope(TENANT, user_id)))

    def cleanup_old_conversations(self, days: float = 30) -> int:
        """Archives all conversations not touched for that many days and says how many; messages stay."""
        return self.write_now(lambda session: conversations.archive_older_than(session, TENANT, days))


def _owner(session: Session, conversation_id: str) -> Scope:
    """Whose conversation it is, in the tenant `default`."""
    check_id("conversation_id", conversation_id)
    query = select(Conversation.user_id).where(
        Conversation.tenant_id == TENANT, Conversation.id == conversation_id
    )
    users = session.scalars(query.limit(2)).all()
    if len(users) != 1:
        why = "no conversation has" if not users else "conversations of several users have"
        raise NotFound(f"{why} the id {conversation_id!r}; go through the repositories with a Scope")
    return Scope(TENANT, users[0])
