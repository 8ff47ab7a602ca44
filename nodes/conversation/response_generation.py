"""Lets the model answer."""

from __future__ import annotations

import logging
from typing import Any, Literal

from pydantic import BaseModel

from ...engine import Context, Node
from ...services import ClaudeAPIError, LanguageModel, Prompt, Reply, Usage

logger = logging.getLogger("turngraph")

FAILED = (
    "I could not produce an answer just now, because the language model did not respond. "
    "Your message is stored; send it again, or recover the conversation later, and it will be answered."
)


class ResponseGenerationNode(Node):
    """Streams the model's answer. When it fails for good the action is `failed`, and the reply says so honestly."""

    name = "response_generation"

    class Inputs(BaseModel):
        built_context: Prompt

    class Outputs(BaseModel):
        response: str
        generation_success: bool
        model: str
        token_usage: Usage
        stop_reason: str
        sources: list[str]
        reply_metadata: dict[str, Any]

    def __init__(self, max_tokens: int = 1024, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.max_tokens = max_tokens

    async def exec(self, inputs: Inputs, *, llm: LanguageModel, context: Context) -> Outputs:
        reply: Reply | None = None
        async for piece in llm.stream(inputs.built_context, max_tokens=self.max_tokens):
            if isinstance(piece, Reply):
                reply = piece
            else:
                context.token(piece)
        if reply is None or not reply.text.strip():
            raise ClaudeAPIError(f"{llm.name} gave an empty reply")
        return self.Outputs(
            response=reply.text,
            generation_success=True,
            model=f"{reply.provider}:{reply.model}",
            token_usage=reply.usage,
            stop_reason=reply.stop_reason,
            sources=reply.sources,
            reply_metadata=reply.metadata,
        )

    def fallback(self, inputs: Inputs, error: Exception) -> Outputs:
        if not isinstance(error, ClaudeAPIError):
            raise error
        logger.warning("generation failed for good: %s", type(error).__name__)
        return self.Outputs(
            response=FAILED,
            generation_success=False,
            model="none",
            token_usage=Usage(),
            stop_reason="failed",
            sources=[],
            reply_metadata={"error": type(error).__name__, "reason": str(error)},
        )

    def post(self, state: Any, inputs: Inputs, outputs: Outputs) -> Literal["failed"] | None:
        return None if outputs.generation_success else "failed"
