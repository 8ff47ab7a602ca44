"""Tool executions: stored with a receipt in the transaction of the step that made them, and never changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from ...engine import ValidationError
from ...services.tools import Outcome
from ..conversation import Conversation
from ..errors import NotFound
from ..receipt import current_key, key_of
from ..scope import Scope, check_limit
from ..tool_execution import STATUSES, ToolExecution


def owned(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    """The condition that an execution is the scope's."""
    return (ToolExecution.tenant_id == scope.tenant, ToolExecution.user_id == scope.user)


def record(
    session: Session, conversation: Conversation, message_id: str, outcomes: Sequence[Outcome]
) -> list[ToolExecution]:
    """Stores what came of the calls of a message's turn, each signed; one that is stored already stays as it is."""
    scope = Scope(conversation.tenant_id, conversation.user_id)
    there = select(ToolExecution.id, ToolExecution.number).where(
        *owned(scope), ToolExecution.message_id == message_id
    )
    known = {id_: number for id_, number in session.execute(there)}
    last = max(known.values(), default=0)
    new = [outcome for outcome in outcomes if outcome.execution not in known]
    if not new:
        return []
    key = current_key(session)
    made = []
    for number, outcome in enumerate(new, last + 1):
        row = ToolExecution(
            id=outcome.execution, tenant_id=scope.tenant, user_id=scope.user, conversation_id=conversation.id,
            message_id=message_id, number=number, tool=outcome.call.tool[:200], arguments=outcome.call.arguments,
            call_id=None if outcome.call.id is None else outcome.call.id[:200],
            key=outcome.key, status=outcome.status, rule=outcome.rule, reason=outcome.reason, trigger=outcome.trigger,
            origins=outcome.origins, refs=outcome.refs, tainted=outcome.tainted, result=outcome.result, error=outcome.error,
            started_at=outcome.started_at, seconds=outcome.seconds, receipt_key=key.id, receipt="",
        )  # fmt: skip
        row.receipt = key.seal(row.unsigned())
        made.append(row)
    session.add_all(made)
    session.flush()
    return made


def get(session: Session, scope: Scope, execution_id: str) -> ToolExecution:
    """The execution of that id; NotFound where the scope has none."""
    row = session.scalar(select(ToolExecution).where(*owned(scope), ToolExecution.id == execution_id))
    if row is None:
        raise NotFound(
            f"no tool execution {execution_id!r} belongs to user {scope.user!r}; turngraph tools calls shows them"
        )
    return row


def listed(
    session: Session,
    scope: Scope,
    *,
    conversation_id: str | None = None,
    message_id: str | None = None,
    tool: str | None = None,
    status: str | None = None,
    limit: int = 50,
) -> list[ToolExecution]:
    """The scope's executions, the newest first."""
    if status is not None and status not in STATUSES:
        raise ValidationError(f"status: expected one of {', '.join(STATUSES)}, found {status!r}", ["status"])
    query = select(ToolExecution).where(*owned(scope))
    given = (
        (ToolExecution.conversation_id, conversation_id), (ToolExecution.message_id, message_id),
        (ToolExecution.tool, tool), (ToolExecution.status, status),
    )  # fmt: skip
    for column, value in given:
        if value is not None:
            query = query.where(column == value)
    order = (ToolExecution.started_at.desc(), ToolExecution.number.desc(), ToolExecution.id)
    return list(session.scalars(query.order_by(*order).limit(check_limit(limit))))


def verified(session: Session, scope: Scope, execution_id: str) -> bool | None:
    """Whether an execution is as it was when it was signed; None where its key is not of this database."""
    row = get(session, scope, execution_id)
    key = key_of(session, row.receipt_key)
    return None if key is None else key.sealed(row.unsigned(), row.receipt)
