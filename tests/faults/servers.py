"""Servers of a test's own, which may be killed and started again: PostgreSQL, Redis and RabbitMQ."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest


def tool(name: str) -> str:
    """Where a program is; skips where it is not here."""
    if found := shutil.which(name):
        return found
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    if not places:
        pytest.skip(f"expected: no {name} here")
    return str(places[0])


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Server:
    """A server that is started, killed, and started again on the same port and files."""

    def __init__(self, port: int, folder: Path, command: list[str], **options: Any) -> None:
        self.port, self.folder = port, folder
        self._command, self._options = command, options
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Starts it, and waits until it listens."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        until = time.monotonic() + 60
        while time.monotonic() < until:
            # PostgreSQL does not start while what it forked, which notices its death a moment later, still lives.
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(self._command, cwd=self.folder, **quiet, **self._options)  # type: ignore[call-overload]
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise AssertionError(f"{self._command[0]} does not listen")

    def kill(self) -> None:
        """Kills it, with whatever it forked."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, 9)
            self._process.wait()
            self._process = None

    def empty(self) -> None:
        """Deletes what it kept, while it does not run."""
        for entry in self.folder.iterdir():
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink()

    def close(self) -> None:
        """Kills it and deletes its files."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def redis() -> Server:
    """A Redis that keeps nothing when it is killed."""
    program, port = tool("redis-server"), free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    return Server(port, Path(tempfile.mkdtemp(prefix="turngraph-redis-")), command, start_new_session=True)


def rabbitmq() -> Server:
    """A RabbitMQ that keeps the messages of durable queues when it is killed, unless it is emptied."""
    if (program := shutil.which("rabbitmq-server", path="/usr/lib/rabbitmq/bin")) is None:
        pytest.skip("expected: no rabbitmq-server here")
    port, folder = free_port(), Path(tempfile.mkdtemp(prefix="turngraph-rabbitmq-"))
    places = {
        "MNESIA_BASE": "mnesia",
        "LOG_BASE": "log",
        "ENABLED_PLUGINS_FILE": "plugins",
        "CONFIG_FILE": "config",
    }
    own = {f"RABBITMQ_{name}": str(folder / place) for name, place in places.items()}
    own |= {"RABBITMQ_NODENAME": f"turngraph{port}@localhost", "RABBITMQ_NODE_PORT": str(port)}
    own |= {"RABBITMQ_DIST_PORT": str(free_port()), "HOME": str(folder)}
    environment = {**os.environ, **own}
    return Server(port, folder, [program], start_new_session=True, env=environment)


def postgres() -> Server:
    """A PostgreSQL that keeps what was committed; it does not run as root, so it is somebody else's there."""
    initdb, program, port = tool("initdb"), tool("postgres"), free_port()
    folder = Path(tempfile.mkdtemp(prefix="turngraph-postgres-"))
    folder.chmod(0o777)
    user: dict[str, Any] = {"user": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    made = [initdb, "-D", str(folder / "data"), "-U", "postgres", "-A", "trust"]
    subprocess.run(made, cwd=folder, check=True, stdout=subprocess.DEVNULL, **user)
    command = [
        program,
        "-D",
        str(folder / "data"),
        "-p",
        str(port),
        "-k",
        "",
        "-c",
        "listen_addresses=127.0.0.1",
    ]
    return Server(port, folder, command, start_new_session=True, **user)
