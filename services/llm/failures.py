"""Which of our errors is a failure of the anthropic SDK, and is it worth another try?"""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime
from typing import Any

from ..errors import ClaudeAPIError, ModelRejected, ModelReplyInvalid, ModelUnavailable

LONGEST_WAIT = 60.0
"""A server that asks for more patience than this is given up on: the caller decides."""

_PASSING = frozenset(("overloaded_error", "api_error", "rate_limit_error", "timeout_error"))
_MENDS = {
    400: "The request is malformed or too long: shorten it, or check the model's name.",
    401: "The key is wrong: check ANTHROPIC_API_KEY.",
    402: "The account cannot pay: add credit.",
    403: "The key may not use this model: check its permissions.",
    404: "There is no such model or address: check ANTHROPIC_MODEL and ANTHROPIC_BASE_URL.",
    413: "The request is too large: lower TURNGRAPH_MAX_CONTEXT.",
}


def failure(error: Exception, *, provider: str, model: str, attempt: int, secret: str = "") -> ClaudeAPIError:
    """The error of ours that a failure of the SDK stands for; it never holds the key."""
    import anthropic
    import httpx2
    import pydantic

    def made(
        kind: type[ClaudeAPIError], text: str, *, status: int | None = None, again: bool = False
    ) -> ClaudeAPIError:
        if secret:
            text = text.replace(secret, "***")
        where = f"{provider}:{model}"
        return kind(
            f"{where}: {text}",
            provider=provider,
            model=model,
            status=status,
            attempts=attempt,
            retryable=again,
        )

    if isinstance(error, ClaudeAPIError):
        error.attempts = max(error.attempts, attempt)
        return error
    if isinstance(error, anthropic.APITimeoutError | TimeoutError | httpx2.TimeoutException):
        return made(
            ModelUnavailable, "no answer within the timeout. Try again, or raise timeout=.", again=True
        )
    if isinstance(error, anthropic.APIStatusError):
        return _of_status(error, made)
    if isinstance(error, anthropic.APIConnectionError | httpx2.TransportError | ConnectionError):
        said = f"cannot be reached ({type(error.__cause__ or error).__name__}). Check the network and ANTHROPIC_BASE_URL."
        return made(ModelUnavailable, said, again=True)
    if isinstance(error, pydantic.ValidationError | anthropic.APIResponseValidationError | ValueError):
        return made(
            ModelReplyInvalid, f"the reply has not the form that was asked for ({type(error).__name__})."
        )
    if isinstance(error, anthropic.AnthropicError):
        return made(ModelReplyInvalid, f"{type(error).__name__}: {_short(str(error))}")
    return made(ClaudeAPIError, f"{type(error).__name__}: {_short(str(error))}")


def _of_status(error: Any, made: Any) -> ClaudeAPIError:
    status: int = error.status_code
    kind, said = _told(error)
    text = f"status {status}" + (f", {kind}" if kind else "") + (f": {_short(said)}" if said else ".")
    # Overload in the middle of a stream comes as an error event under status 200.
    passing = status in (408, 409, 429) or status >= 500 or (status < 400 and kind in _PASSING)
    if not passing:
        unusable = status < 400
        mend = _MENDS.get(status, "")
        result: ClaudeAPIError = made(
            ModelReplyInvalid if unusable else ModelRejected, f"{text} {mend}".strip(), status=status
        )
        return result
    patience = retry_after(error)
    again = patience is None or patience <= LONGEST_WAIT
    found: ClaudeAPIError = made(ModelUnavailable, f"{text} Try again later.", status=status, again=again)
    found.__dict__["retry_after"] = patience
    return found


def _told(error: Any) -> tuple[str, str]:
    body = error.body
    inner = body.get("error") if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        return "", ""
    return str(inner.get("type") or ""), str(inner.get("message") or "")


def retry_after(error: Any) -> float | None:
    """How many seconds the server asks to be left alone, if it says."""
    headers = error.response.headers
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        value = headers.get("retry-after")
        return max(0.0, float(value)) if value else None
    except ValueError:
        pass
    try:
        from datetime import UTC, datetime

        return max(0.0, (parsedate_to_datetime(headers["retry-after"]) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, KeyError):
        return None


def wait_seconds(error: BaseException | None, attempt: int, backoff: float) -> float:
    """How long to wait before the next attempt: doubling, with jitter, and never less than the server asked for."""
    doubled = min(LONGEST_WAIT, backoff * 2.0 ** (attempt - 1))
    asked = getattr(error, "retry_after", None) or 0.0
    return max(float(asked), doubled * random.uniform(0.75, 1.0))


def _short(text: str) -> str:
    line = " ".join(text[:1_000].split())
    return line if len(line) <= 300 else line[:300] + " …"
