"""Which id is meant where somebody gives the beginning of one, as the tables of the command line show it?"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...engine import ValidationError
from ..conversation import Conversation
from ..memory import MemoryIndex
from ..message import Message
from ..scope import Scope, check_id
from ..tool_execution import ToolExecution

Kind: TypeAlias = Literal["conversation", "message", "memory", "tool execution"]

SHORTEST: Final = 8
_MODELS: Final[dict[Kind, Any]] = {
    "conversation": Conversation, "message": Message, "memory": MemoryIndex, "tool execution": ToolExecution,
}  # fmt: skip


def whole(session: Session, scope: Scope, kind: Kind, given: str) -> str:
    """The one id of the scope that is this or begins so; what was given where there is none."""
    if len(check_id(kind, given)) < SHORTEST:
        return given
    model = _MODELS[kind]
    mine = (model.tenant_id == scope.tenant, model.user_id == scope.user)
    if session.scalar(select(model.id).where(*mine, model.id == given)) is not None:
        return given
    begins = model.id.startswith(given, autoescape=True)
    found = [id for id in session.scalars(select(model.id).where(*mine, begins)) if id.startswith(given)]
    if len(found) > 1:
        raise ValidationError(f"{kind}: {len(found)} ids begin with {given!r}; give more of the one", [kind])
    return str(found[0]) if found else given
