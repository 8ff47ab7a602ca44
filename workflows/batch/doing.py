"""What is done with one record: answered, taken in, or run through a workflow; and what came of it, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ...engine import Graph, Result, ValidationError
from ...engine.record import RunExists
from ...models import DatabaseManager, Scope
from ...nodes.conversation.ingest import ingest
from ...services import ClaudeAPIError, Embedder, Usage, default_embedder, price_of
from ..conversation import create_conversation_workflow

OURS: Final = ("id", "user_id", "tenant_id", "conversation_id", "messages", "title")
_TURN: Final = ("message", "content")


@dataclass(slots=True)
class Done:
    """What a record came to: its result, and what it cost; `skipped` says why there was nothing to do."""

    result: dict[str, Any] = field(default_factory=dict)
    tokens: int = 0
    cost: float | None = None
    skipped: str | None = None
    seconds: float = 0.0


class Doing:
    """Runs records through a workflow; without one a message is answered, and messages are taken in.

    `reply` answers the last message of a conversation that is taken in. `durable` commits every step of every
    record, so that one that was cut off goes on from its last step instead of from its start.
    """

    def __init__(
        self,
        db: DatabaseManager,
        workflow: Graph | None = None,
        *,
        tenant: str = "default",
        reply: bool = False,
        durable: bool = False,
        llm: Any = None,
        embedder: Embedder | None = None,
    ) -> None:
        self._db, self._tenant, self._reply, self._durable = db, tenant, reply, durable
        self._graph = workflow
        self._embedder = embedder
        self._talk = workflow
        if workflow is None:
            self._talk = create_conversation_workflow(db, llm=llm, embedder=embedder)
        fields = None if workflow is None or workflow.inputs is None else workflow.inputs.model_fields
        self._fields = None if fields is None else frozenset(fields)
        self._takes_in = workflow is None or (fields is not None and "conversation_id" in fields)
        self._store: Any = db.runs if durable else db

    def lane(self, record: Mapping[str, Any]) -> str | None:
        """Whose turn it is: records of one user are done one after the other."""
        user = record.get("user_id")
        return f"{record.get('tenant_id', self._tenant)}/{user}" if isinstance(user, str) else None

    async def __call__(self, batch: str, key: str, record: Mapping[str, Any]) -> Done:
        """Does one record; what it raises is why that record failed."""
        mark = f"batch-{batch[:8]}-{key}"
        if self._graph is None:
            return await self._talked(mark, record)
        if self._takes_in and "messages" in record and "messages" not in (self._fields or ()):
            taken = await self._take_in(mark, record, record["messages"])
            kept = {key: value for key, value in record.items() if key in (self._fields or ())}
            record = {**kept, "conversation_id": taken["conversation_id"]}  # the rest is its metadata by now
        given = self._inputs(mark, record)
        return _done(await self._run(self._graph, mark, given), given, self._graph)

    async def _talked(self, mark: str, record: Mapping[str, Any]) -> Done:
        if "user_id" not in record:
            raise ValidationError("a record is an object with user_id, and message or messages", ["user_id"])
        if "messages" in record:
            messages = record["messages"]
            last = messages[-1] if self._reply and isinstance(messages, list) and messages else None
            if not isinstance(last, dict) or last.get("role", "user") != "user":
                return Done(await self._take_in(mark, record, messages))
            taken = await self._take_in(mark, record, messages[:-1])
            turn = {key: value for key, value in last.items() if key not in ("role", "content", "id")}
            turn |= {"current_message": last.get("content"), "conversation_id": taken["conversation_id"]}
            done = await self._answer(mark, {**self._who(record), **turn, "client_id": _last_id(messages)})
            done.result = {**taken, **done.result, "messages_stored": taken["messages_stored"] + 1}
            return done
        if "message" not in record and "current_message" not in record:
            raise ValidationError(
                "a record has message, to be answered, or messages, to be taken in", ["message"]
            )
        return await self._answer(mark, self._inputs(mark, record))

    async def _answer(self, mark: str, given: dict[str, Any]) -> Done:
        assert self._talk is not None
        result = await self._run(self._talk, mark, given)
        if not result["generation_success"]:
            raise ClaudeAPIError(str(result["response"]))
        usage = result.get("token_usage")
        kept = {key: result[key] for key in ("conversation_id", "response", "memories_extracted")}
        return Done(kept, _tokens(usage), _cost(result, usage))

    async def _take_in(self, mark: str, record: Mapping[str, Any], messages: Any) -> dict[str, Any]:
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
            raise ValidationError("messages is a list of objects with role and content", ["messages"])
        # In a conversation of the record's own, where it names none: a second time adds none twice.
        who, given = self._who(record), record.get("conversation_id")
        if given is not None and not isinstance(given, str):
            raise ValidationError(
                f"conversation_id: expected a text, found a {type(given).__name__}", ["conversation_id"]
            )
        rest = {key: value for key, value in record.items() if key not in OURS}
        if self._embedder is None:
            self._embedder = default_embedder()
        return await ingest(
            self._db, self._embedder, Scope(who["tenant_id"], who["user_id"]), numbered(messages), given or mark,
            title=record.get("title"), metadata=rest,
        )  # fmt: skip

    async def _run(self, graph: Graph, mark: str, given: dict[str, Any]) -> Result:
        who = given.get("user_id")
        scope = Scope(given.get("tenant_id", self._tenant), who) if isinstance(who, str) and who else None
        if not self._durable:
            return await graph.run(given, store=self._store, scope=scope)
        try:
            return await graph.run(given, store=self._store, scope=scope, run_id=mark)
        except RunExists:
            return await graph.resume(mark, store=self._store)

    def _who(self, record: Mapping[str, Any]) -> dict[str, Any]:
        return {"user_id": record.get("user_id"), "tenant_id": record.get("tenant_id", self._tenant)}

    def _inputs(self, mark: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record as a workflow is given it: `message` under the name the workflow has for it, `id` as the sender's."""
        fields, given = self._fields, dict(record)
        talks = self._graph is None or (fields is not None and "current_message" in fields)
        if talks:
            own = given.pop("id", None)
            given.setdefault("client_id", mark if own is None else str(own))
            for name in _TURN:
                if "current_message" not in given and name in given:
                    given["current_message"] = given.pop(name)
        elif fields is not None and "id" not in fields:
            given.pop("id", None)
        if fields is not None and "messages" not in fields:
            given.pop("messages", None)
        elif fields is not None and "conversation_id" in fields and isinstance(given.get("messages"), list):
            # As where they are taken in without a workflow: a second time adds none twice.
            given["messages"] = numbered(given["messages"])
            given.setdefault("conversation_id", mark)
            about = {key: given.pop(key) for key in list(given) if key not in fields}
            if about and "metadata" in fields:
                given["metadata"] = {**given.get("metadata", {}), **about}
        if talks or (fields is not None and "tenant_id" in fields):
            given.setdefault("tenant_id", self._tenant)
        return given


def numbered(messages: list[Any]) -> list[Any]:
    """The messages, each with an id where it has none: its place in the record."""
    return [
        {"id": f"#{number}", **message} if isinstance(message, dict) else message
        for number, message in enumerate(messages, 1)
    ]


def _last_id(messages: list[dict[str, Any]]) -> str:
    return str(messages[-1].get("id", f"#{len(messages)}"))


def _done(result: Result, given: Mapping[str, Any], graph: Graph) -> Done:
    """What a workflow wrote; of one with `outputs=` those, else all but what it was given."""
    if result.get("generation_success") is False:
        raise ClaudeAPIError(str(result.get("response")))
    names = result.keys() - given.keys() if graph.outputs is None else graph.outputs.model_fields
    usage, skipped = result.get("token_usage"), result.get("skipped")
    kept = {name: result[name] for name in names if name in result}
    if (
        "response" in kept and "session_metrics" in kept
    ):  # a conversation's state is its working, not its result
        kept = {key: result[key] for key in ("conversation_id", "response", "memories_extracted")}
    return Done(
        kept, _tokens(usage), _cost(result, usage), skipped if isinstance(skipped, str) and skipped else None
    )


def _tokens(usage: Any) -> int:
    return getattr(usage, "input_tokens", 0) + getattr(usage, "output_tokens", 0)


def _cost(result: Mapping[str, Any], usage: Any) -> float | None:
    """What a record cost: as its workflow says, else by the table of prices, where that knows the model."""
    said = result.get("cost")
    if isinstance(said, (int, float)):
        return float(said)
    provider, colon, model = str(result.get("model", "")).partition(":")
    price = price_of(provider, model) if colon and isinstance(usage, Usage) else None
    if price is None:
        return None
    return price.cost(usage) / 1_000_000_000
