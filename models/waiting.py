"""What waits for the writer: put there one by one or many at once, and taken by the group."""

from __future__ import annotations

from collections import deque
from threading import Condition

from .job import Job


class Waiting:
    """A queue of jobs that several threads take from until it is closed and empty."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._changed = Condition()
        self.closed = False

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, jobs: list[Job]) -> None:
        """Adds jobs; one thread is told, and takes what it can of them."""
        with self._changed:
            self._jobs.extend(jobs)
            self._changed.notify()

    def take(self, most: int) -> list[Job]:
        """The first jobs of those that wait, once there is one; none when it was closed and there will be none."""
        with self._changed:
            while not self._jobs and not self.closed:
                self._changed.wait()
            taken = [self._jobs.popleft() for _ in range(min(most, len(self._jobs)))]
            if self._jobs:
                self._changed.notify()
            return taken

    def close(self) -> None:
        """Lets the threads end once they have taken everything."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()
