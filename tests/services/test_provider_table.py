"""What does the client make of each thing that a provider can do? A real server, the real SDKs, both dialects.

`pytest -q tests/services/test_provider_table.py --collect-only` prints the table's rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from turngraph.services import ClaudeAPIError, Connection, Policy, Prompt, ProviderModel, Reply

from .provider.gates import RecordingGate
from .provider.server import ProviderServer
from .provider.table import ROWS, Row

KEY = "sk-canary-of-the-table"
DIALECTS = ("anthropic", "openai")


def cases() -> Iterator[object]:
    for row in ROWS:
        modes = ("stream", "whole") if row.mode == "either" else (row.mode,)
        for dialect in DIALECTS:
            for mode in modes:
                yield pytest.param(row, dialect, mode, id=f"{row.name}-{dialect}-{mode}")


async def asked(model: ProviderModel, mode: str) -> tuple[str, Reply | None, ClaudeAPIError | None]:
    """What was shown, the reply, and the error."""
    prompt, shown = Prompt(message="What is my dog called?"), ""
    try:
        if mode == "whole":
            reply = await model.reply(prompt, max_tokens=50)
            return reply.text, reply, None
        last = None
        async for piece in model.stream(prompt, max_tokens=50):
            if isinstance(piece, Reply):
                last = piece
            else:
                shown += piece
        return shown, last, None
    except ClaudeAPIError as error:
        return shown, None, error
    finally:
        await model.aclose()


@pytest.mark.parametrize(("row", "dialect", "mode"), list(cases()))
async def test_a_behaviour(row: Row, dialect: str, mode: str) -> None:
    gate, waits = RecordingGate(), []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    with ProviderServer(*row.script) as server:
        connection = Connection(
            dialect,
            "test-model",
            api_key=KEY,
            base_url=row.address or server.base_url(dialect),
            timeout=row.timeout,
            largest=row.largest,
        )
        policy = Policy(backoff=1.0, deadline=row.deadline, sleep=sleep)
        shown, reply, error = await asked(ProviderModel(connection, gate=gate, policy=policy), mode)

    assert (type(error) if error else None) is row.error, error
    assert shown == row.text
    assert gate.endings == list(row.endings)
    assert len(waits) == len(row.waits)
    assert all(wait >= least for wait, least in zip(waits, row.waits, strict=True)), waits
    if row.address is None:
        assert len(server.seen) == len(row.endings)  # each attempt is one request, and asked for leave
    if error is not None:
        assert error.attempts == len(row.endings)
        assert (
            row.said in str(error)
            and KEY not in f"{error}{error.__dict__}{error.__notes__ if hasattr(error, '__notes__') else ''}"
        )
        assert [one for one in behind(error) if hasattr(one, "request")] == []  # it holds the key
    if reply is not None:
        assert reply.text == row.text and reply.stop_reason == row.stop_reason
        assert reply.usage.estimated is (row.endings[-1] == "uncertain")

    settled = [entry for entry in gate.entries if entry.ending == "settled"]
    for entry in settled:
        assert entry.usage is not None
        assert entry.usage.input_tokens <= entry.attempt.input_bound
    booked_in = sum(entry.attempt.input_bound for entry in gate.entries if entry.ending == "uncertain")
    booked_out = sum(entry.attempt.output_bound for entry in gate.entries if entry.ending == "uncertain")
    booked_in += sum(entry.usage.input_tokens for entry in settled if entry.usage)
    booked_out += sum(entry.usage.output_tokens for entry in settled if entry.usage)
    assert (booked_in >= server.billed[0]) and (booked_out >= server.billed[1])


def behind(error: BaseException) -> list[BaseException]:
    """The error and all that stand behind it."""
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or one.__context__
    return found


def test_the_table_is_long_enough() -> None:
    assert len(ROWS) >= 40
    assert len({row.name for row in ROWS}) == len(ROWS)
