"""Lets the model answer with tools, as far as the user of this turn allows."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence

from pydantic import Field

from ...engine import Context
from ...services import ClaudeAPIError, LanguageModel, Usage, charged
from ...services.tools import (
    Allowance,
    Asking,
    Call,
    Grant,
    Outcome,
    Piece,
    Situation,
    Sources,
    Toolbox,
    ToolModel,
    decide,
    notice,
    pieces,
    run_tool,
)
from .inputs import ConversationInputs, MessageText, account
from .response_generation import CUT, TRUNCATED, ResponseGenerationNode, no_answer

logger = logging.getLogger("turngraph")

MOST_CALLS = 16
"""Calls of one reply that are looked at."""


class ToolTurn(ConversationInputs):
    """One message of a user, and what they granted with it; each grant names the message's id, or its `client_id`."""

    grants: list[Grant] = Field(default_factory=list)


class ToolLoopNode(ResponseGenerationNode):
    """Asks the model, makes the calls that are allowed, and asks again, until it replies.

    `tools` names what this node grants; nothing else can be called. `trusts_memory` names those of them that what
    is remembered may cause and fill in. Every call is in `tool_calls` and in the reply's metadata, and is emitted as an
    event: the Outcome, and before it, where the call is made, ToolStarted, ToolProgress and ToolFinished. Where it was
    refused the reply says so. A call that was refused earlier in the turn and is granted now is made first.
    """

    name = "tool_loop"
    recorded = True
    tools: tuple[str, ...] = ()
    trusts_memory: tuple[str, ...] = ()

    class Inputs(ResponseGenerationNode.Inputs):
        current_message: MessageText
        message_id: str | None = None
        client_id: str | None = None
        grants: list[Grant] = Field(default_factory=list)
        tool_calls: list[Outcome] = Field(default_factory=list)

    class Outputs(ResponseGenerationNode.Outputs):
        tool_calls: list[Outcome] = Field(default_factory=list)

    def __init__(
        self,
        tools: Sequence[str] | None = None,
        trusts_memory: Sequence[str] | None = None,
        max_rounds: int = 8,
        max_tokens: int = 1024,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(max_tokens, name=name)
        self.tools = _names("tools", self.tools if tools is None else tools)
        self.trusts_memory = _names(
            "trusts_memory", self.trusts_memory if trusts_memory is None else trusts_memory
        )
        if foreign := sorted(set(self.trusts_memory) - set(self.tools)):
            raise ValueError(
                f"trusts_memory names {', '.join(foreign)}, which the node does not grant; its tools are "
                f"{', '.join(self.tools) or 'none'}"
            )
        self.max_rounds = max_rounds

    async def exec(  # type: ignore[override]
        self, inputs: Inputs, *, llm: LanguageModel, toolbox: Toolbox, context: Context
    ) -> Outputs:
        model = charged(llm, account(inputs, context))
        turn = _Turn(self, inputs, _able(model), toolbox, context)
        return await turn.take()


class _Turn:
    """One turn of one conversation, while it is answered."""

    def __init__(
        self,
        node: ToolLoopNode,
        inputs: ToolLoopNode.Inputs,
        llm: ToolModel,
        toolbox: Toolbox,
        context: Context,
    ) -> None:
        self.node, self.inputs, self.llm, self.context = node, inputs, llm, context
        self.tools = toolbox.granted(node.tools)
        self.allowance = Allowance.of(
            inputs.current_message, inputs.grants, (inputs.message_id, inputs.client_id)
        )
        self.read = pieces(inputs.built_context, inputs.current_message)
        self.sources = Sources(self.read)
        # Without a message's id two turns cannot be told apart, and what was done before counts for nothing.
        self.done = [
            outcome
            for outcome in inputs.tool_calls
            if inputs.message_id is not None and outcome.turn == inputs.message_id
        ]
        self.usage = Usage()

    async def take(self) -> ToolLoopNode.Outputs:
        waiting = [outcome for outcome in self.done if not outcome.allowed]
        for outcome in waiting:
            if await self._confirmed(outcome):
                self.done.remove(outcome)
        reply: Asking | None = None
        try:
            for _ in range(self.node.max_rounds):
                reply = await self.llm.step(
                    self.inputs.built_context,
                    list(self.tools.values()),
                    list(self.done),
                    max_tokens=self.node.max_tokens,
                )
                self._count(reply.usage)
                if not reply.calls:
                    break
                for call in reply.calls[:MOST_CALLS]:
                    await self._call(call)
        except ClaudeAPIError as error:
            if not self.done:
                raise
            # What was done is done: the answer is missing, its record must not be.
            logger.warning("generation failed after a tool call: %s", type(error).__name__)
            return self._outputs(no_answer(error)[1], reply, error)
        if reply is None or not (reply.text.strip() or self.done or reply.stop_reason in CUT):
            raise ClaudeAPIError(f"{self.llm.name} gave an empty reply")
        return self._outputs(reply.text, reply, None)

    async def _confirmed(self, outcome: Outcome) -> bool:
        decision = decide(outcome.call, self._situation())
        if decision.outcome.rule != "granted":
            return False
        await self._call(outcome.call)
        return True

    async def _call(self, call: Call) -> None:
        decision = decide(call, self._situation())
        outcome = decision.outcome
        if decision.tool is not None and decision.arguments is not None:
            key = self._key(outcome.call)
            ended = await run_tool(
                decision.tool, decision.arguments, key, outcome.execution, self.context.emit
            )
            outcome.came_to(ended, key)
            self.read.append(Piece("tool", outcome.told()))
            self.sources = Sources(self.read)
        self.done.append(outcome)
        self.context.emit(outcome)

    def _situation(self) -> Situation:
        return Situation(
            tools=self.tools,
            allowance=self.allowance,
            sources=self.sources,
            done=self.done,
            trusts_memory=self.node.trusts_memory,
            turn=self.inputs.message_id,
        )

    def _key(self, call: Call) -> str:
        """Equal for the same call on every attempt of this turn, also when the node is visited again."""
        said = json.dumps([call.tool, call.arguments], sort_keys=True)
        digest = hashlib.sha256(said.encode()).hexdigest()[:16]
        return f"{self.inputs.message_id or self.context.idempotency_key}/{call.tool}/{digest}"

    def _count(self, usage: Usage) -> None:
        self.usage = Usage(
            input_tokens=self.usage.input_tokens + usage.input_tokens,
            output_tokens=self.usage.output_tokens + usage.output_tokens,
            cache_read_tokens=self.usage.cache_read_tokens + usage.cache_read_tokens,
            cache_write_tokens=self.usage.cache_write_tokens + usage.cache_write_tokens,
            estimated=self.usage.estimated or usage.estimated,
        )

    def _outputs(self, text: str, reply: Asking | None, error: ClaudeAPIError | None) -> ToolLoopNode.Outputs:
        stop_reason = no_answer(error)[0] if error else reply.stop_reason if reply else "end_turn"
        cut = TRUNCATED if stop_reason in CUT else ""
        text = "\n\n".join(part for part in (text.strip(), cut, notice(self.done)) if part)
        if error is None and reply is not None and reply.calls:
            stop_reason = "tool_rounds"
            text = text or "I stopped, because the tools were asked for again and again."
        text = text or "Done."
        self.context.token(text)
        metadata = dict(reply.metadata) if reply is not None else {}
        metadata["tool_calls"] = [outcome.model_dump(mode="json") for outcome in self.done]
        if error is not None:
            metadata |= {"error": type(error).__name__, "reason": str(error)}
        return self.node.Outputs(
            response=text,
            generation_success=error is None,
            model=f"{reply.provider}:{reply.model}" if reply is not None else "none",
            token_usage=self.usage,
            stop_reason=stop_reason,
            sources=reply.sources if reply is not None else [],
            reply_metadata=metadata,
            tool_calls=self.done,
        )


def _able(llm: LanguageModel) -> ToolModel:
    if not isinstance(llm, ToolModel):
        raise TypeError(
            f"expected a language model that can ask for tools (one with `step`), found {llm.name}; bind one: "
            "graph.bind(llm=...), or use ResponseGenerationNode where there are no tools"
        )
    return llm


def _names(what: str, given: Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise ValueError(f'{what} is a list of names such as ["{given}"], not the text {given!r}')
    return tuple(given)
