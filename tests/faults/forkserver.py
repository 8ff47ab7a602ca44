"""A server that has imported everything once and forks a child for every task.

Importing the package takes about a second, forking some milliseconds, so that a process can be killed a few hundred
times in a minute. The server is a small process of its own with a single thread, started by `ForkServer`; run as a
script this file is that server. It reads one JSON line for each order and answers with one: a task to fork, or a
child to wait for. A child runs a function of `tasks.py`, with its output in a log, and leaves its result in a file;
after its time limit it prints the stack of every thread and ends, so that nothing hangs.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LIMIT = 60.0


class ForkServer:
    """Forks children, each for one task; `folder` keeps their logs and results."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0
        # A library with threads of its own would make the forks unsafe.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(HERE / "forkserver.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        assert self._ask({"ready": True}) is True

    def start(self, task: str, /, *, limit: float = LIMIT, **given: Any) -> Child:
        """Forks a child that runs the function `task` of tasks.py with what is given, for at most `limit` seconds."""
        self._count += 1
        here = self.folder / f"{self._count:05}-{task}"
        order = {"task": task, "given": given, "limit": limit, "here": str(here)}
        return Child(self, self._ask(order), task, here)

    def run(self, task: str, /, *, limit: float = LIMIT, **given: Any) -> Any:
        """What the function `task` returns; an AssertionError with the child's output if it did not."""
        return self.start(task, limit=limit, **given).result()

    def wait(self, pid: int) -> int:
        """Waits for a child: its exit status, or minus the number of the signal that ended it."""
        return int(self._ask({"wait": pid}))

    def wait_stopped(self, pid: int) -> bool:
        """Waits until a child is stopped by a signal; False if it ended instead."""
        return bool(self._ask({"stopped": pid}))

    def close(self) -> None:
        """Ends the server, and the children that are left."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, order: dict[str, Any]) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, "the fork server ended; its error stands above"
        return json.loads(answer)


class Child:
    """One forked process."""

    def __init__(self, server: ForkServer, pid: int, task: str, here: Path) -> None:
        self.pid, self.task = pid, task
        self._server, self._here = server, here
        self._status: int | None = None

    def send(self, number: int) -> None:
        """Sends it a signal; a child that is waited for already is left alone."""
        if self._status is None:
            os.kill(self.pid, number)

    def wait(self) -> int:
        """Its exit status, or minus the number of the signal that ended it."""
        if self._status is None:
            self._status = self._server.wait(self.pid)
        return self._status

    def stopped(self) -> bool:
        """Waits until it is stopped by a signal; False if it ended instead."""
        return self._server.wait_stopped(self.pid)

    def done(self) -> bool:
        """Whether its task has returned."""
        return self._here.with_suffix(".json").exists()

    def result(self) -> Any:
        """What its task returned; an AssertionError with its output if it failed or was killed."""
        status = self.wait()
        assert status == 0, f"{self.task} ended with {status}:\n{self.log()}"
        found = json.loads(self._here.with_suffix(".json").read_text())
        self.forget()
        return found

    def killed(self) -> bool:
        """Waits; whether SIGKILL ended it. Any other failure is an AssertionError with its output."""
        status = self.wait()
        assert status in (0, -signal.SIGKILL), f"{self.task} ended with {status}:\n{self.log()}"
        return status != 0

    def log(self) -> str:
        """What it printed."""
        return self._here.with_suffix(".log").read_text()

    def forget(self) -> None:
        """Deletes its log and its result."""
        for suffix in (".log", ".json"):
            self._here.with_suffix(suffix).unlink(missing_ok=True)


def _serve() -> None:
    sys.path.append(str(HERE.parent))  # last, so that no folder of tests hides a module
    from faults import tasks

    with tempfile.TemporaryDirectory() as folder:
        tasks.warm(folder)
        while threading.active_count() > 1:  # forking beside threads would not be safe
            time.sleep(0.01)
    gc.freeze()
    children: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        answer: object = True
        if "wait" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
            children.discard(order["wait"])
        elif "stopped" in order:
            answer = _stopped(order["stopped"])
        elif "task" in order:
            answer = os.fork()
            if answer == 0:
                _child(order, getattr(tasks, order["task"]))
            children.add(answer)
        print(json.dumps(answer), flush=True)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _stopped(pid: int) -> bool:
    """Waits until a child is stopped, or has ended; in either case it can still be waited for."""
    found = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    return found is not None and found.si_code == os.CLD_STOPPED


def _child(order: dict[str, Any], task: Any) -> None:
    """Runs a task; never returns, so that nothing of the server is run twice."""
    status = 1
    here = Path(order["here"])
    try:
        log = os.open(here.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0), os.dup2(log, 1), os.dup2(log, 2)
        faulthandler.dump_traceback_later(order["limit"], exit=True)
        result = json.dumps(task(**order["given"]))
        written = here.with_suffix(".part")
        written.write_text(result)
        written.rename(here.with_suffix(".json"))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve()
