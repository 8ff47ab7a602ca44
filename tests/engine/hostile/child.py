"""Loads files, each in a fork of its own held to so much time and memory, and says what became of it.

`python child.py MEGABYTES` reads names of files, one a line, and answers each with a line of JSON.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from turngraph.engine import END, Graph, GraphError, Node, Registry, load, node

registry = Registry()


@registry.type
class Question(BaseModel):
    text: str


@registry.type
class Reply(BaseModel):
    answer: str


@registry.node
class Plain(Node):
    pass


@registry.node
class Find(Node):
    def __init__(
        self,
        limit: int = 3,
        words: list[str] | None = None,
        model: str = "provider:name",
        mode: Literal["fast", "thorough"] = "fast",
        options: dict[str, Any] | None = None,
        share: float = 0.5,
    ) -> None:
        if limit < 0:
            raise ValueError("limit is 0 or more")
        self.unlucky = 1 / (13 - limit)

    def post(self, state) -> Literal["some", "no"]:
        return "some"


@registry.node
class Needy(Node):
    def __init__(self, key: str) -> None:
        self.key = key


@registry.node
class Answer(Node):
    class Inputs(BaseModel):
        found: list[str]

    def exec(self, inputs) -> None:
        return None


@registry.node
class Slow(Node):
    def exec(self, prepared) -> None:
        return None


@node
def shout(text: str) -> None:
    return None


registry.add(shout, Graph("inner", Plain(name="p") >> END))
for name, inside in (("itself", "itself"), ("round", "about"), ("about", "round"), ("broken", "missing")):
    text = f"graph: {name}\nnodes: {{a: {{graph: {inside}}}}}\nedges: {{a: END}}\n"
    registry.graph(name, lambda text=text: load(text, registry))


def memory() -> dict[str, int]:
    """What this process takes of what RLIMIT_AS and RLIMIT_DATA count, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    sizes = dict(line.split(":", 1) for line in lines if line.startswith(("VmSize", "VmData")))
    return {key: int(value.split()[0]) * 1024 for key, value in sizes.items()}


def loaded(file: Path) -> dict[str, Any]:
    """What became of one file."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    try:
        graph = load(file, registry)
    except GraphError as error:
        told: dict[str, Any] = {
            "error": "GraphError",
            "message": str(error),
            "faults": [[f.line, f.column, f.message, f.mend] for f in error.faults],
        }
    except BaseException as error:
        told = {"error": type(error).__name__, "message": str(error)[:1000]}
    else:
        told = {"error": None, "names": list(graph.nodes), "shape": graph.shape()}
    after = resource.getrusage(resource.RUSAGE_SELF)
    told["cpu"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return told


def alone(file: Path, room: int) -> str:
    """The answer of a fork, which may die of its limits without giving one."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        idle = memory()
        resource.setrlimit(resource.RLIMIT_AS, (idle["VmSize"] + room,) * 2)
        resource.setrlimit(resource.RLIMIT_DATA, (idle["VmData"] + room,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
        with os.fdopen(writing, "w") as out:
            out.write(json.dumps(loaded(file)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    _, status = os.waitpid(child, 0)
    return told or json.dumps(
        {"error": f"died: {os.waitstatus_to_exitcode(status)}", "message": "", "cpu": 2}
    )


def main(megabytes: str) -> None:
    """Answers every line until there is none."""
    # Warm: what the first graph and its first fault import is no file's own doing.
    load("graph: g\nnodes: {a: Find}\nedges: {a: {some: END, no: END}}\n", registry)
    with contextlib.suppress(GraphError):
        load("graph: g\nnodes: {a: {node: Find, with: {limit: x}}, b: {graph: inner}}\n", registry)
    gc.collect()
    gc.freeze()  # so that no fork pays for looking at what was there before
    for line in sys.stdin:
        print(alone(Path(line.rstrip("\n")), int(megabytes) * 2**20), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
