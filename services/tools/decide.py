"""May this call be made?

What comes out of memory is data: it never allows anything. A call with an effect is made where this turn's user
message, or a grant that came with it, asks for the tool, and holds every value that the tool would be given. So the
answer does not rest on finding out what was recalled, and no disguise of it helps; where a value was read is looked
up only to say so.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ValidationError

from .call import Call, Outcome, Rule, deeper_than, readable, spoken, storable
from .grant import Allowance
from .origin import Origin, Piece, Sources, first
from .said import Leaf, leaves
from .toolbox import Tool

LONGEST = 50_000
"""Characters of arguments that are looked at; a call with more is refused."""
LONGEST_NAME = 200
DEEPEST = 10

_FROM: Mapping[str, str] = {
    "memory": "it comes from something remembered",
    "tool": "it comes from a tool's result",
    "history": "it comes from an earlier turn",
    "system": "it comes from the instructions",
    "model": "the model made it up",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision rests on: the node's tools, what the user allows, what the model read, and what was done."""

    tools: Mapping[str, Tool]
    allowance: Allowance
    sources: Sources
    done: Sequence[Outcome] = ()
    trusts_memory: Collection[str] = ()
    turn: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, as it is recorded; and, where the call is allowed, the arguments to make it with."""

    outcome: Outcome
    tool: Tool | None = None
    arguments: BaseModel | None = None


@dataclass(slots=True)
class _Traced:
    """Where the arguments of a call come from."""

    origins: dict[str, Origin] = field(default_factory=dict)
    read: list[Piece] = field(default_factory=list)
    unsaid: dict[str, Piece] = field(default_factory=dict)


def decide(call: Call, now: Situation) -> Decision:
    """Whether a call may be made, by which rule, and where it comes from."""
    if (
        len(call.tool) > LONGEST_NAME
        or deeper_than(call.arguments, DEEPEST)
        or len(json.dumps(call.arguments)) > LONGEST
    ):
        # What is kept of such a call must not be what is wrong with it.
        call = Call(tool=storable(call.tool[:LONGEST_NAME]), id=storable(call.id))
        why = (
            f"its name is over {LONGEST_NAME} characters, or its arguments over {LONGEST:,} or {DEEPEST} deep"
        )
        return _refused(call, now, "invalid_arguments", why)
    call = Call(tool=storable(call.tool), arguments=storable(call.arguments), id=storable(call.id))
    tool = now.tools.get(call.tool)
    if tool is None:
        granted = ", ".join(now.tools) or "none"
        return _refused(call, now, "not_in_node", f"no such tool is granted here (granted: {granted})")
    try:
        arguments = tool.arguments.model_validate(call.arguments)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'arguments'}: {fault['msg']}" for fault in error.errors()
        )
        return _refused(call, now, "invalid_arguments", f"its arguments do not fit: {faults}")
    clean = call.model_copy(update={"arguments": arguments.model_dump(mode="json", by_alias=True)})
    values = list(leaves(arguments))
    if not tool.effect or tool.name in now.trusts_memory:
        rule: Rule = "read_only" if not tool.effect else "trusts_memory"
        why = (
            "the tool has no effect"
            if not tool.effect
            else "the node trusts what is remembered with this tool"
        )
        return _allowed(clean, now, tool, arguments, rule, why, _trace(values, now, ()))
    before = [done for done in now.done if done.allowed and done.call.tool == tool.name]
    asked = now.allowance.asks_for(tool)
    by_grant = [done.call.arguments for done in before if done.rule == "granted"]
    fixed = now.allowance.fixed_by_grant(tool, arguments, by_grant)
    traced = _trace(values, now, fixed or ())
    if not asked and fixed is None:
        return _refused(clean, now, "not_asked", "you did not ask for that in this message", tool, traced)
    if traced.unsaid:
        names = ", ".join(
            f"{readable(path)} ({_FROM.get(piece.origin, 'nobody said it')})"
            for path, piece in traced.unsaid.items()
        )
        why = f"you did not say this in this message: {names}"
        return _refused(clean, now, "argument_not_said", why, tool, traced)
    # A request is for one call: else a memory could have a payment made again under a name written otherwise.
    if any(done.call.arguments == clean.arguments for done in before):
        return _refused(clean, now, "repeated", "it was made once in this turn already", None, traced)
    if fixed is not None:
        return _allowed(
            clean, now, tool, arguments, "granted", "a grant for it came with the message", traced
        )
    if sum(done.rule == "asked" for done in before) < asked:
        return _allowed(clean, now, tool, arguments, "asked", "the user asked for it in this message", traced)
    why = f"you asked for {tool.name} {'once' if asked == 1 else f'{asked} times'}, and it was made as often"
    return _refused(clean, now, "repeated", why, tool, traced)


def _trace(values: Sequence[Leaf], now: Situation, fixed: Collection[str]) -> _Traced:
    traced = _Traced()
    for leaf in values:
        if leaf.field in fixed:
            traced.origins[leaf.path] = "grant"
        elif leaf.default:
            traced.origins[leaf.path] = "default"
        elif leaf.said_in(now.allowance.message):
            traced.origins[leaf.path] = "user"
        else:
            piece = now.sources.of(leaf.value)
            traced.origins[leaf.path] = piece.origin
            traced.unsaid[leaf.path] = piece
            traced.read.append(piece)
    return traced


def _allowed(
    call: Call, now: Situation, tool: Tool, arguments: BaseModel, rule: Rule, reason: str, traced: _Traced
) -> Decision:
    trigger: Origin = (
        "grant" if rule == "granted" else "user" if rule == "asked" else _wanted(call, now, traced).origin
    )
    if trigger == "model" and not traced.unsaid and rule == "read_only":
        trigger = "user"
    outcome = Outcome(
        call=call, allowed=True, rule=rule, reason=reason, trigger=trigger, origins=traced.origins,
        refs=_refs(traced.read), tainted=bool(traced.unsaid), turn=now.turn,
    )  # fmt: skip
    return Decision(outcome, tool, arguments)


def _refused(
    call: Call,
    now: Situation,
    rule: Rule,
    reason: str,
    tool: Tool | None = None,
    traced: _Traced | None = None,
) -> Decision:
    traced = traced or _Traced()
    wanted = _wanted(call, now, traced)
    mend = None
    if tool is not None:
        mend = f'If you want it, say: "{tool.spoken(spoken(call.arguments))}".'
    outcome = Outcome(
        call=call, allowed=False, rule=rule, reason=reason,
        trigger="user" if rule in ("argument_not_said", "repeated") else wanted.origin,
        origins=traced.origins, refs=_refs([*traced.read, wanted]), tainted=True, mend=mend, turn=now.turn,
        again=rule == "argument_not_said" and tool is not None and tool.looks_up,
    )  # fmt: skip
    return Decision(outcome)


def _wanted(call: Call, now: Situation, traced: _Traced) -> Piece:
    """What most likely made the model ask for a call: what its arguments, or its name, were read in."""
    found = first(traced.read)
    return found if found.origin != "model" else now.sources.of(call.tool)


def _refs(read: Sequence[Piece]) -> list[str]:
    return list(dict.fromkeys(piece.ref for piece in read if piece.ref is not None))
