"""What do the tests of the services share? A real HTTP server that answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Answer = tuple[int, dict[str, str], bytes, bool]
"""Status, headers, body, and whether the connection is cut before all that was promised is sent."""


@dataclass
class Seen:
    """One request that came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Server:
    """Serves the scripted answers in order, the last one for ever, and keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.seen: list[Seen] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._thread.is_alive():
            return
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.seen.append(Seen(self.path, headers, body))
                status, given, sent, cut = outer.answers[min(len(outer.seen), len(outer.answers)) - 1]
                self.close_connection = True
                if cut and not sent:
                    return
                self.send_response(status)
                for name, value in given.items():
                    self.send_header(name, value)
                # A cut answer promises more than it sends.
                self.send_header("content-length", str(len(sent) + (1_000 if cut else 0)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts a server with scripted answers; all are stopped when the test ends."""
    with ExitStack() as stack:
        yield lambda *answers: stack.enter_context(Server(*answers))
