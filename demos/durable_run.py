"""A process kills itself in the middle of an order; the next one finds the run and finishes it, nothing twice.

The order has six parcels. The carrier, an outside service, keeps a book of its own: each parcel must stand in it once.

    python -m turngraph.demos.durable_run
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from turngraph.demos._stage import Stage, arguments, plural, process_name
from turngraph.engine import END, Context, Graph, Map, Node, Registry, recover
from turngraph.models import MemoryIndex, SqlRunStore

DIED = 9
LEASE = timedelta(seconds=1)  # how long a process counts as alive after it was last heard of; usually 30 s
PARCELS = ["books", "a kettle", "tea", "a lamp", "seeds", "a kite"]


class Order(BaseModel):
    customer: str
    parcels: list[str]


class Hand(Node):
    """Hands one parcel over to the carrier, under a key by which it would know it again."""

    class Inputs(BaseModel):
        item: str

    class Outputs(BaseModel):
        number: int

    def __init__(self, book: str, dies_at: str = "") -> None:
        super().__init__()
        self.book, self.dies_at = Path(book), dies_at

    async def exec(self, inputs: Inputs, *, context: Context) -> Outputs:
        if inputs.item == self.dies_at:
            os._exit(DIED)  # like kill -9: nothing is closed, nothing is written, nobody is told
        lines = self.book.read_text().splitlines() if self.book.exists() else []
        if context.idempotency_key not in lines:
            lines.append(context.idempotency_key)
            self.book.write_text("\n".join(lines))
        return self.Outputs(number=lines.index(context.idempotency_key) + 1)


class Confirm(Node):
    """Writes a line into the database, in the same transaction as the fact that this step happened."""

    def post(self, state: Any, prepared: None, result: None, *, session: Any) -> None:
        numbers = ", ".join(str(parcel.number) for parcel in state["sent"])
        session.add(MemoryIndex(user_id=state["customer"], content=f"sent as {numbers}"))
        state["confirmed"] = True


def order(book: str, dies_at: str = "") -> Graph:
    """The same graph in both processes: what it is and where it stands is all that connects them."""
    sending = Map(Hand(book, dies_at), over="parcels", into="sent", limit=1, name="sending")
    return Graph("order", sending >> Confirm() >> END, inputs=Order)


async def first(stage: Stage, book: str) -> None:
    stage.note(f"({process_name()})")
    given = Order(customer=stage.person("ada"), parcels=PARCELS)
    await order(book, PARCELS[3]).run(given, store=SqlRunStore(stage.db, lease=LEASE))


async def play(stage: Stage, book: str) -> None:
    stage.scene("A process dies while it sends the fourth of six parcels")
    status = await asyncio.to_thread(stage.process, "durable_run", f"--book={book}")
    sent = len(Path(book).read_text().splitlines())
    stage.check("it was killed", status == DIED)
    stage.check(f"{plural(sent, 'parcel')} had been handed over", sent == 3)

    stage.scene(f"Another process looks for runs that nobody is running any more ({process_name()})")
    registry = Registry()
    registry.graph("order", lambda: order(book))
    store = SqlRunStore(stage.db, lease=LEASE)
    stage.check("at first the dead process still counts as alive", await recover(registry, store) == {})
    outcomes: dict[str, Any] = {}
    while not outcomes:
        await asyncio.sleep(0.2)
        outcomes = await recover(registry, store)
    ((run_id, result),) = outcomes.items()
    stage.tell(f"A second later its lease has run out: run {run_id} is taken over, and finished.")
    stage.table(
        ("step", "seconds"),
        [(step.path.split("/", 1)[1], f"{step.seconds:.3f}") for step in (await store.shown(run_id))[1]],
    )

    keys = Path(book).read_text().splitlines()
    stage.check("the order is confirmed", result["confirmed"])
    stage.check("each parcel stands once in the carrier's book", len(keys) == len(set(keys)) == len(PARCELS))
    stage.check(
        "the first three were not sent again",
        [parcel.number for parcel in result["sent"]] == [1, 2, 3, 4, 5, 6],
    )
    with stage.db.get_session() as session:
        mine = MemoryIndex.user_id == stage.person("ada")
        lines = session.scalars(select(MemoryIndex.content).where(mine)).all()
    stage.check("one line was written", list(lines) == ["sent as 1, 2, 3, 4, 5, 6"])
    stage.check("nothing is left to recover", await recover(registry, store) == {})


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--book", help="be the process that dies; the carrier's book is this file")
    options = parser.parse_args()
    with Stage(options) as stage:
        if options.book:
            asyncio.run(first(stage, options.book))
        else:
            with TemporaryDirectory(prefix="turngraph-demo-") as folder:
                asyncio.run(play(stage, str(Path(folder) / "carrier.txt")))
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
