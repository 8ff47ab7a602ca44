"""Nodes as users write them: mypy --strict and pyright must have nothing to say about this file."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from turngraph.engine import END, Context, Graph, Node, Retry, node


class Turn(BaseModel):
    text: str


class Words(BaseModel):
    words: list[str]


class Split(Node):
    retry = Retry(attempts=2)
    timeout = 5.0

    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        words: list[str]

    async def exec(self, inputs: Inputs) -> Outputs:
        return self.Outputs(words=inputs.text.split())

    def post(self, state: dict[str, Any], inputs: Inputs, outputs: Outputs) -> Literal["some", "none"]:
        return "some" if outputs.words else "none"


class Shared(Node):
    Inputs = Words
    Outputs = Turn

    def __init__(self, glue: str, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.glue = glue

    def prep(self, state: dict[str, Any], *, session: object) -> list[str]:
        return list(state["words"])

    def exec(self, prepared: list[str], *, context: Context) -> Turn:
        context.token(self.glue)
        return Turn(text=self.glue.join(prepared))

    def fallback(self, prepared: list[str], error: Exception) -> Turn:
        return Turn(text=str(error))

    async def post(self, state: dict[str, Any]) -> None:
        state["done"] = True


@node
def count(words: list[str]) -> Turn:
    return Turn(text=str(len(words)))


@node(name="again", retry=Retry(attempts=2))
async def recount(words: list[str], *, llm: object) -> None: ...


async def main() -> None:
    split, shared = Split(), Shared("-", name="shared")
    graph = Graph(
        "g", split - "some" >> shared >> count >> END, split - "none" >> recount >> END, inputs=Turn
    )
    bound = graph.bind(llm=object())
    result = await bound.run({"text": "a b"})
    text: object = result["text"]
    async for event in bound.stream(Turn(text="a")):
        print(event.run_id, text)
