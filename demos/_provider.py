"""A provider for the occasion: a local server that speaks Anthropic Messages, and behaves as the story wants it.

Read the demo first; nothing here is needed to follow it.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

INPUT, OUTPUT = 40, 12
"""Tokens that every answer costs."""


class LocalProvider:
    """Answers `says` word by word, is overloaded while it is `down`, and hangs up after two words while it `breaks`."""

    def __init__(self, says: str) -> None:
        self.says = says
        self.mood: Literal["well", "down", "breaks"] = "well"
        self.requests = 0
        self.billed = 0
        """Tokens on its bill."""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.close_connection = True
                if self.path.endswith("/count_tokens"):
                    self._send(200, "application/json", json.dumps({"input_tokens": INPUT}).encode())
                    return
                provider.requests += 1
                if provider.mood == "down":
                    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
                    self._send(529, "application/json", json.dumps(error).encode())
                    return
                events = [event.encode() for event in _events(provider.says)]
                if provider.mood == "breaks":
                    # Less is sent than was promised, and it is billed all the same.
                    provider.billed += INPUT + 2
                    self._send(200, "text/event-stream", b"".join(events[:4]), promised=10_000)
                    return
                provider.billed += INPUT + OUTPUT
                self._send(200, "text/event-stream", b"".join(events))

            def _send(self, status: int, kind: str, body: bytes, promised: int | None = None) -> None:
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(promised or len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


def _events(text: str) -> list[str]:
    """The stream of an answer: two events, one for each word, and three at the end."""

    def event(name: str, **data: Any) -> str:
        return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n"

    words = [word + " " for word in text.split()]
    words[-1] = words[-1].rstrip()
    message = {"id": "m", "type": "message", "role": "assistant", "model": "local", "content": []}
    usage = {"input_tokens": INPUT, "output_tokens": 1}
    return [
        event("message_start", message={**message, "stop_reason": None, "usage": usage}),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *(
            event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})
            for word in words
        ),
        event("content_block_stop", index=0),
        event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": OUTPUT}),
        event("message_stop"),
    ]
