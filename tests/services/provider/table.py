"""Which behaviours of a provider are there, and what has to come of each?

The rows hold for both dialects. `mode` says whether the answer is streamed, asked for at once, or either. `endings` is what
the books are told of each attempt; `waits` the least seconds of each wait between attempts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

from turngraph.services import (
    ClaudeAPIError,
    ModelRefused,
    ModelRejected,
    ModelReplyInvalid,
    ModelUnavailable,
)

from .does import Does, fails
from .gates import Ending

Mode = Literal["either", "stream", "whole"]


@dataclass(frozen=True)
class Row:
    """One behaviour and what comes of it."""

    name: str
    script: tuple[Does, ...]
    error: type[ClaudeAPIError] | None = None
    text: str = ""
    """What was shown, or the answer."""
    endings: tuple[Ending, ...] = ("settled",)
    waits: tuple[float, ...] = ()
    mode: Mode = "either"
    stop_reason: str = "end_turn"
    said: str = ""
    """What the error says."""
    timeout: float = 5.0
    deadline: float = 300.0
    largest: int = 100_000
    address: str | None = None
    """Another address than the server's."""


OK = Does()
ANSWER = "Biscuit."
THRICE = (0.75, 1.5)


def _passing(name: str, does: Does, ending: Ending, mode: Mode = "either", **more: object) -> Row:
    """A failure that may pass: asked three times, and given up."""
    row = {"error": ModelUnavailable, "endings": (ending,) * 3, "waits": THRICE, "mode": mode}
    return Row(name, (does,), **{**row, **more})  # type: ignore[arg-type]


def _final(name: str, does: Does, error: type[ClaudeAPIError], ending: Ending, **more: object) -> Row:
    """A failure that asking again does not mend."""
    return Row(name, (does,), **{"error": error, "endings": (ending,), **more})  # type: ignore[arg-type]


def _statuses() -> list[Row]:
    rejected = [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
    ]
    rows = [
        _final(f"status {status}", fails(status, kind), ModelRejected, "released", said=str(status))
        for status, kind in rejected
    ]
    passing: list[tuple[int, Ending]] = [
        (408, "uncertain"),
        (409, "released"),
        (429, "released"),
        (500, "released"),
        (502, "uncertain"),
        (503, "released"),
        (504, "uncertain"),
        (524, "uncertain"),
        (529, "released"),
    ]
    rows += [_passing(f"status {status}", fails(status), ending) for status, ending in passing]
    return rows


def _patience() -> list[Row]:
    def busy(**headers: Any) -> Does:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return fails(429, "rate_limit_error", headers=named)

    def later() -> str:
        return format_datetime(datetime.now(UTC) + timedelta(seconds=50), usegmt=True)

    return [
        _passing("429 asking for 7 seconds", busy(retry_after="7"), "released", waits=(7.0, 7.0)),
        _passing("429 asking for 2,500 ms", busy(retry_after_ms="2500"), "released", waits=(2.5, 2.5)),
        _passing("429 naming a time", busy(retry_after=later), "released", waits=(5.0, 5.0)),
        _passing("429 asking for nonsense", busy(retry_after="soon"), "released"),
        _final("429 asking for an hour", busy(retry_after="3600"), ModelUnavailable, "released"),
        _final("429 for an empty purse", fails(429, "insufficient_quota"), ModelRejected, "released"),
        _passing("503 asking for 4 seconds", fails(503, headers={"retry-after": "4"}), "released", waits=(4.0, 4.0)),
    ]  # fmt: skip


def _connections() -> list[Row]:
    return [
        _passing("nobody listens", OK, "released", address="http://127.0.0.1:1", said="ConnectError"),
        _passing("no such host", OK, "released", address="http://nobody.invalid", said="ConnectError"),
        _passing("reset before the answer", Does(instead="reset"), "uncertain"),
        _passing("closed before the answer", Does(instead="close"), "uncertain"),
        _passing("silent before the answer", Does(instead="hang"), "uncertain", timeout=0.4, said="timeout"),
        _passing("silent in the answer", Does(then="hang"), "uncertain", timeout=0.4, mode="whole"),
        _passing("cut in the answer", Does(then="cut"), "uncertain", mode="whole"),
        _passing("reset in the answer", Does(then="reset"), "uncertain", mode="whole"),
        _passing("silent before any text", Does(then="hang", after=0), "uncertain", "stream", timeout=0.4),
        _passing("cut before any text", Does(then="cut", after=0), "uncertain", "stream"),
        _passing("reset before any text", Does(then="reset", after=0), "uncertain", "stream"),
        _passing("stopped before any text", Does(then="stop", after=0), "uncertain", "stream"),
        *(
            _final(name, Does(then=then, after=1), ModelUnavailable, "uncertain", text="Bis", mode="stream", **more)  # type: ignore[arg-type]
            for name, then, more in (
                ("silent after a piece", "hang", {"timeout": 0.15}),
                ("cut after a piece", "cut", {}),
                ("reset after a piece", "reset", {}),
                ("stopped after a piece", "stop", {"said": "stopped before its end"}),
                ("overloaded after a piece", "error", {}),
            )
        ),
        _final("cut before the last event", Does(then="cut", after=2), ModelUnavailable, "uncertain", text=ANSWER, mode="stream"),
        _final("slower than the deadline", Does(instead="hang"), ModelUnavailable, "uncertain", deadline=1.0, said="deadline"),
        _final("dripping past the deadline", Does(between=5.0, pieces=("a",) * 9), ModelUnavailable, "uncertain",
               deadline=1.0, mode="stream", text="a", said="deadline"),
        Row("slow, and in time", (Does(delay=0.05, between=0.02),), text=ANSWER),
    ]  # fmt: skip


def _recoveries() -> list[Row]:
    return [
        Row("a good answer", (OK,), text=ANSWER),
        Row("overloaded once", (fails(529), OK), text=ANSWER, endings=("released", "settled"), waits=(0.75,)),
        Row(
            "429 and then 529",
            (fails(429, headers={"retry-after": "3"}), fails(529), OK),
            text=ANSWER,
            endings=("released", "released", "settled"),
            waits=(3.0, 1.5),
        ),
        Row("reset once", (Does(instead="reset"), OK), text=ANSWER, endings=("uncertain", "settled"), waits=(0.75,)),
        Row("overloaded before any text, then well", (Does(then="error", after=0, kind="overloaded_error"), OK), text=ANSWER,
            endings=("uncertain", "settled"), waits=(0.75,), mode="stream"),
        Row("stopped before any text, then well", (Does(then="stop", after=0), OK), text=ANSWER,
            endings=("uncertain", "settled"), waits=(0.75,), mode="stream"),
    ]  # fmt: skip


def _forms() -> list[Row]:
    def sends(body: bytes, kind: str = "application/json", **more: object) -> Does:
        return Does(body=body, content_type=kind, **more)  # type: ignore[arg-type]

    page = b"<html><title>Sign in</title></html>"
    odd = "Grüße, 日本 🐶 \u2028 e\u0301"
    return [
        _final("a page instead of JSON", sends(page, "text/html"), ModelReplyInvalid, "uncertain"),
        _final("a page that says it is JSON", sends(page), ModelReplyInvalid, "uncertain"),
        _final("half of the JSON", sends(b'{"id": "m", "conte'), ModelReplyInvalid, "uncertain"),
        _final("JSON of another form", sends(b'{"hello": [1]}'), ModelReplyInvalid, "uncertain"),
        _final("a list", sends(b"[1, 2]"), ModelReplyInvalid, "uncertain"),
        _final("null", sends(b"null"), ModelReplyInvalid, "uncertain"),
        _final("an empty body", sends(b""), ModelReplyInvalid, "uncertain"),
        _final("an event that is no JSON", sends(b'event: message_start\ndata: {"oops\n\n', "text/event-stream"),
               ModelReplyInvalid, "uncertain", mode="stream"),
        _final("an event with half a character", sends(b"event: x\ndata: \xff\xfe\n\n", "text/event-stream"),
               ModelReplyInvalid, "uncertain", mode="stream"),
        _passing("a stream without events", sends(b"", "text/event-stream"), "uncertain", mode="stream"),
        _final("an error of the request in a stream", Does(then="error", after=0, kind="invalid_request_error"),
               ModelReplyInvalid, "uncertain", mode="stream"),
        _final("a page with status 404", sends(page, "text/html", status=404), ModelRejected, "released"),
        _passing("a page with status 503", sends(page, "text/html", status=503), "released"),
        _final("moved elsewhere", fails(307, headers={"location": "http://127.0.0.1:1/"}), ModelRejected, "released"),
        Row("each byte on its own", (Does(pieces=("Grü", odd), bytewise=True),), text="Grü" + odd, mode="stream"),
        Row("characters of every kind", (Does(pieces=(odd,)),), text=odd),
        _final("a gigantic answer", Does(pieces=("x" * 300_000,)), ModelReplyInvalid, "uncertain", said="larger than"),
        _final("a gigantic error", sends(b"x" * 300_000, "text/html", status=400), ModelReplyInvalid, "uncertain"),
    ]  # fmt: skip


def _contents() -> list[Row]:
    return [
        Row("usage untold", (Does(tells=False),), text=ANSWER, endings=("uncertain",)),
        _final("nothing said", Does(pieces=()), ModelReplyInvalid, "settled", said="without any text"),
        _final("only spaces said", Does(pieces=(" ", "\n")), ModelReplyInvalid, "settled", text=" \n", mode="stream"),
        _final("refused", Does(pieces=(), stop_reason="refusal"), ModelRefused, "settled", said="declined"),
        _final("refused after a piece", Does(pieces=("I",), stop_reason="refusal"), ModelRefused, "settled", text="I", mode="stream"),
        Row("cut at max_tokens", (Does(stop_reason="max_tokens"),), text=ANSWER, stop_reason="max_tokens"),
        Row("out of tokens before a word", (Does(pieces=(), stop_reason="max_tokens"),), stop_reason="max_tokens"),
    ]  # fmt: skip


ROWS = [
    *_recoveries(),
    *_statuses(),
    *_patience(),
    *_connections(),
    *_forms(),
    *_contents(),
]
