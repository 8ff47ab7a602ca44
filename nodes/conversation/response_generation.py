"""Lets the model answer."""

from __future__ import annotations

import logging
from typing import Any, Literal

from pydantic import BaseModel

from ...engine import Context, Node
from ...services import (
    BudgetExceeded,
    ClaudeAPIError,
    LanguageModel,
    ModelRefused,
    Prompt,
    RateLimited,
    Reply,
    Usage,
    charged,
)
from .inputs import OnAccount, account

logger = logging.getLogger("turngraph")

FAILED = (
    "I could not produce an answer just now, because the language model did not respond. "
    "Your message is stored; send it again, or recover the conversation later, and it will be answered."
)
BUSY = (
    "I did not ask the language model just now, because too many calls are being made already. "
    "Your message is stored; send it again in a moment, and it will be answered."
)
OVER_BUDGET = (
    "I did not ask the language model, because the answer could have cost more than the budget has left. "
    "Your message is stored; recover the conversation when there is budget again, and it will be answered."
)
REFUSED = "The language model declined to answer this message. Put it differently, and I will ask again."
TRUNCATED = "(This answer ends here because it reached its limit of length. Ask me to go on.)"

CUT = ("max_tokens", "model_context_window_exceeded")
_NO_ANSWER: tuple[tuple[type[ClaudeAPIError], str, str], ...] = (
    (ModelRefused, "refused", REFUSED),
    (BudgetExceeded, "over_budget", OVER_BUDGET),
    (RateLimited, "failed", BUSY),
    (ClaudeAPIError, "failed", FAILED),
)

Ending = Literal["failed", "refused", "over_budget", "truncated"]


class ResponseGenerationNode(Node):
    """Streams the model's answer.

    The action is `truncated` where the answer reached its limit of length, `refused` where the model declined,
    `over_budget` where the call was not made because of what it could cost, and `failed` where there is no answer for
    another reason. Each time the reply says so honestly.
    """

    name = "response_generation"

    class Inputs(OnAccount):
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
        model = charged(llm, account(inputs, context))
        async for piece in model.stream(inputs.built_context, max_tokens=self.max_tokens):
            if isinstance(piece, Reply):
                reply = piece
            else:
                context.token(piece)
        cut = reply is not None and reply.stop_reason in CUT
        if reply is None or not (cut or reply.text.strip()):
            raise ClaudeAPIError(f"{llm.name} gave an empty reply")
        text = reply.text
        if cut:
            note = f"\n\n{TRUNCATED}" if text.strip() else TRUNCATED
            context.token(note)
            text += note
        return self.Outputs(
            response=text,
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
        ending, text = no_answer(error)
        return self.Outputs(
            response=text,
            generation_success=False,
            model="none",
            token_usage=Usage(),
            stop_reason=ending,
            sources=[],
            reply_metadata={"error": type(error).__name__, "reason": str(error)},
        )

    def post(self, state: Any, inputs: Inputs, outputs: Outputs) -> Ending | None:
        if outputs.stop_reason in CUT:
            return "truncated"
        if outputs.generation_success:
            return None
        return (
            "refused"
            if outputs.stop_reason == "refused"
            else "over_budget"
            if outputs.stop_reason == "over_budget"
            else "failed"
        )


def no_answer(error: ClaudeAPIError) -> tuple[str, str]:
    """The action where a model gave no answer, and what the user is told."""
    return next((ending, text) for kind, ending, text in _NO_ANSWER if isinstance(error, kind))
