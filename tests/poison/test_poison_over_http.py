"""Does a poisoned memory ever cause a call through the real clients? All cases in Anthropic's dialect, and in OpenAI's two of each
family; all of them in both with --full.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from turngraph.models import DatabaseManager
from turngraph.services import Connection

from .server import PATHS, Dialect, ObedientServer, remote
from .test_poison import CASES, FAMILIES, gather, injected


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseManager]:
    with DatabaseManager(f"sqlite:///{tmp_path_factory.mktemp('poison')}/poison.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def server() -> Iterator[ObedientServer]:
    with ObedientServer() as opened:
        yield opened


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dialect", ["anthropic", "openai"])
async def test_a_poisoned_memory_causes_no_call(
    dialect: Dialect, family: str, db: DatabaseManager, server: ObedientServer, full: bool
) -> None:
    mine = [name for name in CASES if name.partition("-")[0] == family]
    if dialect == "openai" and not full:
        mine = mine[:2]
    shared = Connection(dialect, "shared", api_key="sk-tests", base_url="http://unused.invalid")
    before = len(server.asked)
    found = await gather(
        [
            injected(
                db, f"{name}-{dialect}", CASES[name], remote(server, dialect, name_of(name, dialect), shared)
            )
            for name in mine
        ]
    )
    assert found == []
    # It was really asked: at least twice for each of two turns, once with tools and once with what came of them.
    requests = server.asked[before:]
    assert {one.path for one in requests} == {PATHS[dialect]} and len(requests) >= 4 * len(mine)


def name_of(case: str, dialect: str) -> str:
    return f"{case}-{dialect}"
