"""Labels a stored conversation: intent, sentiment, topic."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from ...engine import Node
from ...models import ConversationLabel
from ...models.base import now
from ...models.repositories import conversations
from ...services import LanguageModel, Usage
from ...services.llm.label import label
from .stored import StoredConversation, Whole, read


class LabelConversationNode(Node):
    """Writes a conversation's labels into the table `conversation_labels`; labelled again, it is written anew."""

    name = "label_conversation"
    locks = ("conversation_id",)
    Inputs = StoredConversation

    class Outputs(BaseModel):
        intent: str = ""
        sentiment: str = ""
        topic: str = ""
        token_usage: Usage = Usage()
        skipped: str | None = None

    def prep(self, state: Any, *, inputs: StoredConversation, session: Session) -> Whole:
        return read(session, inputs)

    async def exec(self, whole: Whole, *, llm: LanguageModel) -> Outputs:
        if not any(turn.role == "user" for turn in whole.turns):
            return self.Outputs(skipped="nobody says anything in it")
        labels, usage = await label(llm, whole.turns)
        return self.Outputs(**labels.model_dump(), token_usage=usage)

    def post(
        self,
        state: MutableMapping[str, Any],
        whole: Whole,
        outputs: Outputs,
        *,
        session: Session,
        llm: LanguageModel,
    ) -> None:
        if outputs.skipped is not None:
            return
        scope, id_ = whole.inputs.scope, whole.inputs.conversation_id
        conversations.locked(session, scope, id_)
        row = session.get(ConversationLabel, (scope.tenant, scope.user, id_))
        if row is None:
            row = ConversationLabel(tenant_id=scope.tenant, user_id=scope.user, conversation_id=id_)
            session.add(row)
        row.intent, row.sentiment, row.topic = outputs.intent, outputs.sentiment, outputs.topic
        row.labelled_by, row.labelled_at = llm.name[:200], now()
