"""Rows: which calls are tried again, how often, and what stands in when none succeeds."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel

from turngraph.engine import END, Graph, Node, NodeTimeout, Retry, ValidationError

from ..parts import Put, note, one
from ..row import Row


class Shaky(Node):
    """Fails until its attempt has the number `good`."""

    retry = Retry(attempts=3, wait=0)

    def __init__(self, good: int, *, name: str | None = None, retry: Retry | None = None) -> None:
        super().__init__(name=name, retry=retry)
        self.good = good

    def prep(self, state: Any) -> str:
        note("prep")
        return "prepared"

    def exec(self, prepared: str, *, context: Any) -> str:
        note(f"exec {context.attempt}")
        if context.attempt < self.good:
            raise ValueError(f"attempt {context.attempt} failed")
        return f"made by {context.attempt}"

    def post(self, state: Any, prepared: str, result: str) -> None:
        note("post")
        state["result"] = result


class ShakyAsync(Shaky):
    async def exec(self, prepared: str, *, context: Any) -> str:
        await asyncio.sleep(0)
        return Shaky.exec(self, prepared, context=context)


class ShakyThread(Shaky):
    thread = True


class Kept(Shaky):
    """Its fallback tells what it was given."""

    def fallback(self, prepared: str, error: Exception) -> str:
        note("fallback")
        return f"{prepared}, {error}"


class KeptAsync(ShakyAsync):
    async def fallback(self, prepared: str, error: Exception) -> str:
        await asyncio.sleep(0)
        note("fallback")
        return f"{prepared}, {error}"


class Shout(Node):
    def post(self, state: Any) -> None:
        state["shouted"] = state["result"].upper()


class Worse(Shaky):
    def fallback(self, prepared: str, error: Exception) -> str:
        note("fallback")
        raise KeyError("worse")


class Once(Shaky):
    retry = None


class OnceKept(Kept):
    retry = None


class BadPrep(Node):
    retry = Retry(attempts=3, wait=0)

    def prep(self, state: Any) -> None:
        note("prep")
        raise ValueError("prep")

    def exec(self) -> None:
        note("exec")

    def fallback(self, prepared: None, error: Exception) -> None:
        note("fallback")


class BadPost(Node):
    retry = Retry(attempts=3, wait=0)

    def exec(self) -> None:
        note("exec")

    def fallback(self, prepared: None, error: Exception) -> None:
        note("fallback")

    def post(self, state: Any) -> None:
        note("post")
        raise ValueError("post")


class Typed(Node):
    """Gives what does not fit its Outputs."""

    retry = Retry(attempts=3, wait=0)

    class Outputs(BaseModel):
        number: int

    def exec(self) -> Any:
        note("exec")
        return {"number": "many"}

    def fallback(self, prepared: None, error: Exception) -> Any:
        note("fallback")
        return {"number": 0}


class Asks(Typed):
    class Inputs(BaseModel):
        number: int


class TypedFallback(Typed):
    def exec(self) -> Any:
        note("exec")
        raise ValueError("away")


class WrongFallback(TypedFallback):
    def fallback(self, prepared: None, error: Exception) -> Any:
        return {"number": "none"}


class NothingFallback(TypedFallback):
    def fallback(self, prepared: None, error: Exception) -> Any:
        return None


class Invalid(Node):
    """Finds out in exec that a value does not fit."""

    retry = Retry(attempts=3, wait=0)

    def exec(self) -> None:
        note("exec")
        raise ValidationError("it is not a number")


class Final(ValueError):
    """Says of itself that another attempt is no use."""

    final = True


class Ends(Node):
    def exec(self) -> None:
        note("exec")
        raise Final("told three times already")


class Slow(Node):
    """Takes for ever, as often as it is tried."""

    timeout = 0.001

    async def exec(self) -> None:
        note("exec")
        await asyncio.sleep(30)


class SlowKept(Slow):
    retry = Retry(attempts=2, wait=0)

    def fallback(self, prepared: None, error: Exception) -> str:
        return type(error).__name__

    def post(self, state: Any, prepared: None, result: str) -> None:
        state["result"] = result


class OwnTimeout(Slow):
    timeout = 30

    async def exec(self) -> None:
        raise TimeoutError("of its own")


class SlowOnThread(Node):
    timeout = 0.001
    thread = True

    def exec(self) -> None:
        import time

        time.sleep(0.02)


class SyncTimeout(Node):
    timeout = 1

    def exec(self) -> None: ...


class Plain(Node):
    def exec(self) -> None: ...


class FallbackOnly(Node):
    def fallback(self, prepared: None, error: Exception) -> None: ...


def shared_policy() -> Graph:
    policy = Retry(attempts=2, wait=0)
    return Graph("g", Kept(9, name="a", retry=policy) >> Kept(9, name="b", retry=policy) >> END)


ATTEMPTS = ("prep", "exec 1", "exec 2", "exec 3")


ROWS = [
    Row(
        rule="what succeeds is tried once, and needs no fallback",
        source="PocketFlow",
        graph=lambda: one(Kept(1)),
        state={"result": "made by 1"},
        ran=("prep", "exec 1", "post"),
        retries=(),
    ),
    Row(
        rule="the second attempt may succeed",
        source="PocketFlow",
        graph=lambda: one(Kept(2)),
        state={"result": "made by 2"},
        ran=("prep", "exec 1", "exec 2", "post"),
        retries=((1, 0.0),),
    ),
    Row(
        rule="three attempts are three in all",
        source="PocketFlow",
        graph=lambda: one(Shaky(3)),
        state={"result": "made by 3"},
        ran=(*ATTEMPTS, "post"),
    ),
    Row(
        rule="after two attempts that fail comes the fallback",
        source="PocketFlow",
        graph=lambda: one(Kept(9, retry=Retry(attempts=2, wait=0))),
        state={"result": "prepared, attempt 2 failed"},
        ran=("prep", "exec 1", "exec 2", "fallback", "post"),
    ),
    Row(
        rule="async phases alike",
        source="PocketFlow",
        graph=lambda: one(KeptAsync(9, retry=Retry(attempts=2, wait=0))),
        state={"result": "prepared, attempt 2 failed"},
        ran=("prep", "exec 1", "exec 2", "fallback", "post"),
    ),
    Row(
        rule="an async exec may succeed late",
        source="PocketFlow",
        graph=lambda: one(ShakyAsync(3)),
        state={"result": "made by 3"},
        ran=(*ATTEMPTS, "post"),
    ),
    Row(
        rule="an exec on a thread alike",
        source="KayGraph",
        graph=lambda: one(ShakyThread(2)),
        state={"result": "made by 2"},
        ran=("prep", "exec 1", "exec 2", "post"),
    ),
    Row(
        rule="what the fallback gives goes on to the next node",
        source="PocketFlow",
        graph=lambda: Graph("g", Kept(9) >> Shout() >> END),
        state={"shouted": "PREPARED, ATTEMPT 3 FAILED"},
    ),
    Row(
        rule="without fallback the last error is the run's",
        source="PocketFlow",
        graph=lambda: Graph("g", Shaky(9) >> Shout() >> END),
        raises=ValueError,
        text=("attempt 3 failed", "at node 'shaky'"),
        ran=ATTEMPTS,
        retries=((1, 0.0), (2, 0.0)),
    ),
    Row(
        rule="without retry one attempt is made",
        source="PocketFlow",
        graph=lambda: one(Once(9)),
        raises=ValueError,
        text="attempt 1 failed",
        ran=("prep", "exec 1"),
    ),
    Row(
        rule="a fallback works without retry",
        source="PocketFlow",
        graph=lambda: one(OnceKept(9)),
        state={"result": "prepared, attempt 1 failed"},
        ran=("prep", "exec 1", "fallback", "post"),
    ),
    Row(
        rule="one attempt is one",
        source="PocketFlow",
        graph=lambda: one(Kept(9, retry=Retry(attempts=1))),
        ran=("prep", "exec 1", "fallback", "post"),
    ),
    Row(
        rule="no attempt at all is refused",
        source="wrong there (None, or an unclear error)",
        graph=lambda: one(Kept(1, retry=Retry(attempts=0))),
        raises=ValueError,
        text="attempts counts the first one too",
        ran=(),
    ),
    Row(
        rule="it waits between attempts, each time longer, and not after the last",
        source="PocketFlow",
        graph=lambda: one(Kept(9, retry=Retry(attempts=4, wait=0.0001, factor=2, max_wait=0.0003))),
        ran=("prep", "exec 1", "exec 2", "exec 3", "exec 4", "fallback", "post"),
        retries=((1, 0.0001), (2, 0.0002), (3, 0.0003)),
    ),
    Row(
        rule="what a node was given goes before what its class says",
        source="silent there",
        graph=lambda: one(Shaky(9, retry=Retry(attempts=2, wait=0))),
        raises=ValueError,
        ran=("prep", "exec 1", "exec 2"),
    ),
    Row(
        rule="two nodes that share a Retry do not share its attempts",
        source="silent there",
        graph=shared_policy,
        ran=("prep", "exec 1", "exec 2", "fallback", "post") * 2,
    ),
    Row(
        rule="an error in the fallback is the run's",
        source="silent there",
        graph=lambda: one(Worse(9)),
        raises=KeyError,
        text="worse",
        ran=(*ATTEMPTS, "fallback"),
    ),
    Row(
        rule="prep is not tried again, and has no fallback",
        source="PocketFlow",
        graph=lambda: one(BadPrep()),
        raises=ValueError,
        text="prep",
        ran=("prep",),
    ),
    Row(
        rule="post is not tried again, and has no fallback",
        source="PocketFlow",
        graph=lambda: one(BadPost()),
        raises=ValueError,
        text="post",
        ran=("exec", "post"),
    ),
    Row(
        rule="a result that does not fit is neither tried again nor replaced",
        source="KayGraph",
        graph=lambda: one(Typed()),
        raises=ValidationError,
        text="number",
        ran=("exec",),
    ),
    Row(
        rule="inputs that do not fit reach neither exec nor fallback",
        source="KayGraph",
        graph=lambda: Graph("g", Put("number", "many") >> Asks() >> END),
        raises=ValidationError,
        text=("'asks'", "inputs"),
        ran=("put_number",),
    ),
    Row(
        rule="a value that exec finds unfit is not tried again",
        source="KayGraph",
        graph=lambda: one(Invalid()),
        raises=ValidationError,
        ran=("exec",),
    ),
    Row(
        rule="what the fallback gives is validated like a result",
        source="silent there",
        graph=lambda: one(TypedFallback()),
        state={"number": 0},
        ran=("exec", "exec", "exec", "fallback"),
    ),
    Row(
        rule="and is an error where it does not fit",
        source="silent there",
        graph=lambda: one(WrongFallback()),
        raises=ValidationError,
        text="number",
    ),
    Row(
        rule="also where it is nothing",
        source="silent there",
        graph=lambda: one(NothingFallback()),
        raises=ValidationError,
        text="'nothing_fallback'",
    ),
    Row(
        rule="an error that says it is final is not tried again",
        source="silent there",
        graph=lambda: one(Ends(retry=Retry(attempts=3, wait=0))),
        raises=Final,
        ran=("exec",),
    ),
    Row(
        rule="unless the node asks for it",
        source="silent there",
        graph=lambda: one(Ends(retry=Retry(attempts=3, wait=0, final=True))),
        raises=Final,
        ran=("exec", "exec", "exec"),
    ),
    Row(
        rule="an attempt that takes too long is an error that names node and seconds",
        source="silent there",
        graph=lambda: one(Slow()),
        raises=NodeTimeout,
        text="node 'slow': exec took longer than its timeout of 0.001 s",
        ran=("exec",),
    ),
    Row(
        rule="it is tried again like any other, and has its fallback",
        source="silent there",
        graph=lambda: one(SlowKept()),
        state={"result": "NodeTimeout"},
        ran=("exec", "exec"),
    ),
    Row(
        rule="a node's own TimeoutError stays what it is",
        source="silent there",
        graph=lambda: one(OwnTimeout()),
        raises=TimeoutError,
        text="of its own",
    ),
    Row(
        rule="an exec on a thread can take too long",
        source="silent there",
        graph=lambda: one(SlowOnThread()),
        raises=NodeTimeout,
    ),
    Row(
        rule="a timeout on a sync exec is refused: it could not be kept",
        source="silent there",
        graph=lambda: one(SyncTimeout()),
        faults=("SyncTimeout has a timeout, and a sync exec cannot be interrupted",),
    ),
    Row(
        rule="also where the instance was given it",
        source="silent there",
        graph=lambda: one(Plain(name="late", timeout=1)),
        faults=("node 'late' has a timeout, and a sync exec cannot be interrupted",),
    ),
    Row(
        rule="a fallback without exec is refused",
        source="silent there",
        graph=lambda: one(FallbackOnly()),
        faults=("FallbackOnly has a fallback and no exec",),
    ),
]
