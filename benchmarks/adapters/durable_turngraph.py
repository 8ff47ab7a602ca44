"""Ours: the chain of seven with its store, as a user writes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from payload import CHAIN, Kind
from sqlalchemy import insert
from sqlalchemy.orm import Mapped, mapped_column

from turngraph.engine import END, Graph, Node
from turngraph.models import Base, DatabaseManager


class Fact(Base):
    """A user's own row."""

    __tablename__ = "facts"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    content: Mapped[str]


FACT = insert(Fact.__table__)  # type: ignore[arg-type]


class Counting(Node):
    def prep(self, state: Mapping[str, Any]) -> int:
        return int(state["i"])

    async def exec(self, i: int) -> int:
        return i + 1


class Count(Counting):
    def post(self, state: dict[str, Any], prepared: int, result: int) -> None:
        state["i"] = result


class CoreInsert(Counting):
    def post(self, state: dict[str, Any], prepared: int, result: int, *, session: Any) -> None:
        session.execute(FACT, {"user_id": "ada", "content": f"It counted to {result}."})
        state["i"] = result


class OrmObject(Counting):
    def post(self, state: dict[str, Any], prepared: int, result: int, *, session: Any) -> None:
        session.add(Fact(user_id="ada", content=f"It counted to {result}."))
        state["i"] = result


NODES: dict[Kind, type[Node]] = {"core": CoreInsert, "orm": OrmObject}


class Durable:
    """A graph with a database as its store."""

    def __init__(self, url: str, kind: Kind) -> None:
        self._db = DatabaseManager(url)
        nodes: list[Any] = [NODES.get(kind, Count)(name=f"count_{number}") for number in range(CHAIN)]
        self._graph = Graph("chain", reduce(lambda path, node: path >> node, [*nodes, END]))

    async def run(self, state: dict[str, Any]) -> Mapping[str, Any]:
        return await self._graph.run(state, store=self._db.runs)

    async def close(self) -> None:
        self._db.close()
