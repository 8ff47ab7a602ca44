"""A refund waits for a person: the run is kept, and another process answers, once, much later.

python -m turngraph.demos.approval
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from pydantic import BaseModel

from turngraph.demos._stage import Stage, arguments, process_name
from turngraph.engine import END, Graph, Node, NotWaiting, Pause, ValidationError, draw, way


class Refund(BaseModel):
    customer: str
    euros: int


class Decision(BaseModel):
    """What the person is asked for."""

    grant: bool
    by: str


class Assess(Node):
    """Small refunds are paid at once; for larger ones a person decides."""

    pauses = {"decision": Decision}

    def post(self, state: Any) -> Pause | Literal["small"]:
        return "small" if state["euros"] < 50 else Pause("decision")


class Decide(Node):
    class Inputs(BaseModel):
        decision: Decision

    def post(self, state: Any, inputs: Inputs) -> Literal["granted", "refused"]:
        return "granted" if inputs.decision.grant else "refused"


class Pay(Node):
    def post(self, state: Any) -> None:
        state["paid"] = state["euros"]


class Refuse(Node):
    def post(self, state: Any) -> None:
        state["paid"] = 0


def refund() -> Graph:
    assess, decide, pay = Assess(), Decide(), Pay()
    return Graph(
        "refund",
        assess - "small" >> pay >> END,
        assess - "decision" >> decide,
        decide - "granted" >> pay,
        decide - "refused" >> Refuse() >> END,
        inputs=Refund,
    )


async def ask(stage: Stage, run_id: str) -> None:
    """The process that asks: it ends while the run waits."""
    stage.note(f"({process_name()})")
    result = await refund().run({"customer": "ada", "euros": 120}, store=stage.db.runs, run_id=run_id)
    (wait,) = result.waits
    stage.line("refund", f"120 euros for {result['customer']}: who decides?", "bold magenta")
    stage.note(f"the run is {result.status} for {wait.name!r} at {wait.path}")


async def play(stage: Stage) -> None:
    store, run_id = stage.db.runs, f"refund{stage.suffix or '-1'}"
    stage.scene("A small refund needs nobody")
    small = await refund().run({"customer": "bob", "euros": 20}, store=store)
    stage.check("it was paid at once", (small.status, small["paid"]) == ("done", 20))

    stage.scene("A large one waits, and the process that asked is gone")
    status = await asyncio.to_thread(stage.process, "approval", f"--ask={run_id}")
    run, _ = await store.shown(run_id)
    stage.check("the run is kept, and waits", (status, run.status) == (0, "waiting"))

    stage.scene(f"A week later somebody decides ({process_name()})")
    try:
        await refund().resume(run_id, {"grant": "perhaps"}, store=store)
    except ValidationError as error:
        stage.note(str(error))
        stage.check("an answer that does not fit is refused, and the run waits on", "by" in error.fields)
    stage.line("Grace", "Granted.", "bold green")
    done = await refund().resume(run_id, {"grant": True, "by": "Grace"}, store=store)
    stage.check(
        "the refund is paid", (done.status, done["paid"], done["decision"].by) == ("done", 120, "Grace")
    )
    try:
        await refund().resume(run_id, {"grant": False, "by": "Linus"}, store=store)
    except NotWaiting as error:
        stage.note(str(error))
        stage.check("a second answer is an error", True)
    stage.console.print(draw(refund(), "text", way(*await store.shown(run_id))), markup=False)

    stage.scene("And if Grace had refused?")
    forked = await refund().fork(
        run_id, "assess/1", {"decision": Decision(grant=False, by="Grace")}, store=store
    )
    stage.check("a fork from that step comes to the other end", forked["paid"] == 0)
    stage.check(
        "and the run itself is as it was", (await refund().resume(run_id, store=store))["paid"] == 120
    )


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--ask", metavar="ID", help="begin the run of this id, and end while it waits")
    options = parser.parse_args()
    with Stage(options) as stage:
        asyncio.run(ask(stage, options.ask) if options.ask else play(stage))
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
