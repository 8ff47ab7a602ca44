"""Which of our errors is a failure of a provider's SDK, is it worth another try, and did the provider work for it?

Both SDKs have the same errors under the same names; `sdk` is the module of the one that was used.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ..errors import ClaudeAPIError, ModelRefused, ModelRejected, ModelReplyInvalid, ModelUnavailable

LONGEST_WAIT = 60.0
"""A server that asks for more patience than this is given up on: the caller decides."""

_PASSING = ("overload", "api_error", "rate_limit", "timeout", "server_error", "unavailable", "internal")
_NO_FORM = (ValueError, AttributeError, TypeError, LookupError, RecursionError)
"""What reading a reply of another form than expected ends in."""
_PERHAPS_DONE = frozenset((408, 502, 504, 520, 524))
"""What a gateway says when it lost the server behind it, which may have done the work."""
_MENDS = {
    400: "The request is malformed or too long: shorten it, or check the model's name.",
    401: "The key is wrong: check {key}.",
    402: "The account cannot pay: add credit.",
    403: "The key may not use this model: check its permissions.",
    404: "There is no such model or address: check {model} and {base_url}.",
    413: "The request is too large: lower TURNGRAPH_MAX_CONTEXT.",
    429: "The account's quota is used up: add credit.",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What an error calls the provider, and the variables that mend it."""

    provider: str
    model: str
    key: str = ""
    model_variable: str = ""
    base_url: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of ours, and whether the provider surely did no work for it."""

    error: ClaudeAPIError
    idle: bool = False


def failure(error: Exception, names: Names, sdk: Any) -> Failure:
    """The error of ours that a failure of the SDK stands for; it never holds the key."""
    import httpx2
    import pydantic

    made = _Made(names)
    cause = error.__cause__
    if isinstance(cause, ClaudeAPIError):
        error = cause
    if isinstance(error, ClaudeAPIError):
        return Failure(made.own(error))
    if isinstance(error, sdk.APIStatusError):
        return _of_status(error, made)
    idle = isinstance(cause if cause is not None else error, _never_sent(httpx2))
    if isinstance(error, sdk.APITimeoutError | TimeoutError | httpx2.TimeoutException):
        said = "no answer within the timeout. Try again, or raise timeout=."
        return Failure(made(ModelUnavailable, said, again=True), idle)
    if isinstance(error, sdk.APIConnectionError | httpx2.TransportError | ConnectionError):
        kind = type(cause or error).__name__
        said = f"the connection broke ({kind}). Try again later."
        if idle:
            said = f"cannot be reached ({kind}). Check the network and {names.base_url or 'the base URL'}."
        return Failure(made(ModelUnavailable, said, again=True), idle)
    if isinstance(error, (pydantic.ValidationError, sdk.APIResponseValidationError, *_NO_FORM)):
        said = f"the reply has not the form that was asked for ({type(error).__name__})."
        return Failure(made(ModelReplyInvalid, said))
    if isinstance(error, sdk.APIError):
        return _of_event(error, made)
    return Failure(made(ClaudeAPIError, f"{type(error).__name__}: {_short(str(error))}"))


class _Made:
    """Makes errors that name the provider and hide the key."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def __call__(
        self, kind: type[ClaudeAPIError], text: str, *, status: int | None = None, again: bool = False
    ) -> ClaudeAPIError:
        names = self.names
        if names.secret:
            text = text.replace(names.secret, "***")
        return kind(
            f"{names.provider}:{names.model}: {text}",
            provider=names.provider,
            model=names.model,
            status=status,
            retryable=again,
        )

    def own(self, error: ClaudeAPIError) -> ClaudeAPIError:
        if error.model:
            return error
        return self(type(error), str(error), status=error.status, again=error.retryable)

    def mend(self, status: int) -> str:
        names = self.names
        said = _MENDS.get(status, "")
        return said.format(
            key=names.key or "the key",
            model=names.model_variable or "the model",
            base_url=names.base_url or "the base URL",
        )


def _never_sent(httpx: Any) -> tuple[type[Exception], ...]:
    return (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
        httpx.LocalProtocolError,
    )


def _of_status(error: Any, made: _Made) -> Failure:
    status: int = error.status_code
    if status < 300:
        return _of_event(error, made)
    idle = status not in _PERHAPS_DONE
    kind, said = _told(error)
    text = _text(f"status {status}", kind, said)
    if "content_filter" in kind:
        return Failure(made(ModelRefused, f"{text} Put the request differently.", status=status), idle)
    broke = status == 429 and ("quota" in kind or "billing" in kind)
    if broke or not (status in (408, 409, 429) or status >= 500):
        return Failure(made(ModelRejected, f"{text} {made.mend(status)}".strip(), status=status), idle)
    patience = retry_after(error)
    again = patience is None or patience <= LONGEST_WAIT
    found = made(ModelUnavailable, f"{text} Try again later.", status=status, again=again)
    found.__dict__["retry_after"] = patience
    return Failure(found, idle)


def _of_event(error: Any, made: _Made) -> Failure:
    """An error in the middle of a stream whose status said that all was well."""
    kind, said = _told(error)
    text = _text("status 200", kind, said or str(error))
    code = int(kind) if kind.isdigit() else 0
    if code in (408, 409, 429) or code >= 500 or any(word in kind for word in _PASSING):
        return Failure(made(ModelUnavailable, f"{text} Try again later.", status=200, again=True))
    return Failure(made(ModelReplyInvalid, text, status=200))


def _text(status: str, kind: str, said: str) -> str:
    return status + (f", {kind}" if kind else "") + (f": {_short(said)}" if said else ".")


def _told(error: Any) -> tuple[str, str]:
    """The kind of the error and its message: one SDK keeps the whole body, the other what stands under "error"."""
    body = error.body
    inner = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        return "", ""
    kinds = [str(inner.get(key) or "") for key in ("code", "type")]
    kind = next((kind for kind in kinds if kind and kind != "error"), "")
    return kind[:80], str(inner.get("message") or "")


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
        return max(0.0, (parsedate_to_datetime(headers["retry-after"]) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, KeyError):
        return None


def wait_seconds(error: BaseException | None, attempt: int, backoff: float) -> float:
    """How long to wait before the next attempt: doubling, with jitter, and never less than the server asked for."""
    doubled = min(LONGEST_WAIT, backoff * 2.0 ** (attempt - 1))
    asked = float(getattr(error, "retry_after", None) or 0.0)
    return max(asked * random.uniform(1.0, 1.1), doubled * random.uniform(0.75, 1.0))


def _short(text: str) -> str:
    line = " ".join(text[:1_000].split())
    return line if len(line) <= 300 else line[:300] + " …"
