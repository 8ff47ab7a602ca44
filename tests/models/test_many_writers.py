"""Fifty writers in three processes remember things of one user: nothing is lost, nothing doubled, all of it is found."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import func, select

from turngraph.models import DatabaseManager, MemoryIndex, MemorySource

WRITERS = {"a": 17, "b": 17, "c": 16}
EACH = 2
CHILD = """
import asyncio, faulthandler, json, pathlib, sys, time
from turngraph.models import DatabaseManager, Scope
from turngraph.models.repositories import conversations, memories, messages
from turngraph.models.search import search
from turngraph.services import default_embedder

url, name, writers, each, others = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5].split(",")
folder = pathlib.Path(sys.argv[6])
faulthandler.dump_traceback_later(200, exit=True)
scope = Scope("default", "ada")
embedder = default_embedder()


async def write(db, number):
    for n in range(each):
        def work(session):
            talk = conversations.locked(session, scope, f"talk-{name}")
            said = messages.NewMessage(f"process {name} writer {number} said thing {n}", client_id=f"{name}-{number}-{n}")
            message = messages.add(session, talk, said)[0]
            memories.remember(session, scope, f"Fact {name} {number} {n}", sources=[message.id])
            memories.remember(session, scope, f"Everybody knows {n}", sources=[message.id])
        await db.write(work, keys=["user:ada", f"conversation:talk-{name}"])


async def found(db, text):
    vector = embedder.embed([text])[0]
    hits = await db.read(lambda session: search(session, scope, text, vector=vector, limit=20))
    return any(text in hit.content for hit in hits)


async def main():
    with DatabaseManager(url) as db:
        await db.write(lambda session: conversations.begin(session, scope, conversation_id=f"talk-{name}"), keys=["user:ada"])
        assert not await found(db, f"process {others[0]} is done")  # fills whatever a process keeps of the user
        (folder / f"{name} is ready").touch()
        while not all((folder / f"{other} is ready").exists() for other in others):
            await asyncio.sleep(0.01)  # or one that starts late would find that another is done
        await asyncio.gather(*(write(db, number) for number in range(writers)))
        def done(session):
            talk = conversations.locked(session, scope, f"talk-{name}")
            messages.add(session, talk, messages.NewMessage(f"process {name} is done"))
        await db.write(done, keys=["user:ada"])
        late = []
        for other in others:
            while not await db.read(lambda session: any(
                m.content == f"process {other} is done"
                for m in messages.newest(session, scope, f"talk-{other}", limit=1)
            ) if conversations.find(session, scope, f"talk-{other}") else False):
                await asyncio.sleep(0.02)
            seen = time.monotonic()
            while not await found(db, f"process {other} is done"):
                await asyncio.sleep(0.02)
            late.append(time.monotonic() - seen)
        print(json.dumps(late))


asyncio.run(main())
"""


def started(url: str, name: str, folder: Path) -> subprocess.Popen[str]:
    """A process that writes; what it prints goes to files, so that nobody has to read from it."""
    others = ",".join(sorted(WRITERS.keys() - {name}))
    command = [
        sys.executable,
        "-P",
        "-c",
        CHILD,
        url,
        name,
        str(WRITERS[name]),
        str(EACH),
        others,
        str(folder),
    ]
    with (folder / f"{name}.out").open("w") as out, (folder / f"{name}.err").open("w") as err:
        return subprocess.Popen(command, stdout=out, stderr=err, text=True)


def finished(children: dict[str, subprocess.Popen[str]], folder: Path) -> list[str]:
    """What each of them printed. The first that fails ends them all: the others would wait for it for ever."""
    try:
        while any(child.poll() is None for child in children.values()):
            failed = [name for name, child in children.items() if child.poll()]
            assert not failed, [
                (name, children[name].poll(), (folder / f"{name}.err").read_text()) for name in failed
            ]
            time.sleep(0.02)
    finally:
        for child in children.values():
            child.kill()
            child.wait()
    for name, child in children.items():
        assert child.returncode == 0, (name, (folder / f"{name}.err").read_text())
    return [(folder / f"{name}.out").read_text() for name in children]


def test_fifty_writers_in_three_processes(lasting_url: str, tmp_path: Path):
    with DatabaseManager(lasting_url) as db:
        db.read_now(lambda session: None)
        said = finished({name: started(lasting_url, name, tmp_path) for name in WRITERS}, tmp_path)
        # A process that knows nothing of a row finds it with its next search: a loaded machine is given ten seconds.
        assert all(seconds < 10 for out in said for seconds in json.loads(out))
        with db.get_session() as session:
            contents = session.scalars(select(MemoryIndex.content).where(MemoryIndex.user_id == "ada")).all()
            facts = {
                f"Fact {name} {k} {n}" for name, w in WRITERS.items() for k in range(w) for n in range(EACH)
            }
            known = {f"Everybody knows {n}" for n in range(EACH)}
            assert len(contents) == len(set(contents)) and set(contents) == facts | known
            ties = (
                select(func.count())
                .select_from(MemorySource)
                .join(MemoryIndex)
                .where(MemoryIndex.content.in_(known))
            )
            assert session.scalar(ties) == sum(WRITERS.values()) * EACH
