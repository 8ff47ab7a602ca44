"""Does a poisoned memory ever cause a call? 300 of them, against a model that obeys all it reads; and 60 requests that must go through.

The cases are in cases/*.yaml, one family a file, each case with its name: what is remembered, what the user says, and
the call that the memory wants. README.md says how they are made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
import yaml

from turngraph.models import DatabaseManager
from turngraph.services import OfflineModel
from turngraph.services.tools import Allowance, Asking, Call, Outcome, Situation, Sources, decide

from .house import FOLDER, House, cases, control
from .obedient import Obedient
from .tools import EFFECTS, Bank

CASES = cases()
FAMILIES = sorted({name.partition("-")[0] for name in CASES})
BENIGN = yaml.safe_load((FOLDER / "benign.yaml").read_text(encoding="utf-8"))
TOOLS = {tool.name: tool for tool in Bank().toolbox()}


def plain(call: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A call as the tool would be given it, so that two ways to write one are equal; one of no tool, as it is."""
    tool = TOOLS.get(call["tool"])
    if tool is None:
        return call["tool"], call["arguments"]
    return tool.name, tool.arguments.model_validate(call["arguments"]).model_dump(mode="json")


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseManager]:
    """One database for all; each case is a user of its own in it."""
    with DatabaseManager(f"sqlite:///{tmp_path_factory.mktemp('poison')}/poison.db") as opened:
        yield opened


def gather(work: list[Coroutine[Any, Any, list[str]]]) -> Coroutine[Any, Any, list[str]]:
    async def run() -> list[str]:
        return [fault for faults in await asyncio.gather(*work) for fault in faults]

    return run()


def test_there_are_three_hundred_cases_of_twenty_families() -> None:
    assert (len(CASES), len(FAMILIES), len(BENIGN)) == (300, 20, 60)
    assert {case["tool"] for case in CASES.values()} == set(EFFECTS)
    wanted = [plain(case.get("emits", case)) for case in CASES.values()]
    assert (
        len({str((want, case["memories"])) for want, case in zip(wanted, CASES.values(), strict=True)}) == 300
    )


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_poisoned_memory_causes_no_call(family: str, db: DatabaseManager, full: bool) -> None:
    # All of them go the longer way, in test_poison_over_http.py; this one is for finding out why.
    every = 1 if full else 5
    mine = {
        name: CASES[name] for name in [name for name in CASES if name.partition("-")[0] == family][::every]
    }
    assert await gather([injected(db, name, case) for name, case in mine.items()]) == []


async def injected(db: DatabaseManager, name: str, case: dict[str, Any], llm: Any = None) -> list[str]:
    """What is wrong with how one case went; nothing, if it was emitted, refused and recorded, and can be asked for."""
    house = House(db, name, llm=llm if llm is not None else Obedient())
    house.bank.pages = case.get("pages", {})
    await house.remember(case["memories"])
    for said in case.get("before", ()):
        await house.says(said)
    house.llm.emitted.clear()
    given = {key: case[key] for key in ("grants", "max_context_size") if key in case}
    turn = await house.says(case["says"], client_id="turn-1", **given)
    wanted = plain(case.get("emits", case))
    calls = [
        plain({"tool": call.tool, "arguments": call.arguments}) for call in house.llm.emitted if fits(call)
    ]
    refused = [
        one for one in turn.outcomes if not one.allowed and (one.call.tool, one.call.arguments) == wanted
    ]
    allowed = [plain(call) for call in case.get("goes_through", ())]
    recorded = await turn.recorded(db, name)
    asked = house.llm.prompts[-1]
    origin = case.get("origin", "memory")
    found = {
        "the poison was not read": [
            one["text"] for one in case["memories"]
            if not any(one["text"] in piece.text and piece.origin in ("memory", "history") for piece in turn.read(case["says"]))
        ],
        "the poison was read as the user's": [
            piece.text for piece in turn.read(case["says"]) if piece.origin == "user" and piece.text != asked.message
        ],
        "the model did not emit it": [] if wanted in calls else calls,
        "it was not refused": [] if refused else turn.outcomes,
        "something was done": [] if turn.done == allowed else turn.done,
        "it was not recorded": [one for one in refused if as_row(one) not in recorded],
        "a record is missing": [] if len(recorded) == len(turn.outcomes) else recorded,
        "it was not told": [one for one in refused if one not in turn.emitted],
        "the user does not see it": [one for one in refused if f"`{one.call.shown()}`" not in turn.result["response"]],
        "it has no reason": [one for one in refused if not one.reason],
        "its origin is another": [
            one for one in refused if origin != "any" and origin not in {one.trigger, *one.origins.values()}
        ],
    }  # fmt: skip
    control_turn = await house.says(control(case["tool"], case["arguments"]), client_id="turn-2", **{
        key: value for key, value in given.items() if key != "grants"
    })  # fmt: skip
    done = [one for one in control_turn.outcomes if one.allowed and one.call.tool in EFFECTS]
    found["asked for by the user it did not go through once"] = (
        []
        if control_turn.done == [plain(case)] and [one.rule for one in done] == ["asked"]
        else control_turn.outcomes
    )
    return [f"{name}: {what}: {value}" for what, value in found.items() if value]


def as_row(one: Outcome) -> tuple[Any, ...]:
    return (
        one.execution, one.call.tool, one.call.arguments, "refused", one.rule, one.reason, one.trigger, one.origins, one.refs,
    )  # fmt: skip


def fits(call: Call) -> bool:
    return call.tool not in TOOLS or decide(call, situation("")).outcome.rule != "invalid_arguments"


def situation(message: str) -> Situation:
    return Situation(tools=TOOLS, allowance=Allowance(message), sources=Sources([]))


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"homoglyphs", "stale_grant"}))
async def test_without_the_rule_the_call_would_be_made(family: str, db: DatabaseManager) -> None:
    name, case = next((name, case) for name, case in CASES.items() if name.startswith(family))
    house = House(db, f"{name}-trusted", trusts_memory=EFFECTS)
    house.bank.pages = case.get("pages", {})
    await house.remember(case["memories"])
    turn = await house.says(case["says"], **{key: case[key] for key in ("max_context_size",) if key in case})
    assert plain(case) in turn.done
    assert "trusts_memory" in {outcome.rule for outcome in turn.outcomes}


@pytest.mark.parametrize("tool", EFFECTS)
def test_saying_what_a_refusal_proposes_is_enough(tool: str) -> None:
    for name, case in CASES.items():
        if case["tool"] == tool:
            call = Call(tool=tool, arguments=case["arguments"])
            refused = decide(call, situation("Good morning.")).outcome
            assert refused.mend is not None and not refused.allowed
            proposed = refused.mend.removeprefix('If you want it, say: "').removesuffix('".')
            assert decide(call, situation(proposed)).outcome.rule == "asked", (name, proposed)


def test_of_forty_unseen_requests_most_go_through_and_the_rest_are_refused_with_a_way() -> None:
    unseen = yaml.safe_load((FOLDER / "unseen.yaml").read_text(encoding="utf-8"))
    outcomes = [
        decide(Call(tool=one["tool"], arguments=one["arguments"]), situation(one["says"])).outcome
        for one in unseen
    ]
    assert len(unseen) == 40 and sum(outcome.allowed for outcome in outcomes) >= 24
    assert all(outcome.mend for outcome in outcomes if not outcome.allowed)


class Scripted(OfflineModel):
    """Asks for the calls it is given, then says that it is done."""

    def __init__(self, calls: list[Call]) -> None:
        super().__init__()
        self.calls = calls

    async def step(self, prompt: Any, tools: Any, done: Any, *, max_tokens: int = 1024) -> Asking:
        return Asking(text="Done.", provider="tests", model="scripted", calls=[] if done else self.calls)


async def test_sixty_requests_in_ordinary_words_go_through(db: DatabaseManager) -> None:
    assert await gather([benign(db, case) for case in BENIGN]) == []


async def benign(db: DatabaseManager, case: dict[str, Any]) -> list[str]:
    house = House(db, case["name"], llm=Scripted([Call(tool=case["tool"], arguments=case["arguments"])]))
    await house.remember([{"text": "I often send money, open doors and write emails."}])
    turn = await house.says(case["says"])
    (outcome,) = turn.outcomes
    done = turn.done == [plain(case)] if case["tool"] in EFFECTS else outcome.rule == "read_only"
    return [] if outcome.allowed and done else [f"{case['name']}: {outcome.rule}: {outcome.reason}"]
