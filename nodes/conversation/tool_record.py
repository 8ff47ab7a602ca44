"""Answers with tools in a conversation, and keeps a record of every call."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from sqlalchemy.orm import Session

from ...models.repositories import conversations, tool_executions
from .inputs import InConversation
from .response_generation import Ending
from .tool_loop import ToolLoopNode


class _Turn(InConversation):
    """Where calls are recorded: at the message whose turn it is."""

    message_id: str

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> _Turn:
        """What the state says of it; ValidationError where that is not enough."""
        return cls.model_validate({name: state[name] for name in cls.model_fields if name in state})


class RecordedToolLoopNode(ToolLoopNode):
    """A tool loop whose calls are stored in `tool_executions`, each with its receipt, in the step's own transaction.

    It needs `user_id`, `conversation_id` and `message_id`, as `ConversationInitNode` writes them. The reply's metadata
    has the ids of the records, so that what a tool was given and gave is kept once, and goes when it is forgotten.
    """

    name = "tool_loop"
    locks = ("conversation_id",)

    def prep(self, state: Mapping[str, Any], *, inputs: ToolLoopNode.Inputs) -> ToolLoopNode.Inputs:
        _Turn.of(state)  # now, and not when calls were made that nobody can record
        return inputs

    def post(  # type: ignore[override]
        self,
        state: MutableMapping[str, Any],
        inputs: ToolLoopNode.Inputs,
        outputs: ToolLoopNode.Outputs,
        *,
        session: Session,
    ) -> Ending | None:
        turn = _Turn.of(state)
        conversation = conversations.locked(session, turn.scope, turn.conversation_id)
        tool_executions.record(session, conversation, turn.message_id, outputs.tool_calls)
        told = [
            {"execution": one.execution, "tool": one.call.tool, "status": one.status, "rule": one.rule}
            for one in outputs.tool_calls
        ]
        state["reply_metadata"] = {**outputs.reply_metadata, "tool_calls": told}
        return super().post(state, inputs, outputs)
