"""Answers with tools in a conversation, and keeps a record of every call."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from sqlalchemy.orm import Session

from ...models.repositories import conversations, tool_executions
from .inputs import InConversation
from .response_generation import Ending
from .tool_loop import ToolLoopNode


class RecordedToolLoopNode(ToolLoopNode):
    """A tool loop whose calls are stored in `tool_executions`, each with its receipt, in the step's own transaction.

    The reply's metadata then has the ids of those records, so that what a tool was given and gave is kept once, and
    goes when it is forgotten.
    """

    name = "tool_loop"
    locks = ("conversation_id",)

    class Inputs(InConversation, ToolLoopNode.Inputs):
        @property
        def turn(self) -> str:
            """The message whose turn it is."""
            if self.message_id is None:
                raise ValueError(
                    "RecordedToolLoopNode stores calls by their message, and `message_id` is None; let "
                    "ConversationInitNode store the message first, or use ToolLoopNode"
                )
            return self.message_id

    def post(  # type: ignore[override]
        self,
        state: MutableMapping[str, Any],
        inputs: Inputs,
        outputs: ToolLoopNode.Outputs,
        *,
        session: Session,
    ) -> Ending | None:
        conversation = conversations.locked(session, inputs.scope, inputs.conversation_id)
        tool_executions.record(session, conversation, inputs.turn, outputs.tool_calls)
        told = [
            {"execution": one.execution, "tool": one.call.tool, "status": one.status, "rule": one.rule}
            for one in outputs.tool_calls
        ]
        state["reply_metadata"] = {**outputs.reply_metadata, "tool_calls": told}
        return super().post(state, inputs, outputs)
