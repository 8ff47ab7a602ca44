"""DBOS: a workflow of seven steps, each with a row of its own."""
# mypy: disable-error-code="import-not-found, untyped-decorator, no-any-return"
# pyright: reportMissingImports=false

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from typing import Any

from dbos import DBOS, SetWorkflowID
from payload import CHAIN, Kind


@DBOS.step(name="count")
async def count(i: int) -> int:
    return i + 1


@DBOS.workflow(name="chain")
async def chain(state: dict[str, Any]) -> dict[str, Any]:
    for _ in range(CHAIN):
        state["i"] = await count(state["i"])
    return state


class Durable:
    """The one DBOS of this process."""

    def __init__(self, url: str, kind: Kind) -> None:
        if url.startswith("sqlite"):
            connection = sqlite3.connect(url.removeprefix("sqlite:///"))
            connection.execute(
                "PRAGMA journal_mode = WAL"
            )  # stays with the file; FULL is the driver's default
            connection.close()
        DBOS(
            config={
                "name": "bench",
                "system_database_url": url,
                "log_level": "CRITICAL",
                "run_admin_server": False,
            }
        )
        DBOS.launch()

    async def run(self, state: dict[str, Any]) -> Mapping[str, Any]:
        with SetWorkflowID(os.urandom(8).hex()):
            return await chain(state)

    async def close(self) -> None:
        DBOS.destroy()
