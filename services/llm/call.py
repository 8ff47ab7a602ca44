"""How does one call come to its answer: over retries, over fail-over, within one deadline, through the gate?

A call makes attempts at one provider after the other until one answers. Text that was shown is never shown again: once
a piece has left, a failure is final.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import (
    BudgetExceeded,
    ClaudeAPIError,
    ModelRefused,
    ModelReplyInvalid,
    ModelUnavailable,
    RateLimited,
)
from .connection import Connection
from .failures import wait_seconds
from .gate import Account, Attempt, Gate, Ticket
from .request import Answer, Asked, Heard, Request

COUNT_MARGIN = 64
"""Tokens that a provider's count of the input may be short by, beside a twentieth of it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How persistently a call is made."""

    attempts: int = 3
    """At each provider."""
    backoff: float = 1.0
    """Seconds before the second attempt; the wait doubles from there."""
    deadline: float = 300.0
    """Seconds for the whole call."""
    sleep: Callable[[float], Awaitable[Any]] = field(default_factory=lambda: asyncio.sleep)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, who gave it, and how many attempts it took."""

    answer: Answer
    connection: Connection
    attempts: int
    calls: list[Asked]
    """The tool calls it asks for."""


class Call:
    """One call, while it is made."""

    def __init__(
        self,
        connections: Sequence[Connection],
        request: Request,
        gate: Gate,
        policy: Policy,
        account: Account | None,
        *,
        streamed: bool,
    ) -> None:
        self._connections = connections
        self._request = request
        self._gate = gate
        self._policy = policy
        self._account = account
        self._streamed = streamed
        self._id = uuid.uuid4().hex
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + policy.deadline
        self._attempts = 0
        self._shown = False

    async def pieces(self) -> AsyncGenerator[str | Answered]:
        """The text as it comes, where it is streamed, and the answer last; ClaudeAPIError where nobody gives one."""
        failures: list[ClaudeAPIError] = []
        for connection in self._connections:
            try:
                async with aclosing(self._persistently(connection)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except ClaudeAPIError as error:
                failures.append(error)
                if not self._elsewhere(error):
                    break
        last = failures[-1]
        last.attempts = self._attempts
        for earlier in failures[:-1]:
            last.add_note(f"before that: {earlier}")
        raise last from None

    async def answered(self) -> Answered:
        """The answer alone."""
        async with aclosing(self.pieces()) as pieces:
            async for piece in pieces:
                if isinstance(piece, Answered):
                    return piece
        raise AssertionError("a call ends in an answer or an error")

    def _elsewhere(self, error: ClaudeAPIError) -> bool:
        # A refusal is an answer, and a budget is the same everywhere: neither is shopped around.
        final = isinstance(error, ModelRefused | BudgetExceeded)
        return not (self._shown or final or self._loop.time() >= self._deadline)

    async def _persistently(self, connection: Connection) -> AsyncGenerator[str | Answered]:
        """Attempts at one provider, as many as the policy, its health and the deadline allow."""
        from tenacity import AsyncRetrying, retry_if_exception

        connection.client()
        connection.health.called()
        last: ClaudeAPIError | None = None
        async for trial in AsyncRetrying(
            retry=retry_if_exception(self._again),
            wait=self._wait,
            stop=lambda state: self._enough(connection, state),
            sleep=self._policy.sleep,
            reraise=True,
        ):
            if pause := connection.health.left_alone(self._loop.time()):
                raise last or _left_alone(connection, pause)
            # The trial records its own outcome: a `with` around a yield would swallow what the listener raises.
            try:
                async with aclosing(self._attempt(connection)) as pieces:
                    async for piece in pieces:
                        yield piece
            except ClaudeAPIError as error:
                last = error
                trial.retry_state.set_exception((type(error), error, None))
                continue
            trial.retry_state.set_result(None)
            return

    def _again(self, error: BaseException) -> bool:
        if not isinstance(error, ClaudeAPIError) or isinstance(error, BudgetExceeded | RateLimited):
            return False
        return error.retryable and not self._shown

    def _wait(self, state: Any) -> float:
        error = state.outcome.exception() if state.outcome else None
        return wait_seconds(error, state.attempt_number, self._policy.backoff)

    def _enough(self, connection: Connection, state: Any) -> bool:
        then = self._loop.time() + state.upcoming_sleep
        if state.attempt_number >= self._policy.attempts or then >= self._deadline:
            return True
        return bool(connection.health.left_alone(then)) or not connection.health.retry()

    async def _attempt(self, connection: Connection) -> AsyncGenerator[str | Answered]:
        """One request: leave is asked before it, and what became of it is told after it, however it ends."""
        request = self._request
        body = connection.dialect.body(connection, request)
        attempt = Attempt(
            call_id=self._id,
            number=self._attempts + 1,
            provider=connection.provider.name,
            model=connection.model,
            input_bound=connection.bound(body, request),
            output_bound=request.max_tokens,
            account=self._account,
            deadline=self._deadline,
        )
        ticket = await self._leave(connection, body, attempt)
        self._attempts += 1
        connection.health.asked(self._loop.time())
        heard = Heard()
        answer: Answer | None = None
        failed: ClaudeAPIError | None = None
        try:
            async with aclosing(self._heard(connection, body, heard)) as pieces:
                async for piece in pieces:
                    ticket.heard()
                    if isinstance(piece, Answer):
                        answer = piece
                        break
                    self._shown = True
                    yield piece
        except Exception as error:
            if answer is None:  # else only the closing went wrong
                failed = await self._failed(connection, error, ticket, heard)
        except BaseException:
            # Cancelled, or nobody listens any more.
            told = answer.usage if answer is not None else None
            await _ended(ticket.uncertain(heard.usage) if told is None else ticket.settle(told))
            raise
        if failed is not None:
            # Raised out here, it does not drag the SDK's error along, whose request holds the key.
            raise failed
        if answer is None:
            raise AssertionError("a dialect ends in an answer or an error")
        connection.health.answered()
        await _ended(ticket.uncertain() if answer.usage is None else ticket.settle(answer.usage))
        yield Answered(answer, connection, self._attempts, _usable(answer, request, connection))

    async def _leave(self, connection: Connection, body: dict[str, Any], attempt: Attempt) -> Ticket:
        """The leave to make an attempt; where its bound is too high, once more with the provider's own count."""
        try:
            return await self._gate.enter(attempt)
        except (BudgetExceeded, RateLimited):
            counted = await self._counted(connection, body)
            if counted is None or counted >= attempt.input_bound:
                raise
        return await self._gate.enter(replace(attempt, input_bound=counted))

    async def _counted(self, connection: Connection, body: dict[str, Any]) -> int | None:
        if not connection.provider.counts:
            return None
        try:
            async with asyncio.timeout_at(self._deadline):
                counted = await connection.dialect.count(connection.client(), body)
        except Exception:
            return None  # the bound that stands is safe
        # Providers call their count an estimate.
        return None if counted is None else counted + counted // 20 + COUNT_MARGIN

    async def _heard(
        self, connection: Connection, body: dict[str, Any], heard: Heard
    ) -> AsyncGenerator[str | Answer]:
        """What the provider says, each piece before the deadline."""
        client = connection.client()
        if not self._streamed:
            async with asyncio.timeout_at(self._deadline):
                answer = await connection.dialect.answer(client, body, heard)
            yield answer
            return
        async with aclosing(connection.dialect.stream(client, body, heard)) as pieces:
            while True:
                # Around the wait alone: a timeout around the yield would cancel whoever listens.
                async with asyncio.timeout_at(self._deadline):
                    try:
                        piece = await anext(pieces)
                    except StopAsyncIteration:
                        return
                yield piece

    async def _failed(
        self, connection: Connection, error: Exception, ticket: Ticket, heard: Heard
    ) -> ClaudeAPIError:
        """Ends the ticket of a failed attempt; the error of ours that it stands for."""
        if isinstance(error, TimeoutError) and self._loop.time() >= self._deadline:
            error = ModelUnavailable(
                f"no whole answer within the deadline of {self._policy.deadline:g} seconds. "
                "Try again, or raise deadline=.",
                retryable=True,
            )
        failure = connection.failure(error)
        await _ended(ticket.release() if failure.idle else ticket.uncertain(heard.usage))
        if isinstance(failure.error, ModelUnavailable):
            connection.health.failed(self._loop.time())
        else:
            connection.health.answered()
        return failure.error


def _usable(answer: Answer, request: Request, connection: Connection) -> list[Asked]:
    """The tool calls of an answer; raises where an answer came, was paid, and is none."""
    provider, model = connection.provider.name, connection.model
    if answer.stop_reason == "refusal":
        raise ModelRefused(
            f"{connection.name} declined to answer. Put the request differently.",
            provider=provider,
            model=model,
        )
    try:
        calls = [call.asked(answer.stop_reason) for call in answer.calls]
    except ModelReplyInvalid as error:
        raise connection.failure(error).error from None
    empty = not (answer.text.strip() or calls or request.done or answer.stop_reason == "max_tokens")
    if empty:
        raise ModelReplyInvalid(
            f"{connection.name} answered without any text (it stopped with {answer.stop_reason!r}). "
            "Ask again, or raise max_tokens.",
            provider=provider,
            model=model,
        )
    return calls


def _left_alone(connection: Connection, pause: float) -> ModelUnavailable:
    return ModelUnavailable(
        f"{connection.name} failed several times in a row and is left alone for another {pause:.0f} seconds. "
        "Try again then.",
        provider=connection.provider.name,
        model=connection.model,
        retryable=True,
    )


async def _ended(ending: Coroutine[Any, Any, None]) -> None:
    # Whoever cancels a call must not cancel its entry in the books.
    await asyncio.shield(ending)
