"""Turns in the midst of which a process died are taken up by the next one, without anybody asking for it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from ..models import DatabaseManager, Scope
from ..models.base import now
from ..models.repositories import turns
from ..models.turn import answering
from ..nodes.conversation.preference_update import learn_late
from ..nodes.conversation.session_recovery import RecoveredSession
from ..services import Embedder, LanguageModel
from .session_recovery import create_session_recovery_workflow

WITHIN: Final = timedelta(hours=24)
"""What was said longer ago is answered only where somebody asks for it."""

logger = logging.getLogger("turngraph")


async def take_up(
    db: DatabaseManager, scope: Scope, llm: LanguageModel | None = None, embedder: Embedder | None = None
) -> list[RecoveredSession]:
    """Answers a user's messages whose turns nobody goes on with; a message that fails now is tried no more by itself."""
    if not await db.read(lambda session: turns.left(session, scope)):
        return []
    keys = [f"user_id:{scope.user}"]
    async with answering(db) as token:

        def taken(session: Session) -> list[str]:
            for message in turns.stored(session, scope):
                learn_late(session, scope, message.id, message.content)
            return turns.take(session, scope, token, since=now() - WITHIN)

        ids = await db.write(taken, keys=keys)
        if not ids:
            return []
        recovery = create_session_recovery_workflow(db, llm=llm, embedder=embedder)
        given = {"user_id": scope.user, "tenant_id": scope.tenant, "only": ids, "turn": token}
        try:
            return list((await recovery.run(given, scope=scope))["recovered_sessions"])
        except Exception as error:  # what was said before must not keep anybody from talking now
            logger.warning("answering what was cut off before: %s: %s", type(error).__name__, error)
            await db.write(lambda session: _ended(session, scope, ids), keys=keys)
            return []


def _ended(session: Session, scope: Scope, ids: list[str]) -> None:
    for id_ in ids:
        turns.done(session, scope, id_)
