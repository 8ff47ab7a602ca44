"""Stands for the web: a real HTTP server on this machine that answers by path, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Asked:
    """One request that came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What is answered: the body in pieces, each after `wait` seconds, and whether the connection then breaks off."""

    body: bytes | list[bytes] = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    breaks: bool = False


def page(text: str, kind: str = "text/html; charset=utf-8", **more: Any) -> Reply:
    return Reply(text.encode(), headers={"content-type": kind}, **more)


def as_json(value: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status, {"content-type": "application/json"})


class Web:
    """Answers what `routes` has for a path, else 404."""

    def __init__(self, routes: dict[str, Reply | Callable[[Asked], Reply]]) -> None:
        self.routes, self.asked = routes, list[Asked]()
        self.closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def port(self) -> int:
        return self._http.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Web:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
                outer.asked.append(asked)
                found = outer.routes.get(parts.path, Reply(status=404))
                self._send(found(asked) if callable(found) else found)

            do_POST = do_GET

            def _send(self, reply: Reply) -> None:
                pieces = reply.body if isinstance(reply.body, list) else [reply.body]
                self.close_connection = True
                if reply.breaks and not reply.body:
                    return
                if not isinstance(reply.body, list) and reply.wait:
                    outer.closing.wait(reply.wait)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(sum(map(len, pieces)) + 1_000 * reply.breaks))
                self.end_headers()
                try:
                    for piece in pieces:
                        if isinstance(reply.body, list) and reply.wait:
                            outer.closing.wait(reply.wait)
                        self.wfile.write(piece)
                        self.wfile.flush()
                except OSError:  # who asked has gone
                    return

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


def until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Waits until something holds; gives up in the end."""
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            return False
        time.sleep(0.01)
    return True
