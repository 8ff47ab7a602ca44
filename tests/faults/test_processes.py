"""Does the same hold of several processes: that fight for a run, write to one conversation, or wake too late?"""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .forkserver import Child, ForkServer
from .invariants import nothing
from .script import Script, script

ACTS_BEFORE = "response_generation.exec before"


def started_together(children: list[Child], notes: Path) -> list[Any]:
    """Lets children begin when all of them are ready; gives their results."""
    deadline = time.monotonic() + 60
    ready = notes / "ready"
    while not ready.exists() or len(ready.read_text().splitlines()) < len(children):
        assert time.monotonic() < deadline, [child.log() for child in children]
        time.sleep(0.002)
    (notes / "go").touch()
    return [child.result() for child in children]


def left_behind(server: ForkServer, url: str, notes: Path, said: Script) -> str:
    """The id of a run whose owner was killed in the middle of it."""
    given = {"url": url, "notes": str(notes), "script": said}
    assert server.start("serve", **given, at=ACTS_BEFORE).killed()
    (run_id,) = server.run("unfinished", **given)
    return str(run_id)


def begun(notes: Path) -> list[str]:
    """The paths of the steps whose exec began."""
    return [line.split(" ")[0] for line in (notes / "execs").read_text().splitlines()]


# --- two processes and one run


def test_two_processes_fight_for_a_run_and_one_goes_on(server: ForkServer, url: str, tmp_path: Path):
    notes, said = tmp_path / "notes", script(1, 1)
    run_id = left_behind(server, url, notes, said)
    given = {"url": url, "notes": str(notes), "run_id": run_id, "wait_for": "refused"}
    outcomes = started_together([server.start("resume", **given) for _ in range(2)], notes)
    assert sorted(outcomes) == ["RunOwned", "done"]
    execs = begun(notes)
    again = {path: execs.count(path) for path in set(execs) if execs.count(path) > 1}
    assert again in ({}, {f"{run_id}/response_generation/1": 2})  # the one that the killed process had begun
    found = server.run("recover", url=url, notes=str(notes), script=said, dead=[])
    assert found == {**found, "found": [], "recovered": 0}


def test_processes_that_fight_at_full_speed_take_no_step_twice(
    server: ForkServer, url: str, tmp_path: Path, full: bool
):
    for number in range(25 if full else 2):
        notes, said = tmp_path / f"notes{number}", script(1, 1)
        run_id = left_behind(server, url, notes, said)
        given = {"url": url, "notes": str(notes), "run_id": run_id}
        outcomes = started_together([server.start("resume", **given) for _ in range(3)], notes)
        assert "done" in outcomes and set(outcomes) <= {"done", "RunOwned"}
        execs = begun(notes)
        execs.remove(f"{run_id}/response_generation/1")  # the one that the killed process had begun
        assert len(execs) == len(set(execs)), execs
        nothing(server.run("check", url=url, notes=str(notes), script=said))


# --- many writers


def test_fifty_writers_of_three_processes_on_one_conversation(server: ForkServer, url: str, tmp_path: Path):
    notes = tmp_path / "notes"
    said = {"ada": [f"This is number {number}." for number in range(50)]}
    server.run("begin_places", url=url, places={"place": "ada"})
    turns = [("ada", number, text, "place") for number, text in enumerate(said["ada"])]
    given = {"url": url, "notes": str(notes), "at_once": 50}
    children = [server.start("speak", **given, turns=turns[part::3], seed=part) for part in range(3)]
    nothing([*itertools.chain(*started_together(children, notes))])
    nothing(server.run("check", url=url, notes=str(notes), script=said))


def test_three_processes_over_twenty_conversations_never_deadlock(
    server: ForkServer, postgres: str, tmp_path: Path, full: bool
):
    notes, users = tmp_path / "notes", [f"user{number}" for number in range(4)]
    places = {f"place{number}": users[number % 4] for number in range(20)}
    server.run("begin_places", url=postgres, places=places)
    said: Script = {user: [] for user in users}
    turns: list[list[tuple[str, int, str, str]]] = [[], [], []]
    for part, (place, user) in itertools.product(range(3), list(places.items()) * (4 if full else 1)):
        number = len(said[user])
        said[user].append(f"Number {number} of {user}.")
        turns[part].append((user, number, said[user][-1], place))
    given = {"url": postgres, "notes": str(notes), "at_once": 10}
    children = [server.start("speak", **given, turns=turns[part], seed=part) for part in range(3)]
    nothing([*itertools.chain(*started_together(children, notes))])
    nothing(server.run("check", url=postgres, notes=str(notes), script=said, conversations=5))


def test_the_first_runs_of_three_processes_on_a_new_database(server: ForkServer, url: str, tmp_path: Path):
    """What everybody writes first, such as a graph's shape or its owner's row, nobody trips over."""
    notes, parts = tmp_path / "notes", [script(1, 2) for _ in range(3)]
    children = [
        server.start("first_runs", url=url, notes=str(notes), script=said, seed=number)
        for number, said in enumerate(parts)
    ]
    nothing([*itertools.chain(*started_together(children, notes))])
    nothing(server.run("check", url=url, notes=str(notes), script={**parts[0], **parts[1], **parts[2]}))


# --- leases


def test_a_run_is_recovered_once_its_lease_has_run_out(server: ForkServer, url: str, tmp_path: Path):
    given = {"url": url, "notes": str(tmp_path / "notes"), "script": script(1, 1)}
    assert server.start("serve", **given, at=ACTS_BEFORE, lease=0.4).killed()
    nothing(server.run("wait_and_recover", **given))


def test_an_owner_that_wakes_after_its_lease_writes_nothing(server: ForkServer, url: str, tmp_path: Path):
    given = {"url": url, "notes": str(tmp_path / "notes"), "script": script(1, 2)}
    sleeper = server.start("serve", **given, at=ACTS_BEFORE, send=signal.SIGSTOP, again="over", lease=3600)
    assert sleeper.stopped()
    taker = server.start("recover", **given, dead=[sleeper.pid], resend=False)
    found = taker.result()
    (tmp_path / "notes" / "over").touch()
    assert found == {**found, "found": [], "recovered": 1}
    sleeper.send(signal.SIGCONT)
    first, second = sleeper.result()["errors"]
    assert [error.split(":")[0] for error in first] == ["Fenced"]
    assert second == []  # it begins new runs, and is told what the other one answered
    nothing(server.run("check", **given, taker=taker.pid))


def waits_for_a_lock(url: str) -> bool:
    """Whether anybody waits for another one's lock; on SQLite the taker had its time when this is asked."""
    if url.startswith("sqlite"):
        time.sleep(0.3)
        return True
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        waiting = (
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return connection.execute(waiting).fetchone() is not None


@pytest.mark.parametrize("step", ["memory_retrieval", "context_builder", "memory_storage"])
def test_an_owner_stopped_inside_a_commit(server: ForkServer, url: str, tmp_path: Path, step: str):
    """Its COMMIT succeeds when it wakes; whoever takes over meanwhile waits for that, and goes on behind the step."""
    notes = tmp_path / "notes"
    given = {"url": url, "notes": str(notes), "script": script(1, 1)}
    at = f"{step}.stored before > COMMIT before"
    sleeper = server.start("serve", **given, at=at, send=signal.SIGSTOP, again="over", lease=3600)
    assert sleeper.stopped()
    server.run("unfinished", **given)  # its lease runs out while it sleeps
    sleeper.send(signal.SIGCONT)
    assert sleeper.stopped()
    taker = server.start("recover", **given, dead=[], resend=False)
    until = time.monotonic() + 30
    while not (taker.done() or waits_for_a_lock(url)) and time.monotonic() < until:
        time.sleep(0.005)
    sleeper.send(signal.SIGCONT)
    nothing(taker.result()["found"])
    (notes / "over").touch()
    sleeper.result()
    nothing(server.run("check", **given, taker=taker.pid))


def test_an_owner_stopped_at_any_boundary(
    server: ForkServer, url: str, tmp_path: Path, full: bool, tell: Callable[[str], None]
):
    """Where it holds locks of the database, the other one waits for it; else it takes the runs over."""
    taken = 0
    for number in itertools.count(1, 3 if full else 29):
        notes = tmp_path / f"notes{number}"
        given = {"url": url, "notes": str(notes), "script": script(2, 1)}
        sleeper = server.start("serve", **given, at=number, send=signal.SIGSTOP, again="over", lease=3600)
        if not sleeper.stopped():
            break
        other = server.start("recover", **given, dead=[sleeper.pid], resend=False)
        until = time.monotonic() + 1.0
        while not other.done() and time.monotonic() < until:
            time.sleep(0.005)
        sleeper.send(signal.SIGCONT)
        found, where = other.result(), f"stopped at {number}: {(notes / 'boundary').read_text()}"
        nothing(found["found"], where)
        (notes / "over").touch()
        awake = sleeper.result()["errors"]
        taken += found["recovered"]
        assert {error.split(":")[0] for error in awake[0]} <= {"Fenced"}, (where, awake)
        assert awake[1] == [], (where, awake)
        nothing(server.run("check", **given, taker=other.pid), where)
    assert taken > 0
    tell(f"stopped at every boundary up to {number}; {taken} runs were taken over")
