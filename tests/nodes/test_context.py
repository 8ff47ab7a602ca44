"""How a budget of tokens is shared among the parts of a context, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from turngraph.nodes.conversation.context_budget import SHARES, Fitted, Wanted, fitted
from turngraph.services import NoLonger, PreferenceNote, Recalled, Turn, estimate_tokens

LONG = "We went through the plan for the garden, the fence and the shed once more, step by step, until it was late. "


def memories(count: int, kind: str = "found") -> list[Recalled]:
    return [Recalled(content=f"{kind} {n}: {LONG}", score=1.0, message_id=f"{kind}{n}") for n in range(count)]


def turns(count: int) -> list[Turn]:
    return [
        Turn(role="user" if n % 2 == 0 else "assistant", content=f"Turn {n}: {LONG}", message_id=f"t{n}")
        for n in range(count)
    ]


def greedy(**other: object) -> Wanted:
    """More of everything than any budget here has room for."""
    given: dict[str, object] = {
        "message": "What now?",
        "pinned": memories(60, "pinned"),
        "preferences": [PreferenceNote(key=f"key{n}", value=LONG) for n in range(40)],
        "memories": memories(60),
        "turns": turns(80),
        "summary": "\n".join(
            f"User: On day {n} the {n}th apple tree was planted in Oslo." for n in range(80)
        ),
        "recent": [turns(4)],
        "covers": (1, 500),
    }
    return Wanted(**{**given, **other})  # type: ignore[arg-type]


def spent(found: Fitted) -> dict[str, int]:
    return {part.name: part.tokens for part in found.report.parts}


@pytest.mark.parametrize("limit", [500, 600, 1_000, 2_000, 4_000, 8_000])
def test_the_budget_is_kept_and_used_and_no_part_starves(limit: int) -> None:
    found = fitted(greedy(), limit)
    assert found.prompt.tokens() <= limit and found.report.tokens <= limit
    tokens = spent(found)
    for part in ("pinned", "memories", "turns", "summary"):
        if limit >= 1_000:
            assert tokens[part] >= 0.5 * SHARES[part] * limit * 0.8, (part, tokens)  # type: ignore[index]
    assert limit < 1_000 or found.prompt.tokens() > 0.75 * limit


def test_what_others_do_not_want_goes_to_pinned_facts_first() -> None:
    wanted = greedy(memories=[], preferences=[], summary=None, recent=[])
    found = fitted(wanted, 2_000)
    rest = fitted(greedy(), 2_000)
    assert spent(found)["pinned"] > 1.5 * spent(rest)["pinned"]
    assert spent(found)["turns"] > 0


def test_the_report_says_what_is_in_it_from_which_messages_and_what_is_not() -> None:
    found = fitted(greedy(), 1_500)
    report, shown = found.report, {turn.message_id for turn in found.prompt.turns}
    assert report.limit == 1_500
    assert set(report.part("turns").sources) == shown
    assert shown == {f"t{n}" for n in range(80 - len(shown), 80)}  # the newest, without a gap
    assert report.part("summary").positions == (1, 500)
    assert report.part("pinned").sources[0] == "pinned0"
    assert report.part("recent").items == 0
    left = {(out.part, out.reason) for out in report.left_out}
    assert {
        ("pinned", "no room"),
        ("memories", "no room"),
        ("turns", "no room"),
        ("recent", "no room"),
    } <= left
    out = next(out for out in report.left_out if out.part == "turns" and out.reason == "no room")
    assert out.items == 80 - len(shown) == found.turns_left and "t0" in out.sources
    assert abs(sum(part.tokens for part in report.parts) - report.tokens) < 0.2 * report.tokens


def test_pinned_facts_are_one_quotation_after_what_was_found() -> None:
    found = fitted(Wanted("Hello", pinned=memories(3, "pinned"), memories=memories(1)), 2_000)
    first, group = found.prompt.memories
    assert first.message_id == "found0"
    assert [line[:8] for line in group.content.splitlines()] == ["pinned 0", "pinned 1", "pinned 2"]


@pytest.mark.parametrize("message", ["word " * 5_000, "数据" * 5_000, "x" * 200_000, '{"a": 1}' * 5_000])
def test_a_message_over_the_budget_is_cut_in_the_middle(message: str) -> None:
    found = fitted(Wanted(message, pinned=memories(2, "pinned")), 900)
    assert found.prompt.tokens() <= 900
    assert "characters, about" in found.prompt.message and "left out …]" in found.prompt.message
    assert found.prompt.message.startswith(message[:50].rstrip())
    assert "pinned 0" in found.prompt.memories[-1].content
    (cut,) = [out for out in found.report.left_out if out.part == "message"]
    assert cut.reason == "cut in the middle" and cut.tokens == estimate_tokens(message)


def test_a_single_turn_over_the_budget_is_cut_too() -> None:
    wanted = Wanted("And?", turns=[*turns(2), Turn(role="user", content=LONG * 100, message_id="big")])
    found = fitted(wanted, 800)
    assert found.prompt.tokens() <= 800
    (turn,) = found.prompt.turns
    assert turn.message_id == "big" and "left out …]" in turn.content and len(turn.content) < 4_000


def test_a_long_memory_is_cut_rather_than_left_out() -> None:
    long = Recalled(content=LONG * 100, score=1.0, message_id="long")
    found = fitted(Wanted("And?", memories=[long], turns=turns(40)), 1_000)
    assert [hit.message_id for hit in found.prompt.memories] == ["long"]
    assert "left out …]" in found.prompt.memories[0].content
    assert found.prompt.turns


def test_a_model_that_counts_more_gets_less() -> None:
    usual, careful = fitted(greedy(), 2_000), fitted(greedy(), 2_000, correction=1.5)
    assert careful.prompt.tokens() <= 2_000 / 1.5 < usual.prompt.tokens()
    assert careful.report.tokens <= 2_000 and careful.report.correction == 1.5


def test_the_smallest_budgets_end_in_the_message_alone() -> None:
    for limit in (1, 50, 150, 200):
        found = fitted(greedy(), limit)
        assert found.prompt.message and (limit < 160 or found.prompt.tokens() <= limit)
        assert not found.prompt.turns or found.prompt.tokens() <= limit


def test_what_is_no_longer_so_has_a_tenth_of_the_budget_at_most_and_the_last_comes_first() -> None:
    over = [
        NoLonger(message_id=f"o{n}", content=f"Fact {n}. {LONG}", until=datetime(2026, 1, 1, tzinfo=UTC))
        for n in range(20)
    ]
    found = fitted(greedy(no_longer=over), 2_000)
    part = found.report.part("no_longer")
    assert 1 <= part.items < 20 and part.tokens <= 200 and found.prompt.tokens() <= 2_000
    assert part.sources == [f"o{n}" for n in range(part.items)]
    assert "Fact 0" in found.prompt.system_text()
    (left,) = [out for out in found.report.left_out if out.part == "no_longer"]
    assert left.items == 20 - part.items and left.reason == "no room"
    assert fitted(Wanted("x " * 3_000, no_longer=over), 900).prompt.tokens() <= 900


def test_a_fact_that_is_too_long_to_say_that_it_ended_keeps_no_other_out() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    giant = NoLonger(message_id="giant", content="word " * 50_000, until=at)
    over = [giant, *(NoLonger(message_id=f"o{n}", content=f"Fact {n}.", until=at) for n in range(3))]
    found = fitted(greedy(no_longer=over), 2_000)
    assert [one.message_id for one in found.prompt.no_longer] == ["o0", "o1", "o2"]
    (left,) = [out for out in found.report.left_out if out.part == "no_longer"]
    assert (left.items, left.sources) == (1, ["giant"])
