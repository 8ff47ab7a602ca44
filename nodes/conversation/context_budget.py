"""Shares a budget of tokens among the parts of a context.

The parts claim in this order: pinned facts, preferences, memories, the newest turns, the summary, other
conversations. Each takes what it wants, but leaves those after it their share, so that none starves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeVar

from ...services import NoLonger, PreferenceNote, Prompt, Recalled, Turn, estimate_tokens
from ...services.llm.prompt import (
    told_of_memories,
    told_of_no_longer,
    told_of_preferences,
    told_of_recent,
)
from ...services.llm.summarise import summarise
from ...services.tokens import MESSAGE_OVERHEAD, cut_middle
from .context_report import ContextPart, ContextReport, LeftOut, PartName

SHARES: Final[dict[PartName, float]] = {
    "pinned": 0.40,
    "preferences": 0.05,
    "memories": 0.15,
    "turns": 0.20,
    "summary": 0.20,
    "recent": 0.0,
}
MESSAGE_SHARE: Final = 0.75
OVER_SHARE: Final = 0.1
"""How much of the budget is for saying what is no longer so."""
WORTH_CUTTING: Final = 48
_HEADING: Final = 8
_GROUP: Final = 24

Item = TypeVar("Item")
Reason = Literal["no room", "cut in the middle", "to be summarised"]


@dataclass(slots=True)
class Wanted:
    """All that could stand in a context, the best of each kind first, turns and summary as they were said."""

    message: str
    pinned: Sequence[Recalled] = ()
    preferences: Sequence[PreferenceNote] = ()
    memories: Sequence[Recalled] = ()
    no_longer: Sequence[NoLonger] = ()
    turns: Sequence[Turn] = ()
    summary: str | None = None
    recent: Sequence[Sequence[Turn]] = ()
    covers: tuple[int, int] | None = None


@dataclass(slots=True)
class Fitted:
    """A context within its budget; how many of the oldest turns it has no room for, and the room for turns."""

    prompt: Prompt
    report: ContextReport
    turns_left: int
    turn_costs: list[int]
    turn_room: int


@dataclass(slots=True)
class _Taken(Generic[Item]):
    items: list[Item] = field(default_factory=list)
    spent: int = 0
    left: list[Item] = field(default_factory=list)
    cut: list[Item] = field(default_factory=list)


def fitted(wanted: Wanted, limit: int, correction: float = 1.0) -> Fitted:
    """The context that says most of what is wanted in at most `limit` tokens, and the account of it."""
    work = _Fitting(wanted, max(1, int(limit / correction)))
    prompt = work.prompt()
    parts = [part for part in work.parts if part.items]
    for part in parts:
        part.tokens = round(part.tokens * correction)
    report = ContextReport(
        limit=limit,
        tokens=round(work.tokens * correction),
        correction=round(correction, 3),
        parts=parts,
        left_out=work.left_out,
    )
    return Fitted(prompt, report, work.turns_left, work.turn_costs, work.turn_room)


class _Fitting:
    def __init__(self, wanted: Wanted, limit: int) -> None:
        self.wanted, self.limit = wanted, limit
        self.parts: list[ContextPart] = []
        self.left_out: list[LeftOut] = []
        self.turn_costs = [cost_of_turn(turn) for turn in wanted.turns]
        self._known: dict[int, tuple[object, int]] = {}
        self.turns_left = self.turn_room = self.set_aside = self.tokens = 0

    def prompt(self) -> Prompt:
        """Fills part after part, each with its own share and what was not used before it."""
        wanted = self.wanted
        prompt = self._with_message()
        room = self.limit - prompt.tokens() - _HEADING
        given = self._shared(max(0, room))
        pinned = self._take("pinned", wanted.pinned, given["pinned"] - _GROUP, cost_of_pinned, _cut_pinned)
        pinned.spent += _GROUP if pinned.items else 0
        over = max(0, given["pinned"] - pinned.spent)
        notes = self._take("preferences", wanted.preferences, given["preferences"] + over, cost_of_note, None)
        over += given["preferences"] - notes.spent
        found = self._take("memories", wanted.memories, given["memories"] + over, cost_of_memory, _cut_memory)
        over += given["memories"] - found.spent
        summary = self._summary(given["summary"])
        self.turn_room = max(0, given["turns"] + over + given["summary"] - _cost_of_summary(summary))
        turns, spent = self._turns()
        used = pinned.spent + notes.spent + found.spent + _cost_of_summary(summary) + spent
        recent = self._recent(room - used)
        prompt = prompt.model_copy(
            update={
                "memories": [*found.items, *_grouped(pinned.items)],
                "preferences": notes.items,
                "turns": turns,
                "summary": summary,
                "recent": recent,
            }
        )
        return self._trimmed(prompt)

    def _with_message(self) -> Prompt:
        empty = Prompt(message="")
        base = empty.tokens()
        pinned = _cost_of_group(self.wanted.pinned)
        room = self.limit - base
        aside = min(pinned + 4 * _HEADING, int((1 - MESSAGE_SHARE) * max(0, room)))
        message = cut_middle(self.wanted.message, max(1, room - aside))
        if message != self.wanted.message:
            self.set_aside = aside
            self._note("message", 1, estimate_tokens(self.wanted.message), [], "cut in the middle")
        self.parts.append(ContextPart(name="instructions", tokens=base, items=1))
        self.parts.append(ContextPart(name="message", tokens=estimate_tokens(message), items=1))
        return empty.model_copy(
            update={"message": message, "no_longer": self._over(room - aside - estimate_tokens(message))}
        )

    def _over(self, room: int) -> list[NoLonger]:
        """What is no longer so, the last that ended first, as far as its share goes; one that is too long is passed over."""
        room, over, spent, heading = (
            min(int(self.limit * OVER_SHARE), room),
            list[NoLonger](),
            0,
            _cost_of_over([]),
        )
        for one in self.wanted.no_longer:
            cost = _cost_of_over([one]) - heading
            if heading + spent + cost <= room:
                spent += cost
                over.append(one)
        while over and _cost_of_over(over) > room:
            over.pop()
        if over:
            part = ContextPart(name="no_longer", tokens=_cost_of_over(over), items=len(over))
            part.sources = [one.message_id for one in over]
            self.parts.append(part)
        if left := [one for one in self.wanted.no_longer if one not in over]:
            self._note(
                "no_longer", len(left), _cost_of_over(left), [one.message_id for one in left], "no room"
            )
        return over

    def _shared(self, room: int) -> dict[PartName, int]:
        wanted = self.wanted
        asked: dict[PartName, int] = {
            "pinned": _cost_of_group(wanted.pinned),
            "preferences": sum(self._price(note, cost_of_note) for note in wanted.preferences),
            "memories": sum(self._price(hit, cost_of_memory) for hit in wanted.memories),
            "turns": sum(self.turn_costs),
            "summary": _cost_of_summary(wanted.summary),
            "recent": sum(self._price(turn, cost_of_quoted) for turns in wanted.recent for turn in turns),
        }
        kept: dict[PartName, int] = {
            part: min(asked[part], int(room * share)) for part, share in SHARES.items()
        }
        # What an over-long message had to leave is for pinned facts before all others.
        kept["pinned"] = min(asked["pinned"], max(kept["pinned"], min(room, self.set_aside)))
        others = sum(kept.values()) - kept["pinned"]
        if others > (rest := room - kept["pinned"]):
            kept = {
                part: given if part == "pinned" else given * rest // others for part, given in kept.items()
            }
        spare = room - sum(kept.values())
        for part in SHARES:
            more = min(spare, asked[part] - kept[part])
            kept[part] += more
            spare -= more
        return kept

    def _price(self, item: Item, cost: Callable[[Item], int]) -> int:
        """What an item costs; it is asked twice of each, for its share and when it is taken."""
        if id(item) not in self._known:
            self._known[id(item)] = (item, cost(item))
        return self._known[id(item)][1]

    def _take(
        self,
        name: PartName,
        items: Sequence[Item],
        room: int,
        cost: Callable[[Item], int],
        cut: Callable[[Item, int], Item] | None,
    ) -> _Taken[Item]:
        taken: _Taken[Item] = _Taken()
        for item in items:
            price, rest = self._price(item, cost), room - taken.spent
            if price > rest and cut is not None and rest >= WORTH_CUTTING and not taken.cut:
                taken.cut.append(item)
                item = cut(item, rest)
                price = cost(item)
            if price <= rest:
                taken.items.append(item)
                taken.spent += price
            else:
                taken.left.append(item)
        self.parts.append(
            ContextPart(name=name, tokens=taken.spent, items=len(taken.items), sources=_sources(taken.items))
        )
        if taken.left:
            self._note(name, len(taken.left), sum(map(cost, taken.left)), _sources(taken.left), "no room")
        if taken.cut:
            self._note(name, 1, sum(map(cost, taken.cut)), _sources(taken.cut), "cut in the middle")
        return taken

    def _summary(self, room: int) -> str | None:
        text = self.wanted.summary
        if not text:
            return None
        if _cost_of_summary(text) > room:
            self._note("summary", 1, estimate_tokens(text), [], "no room")
            text = summarise([], previous=text, max_tokens=max(0, room - _HEADING - 12))
        part = ContextPart(name="summary", tokens=_cost_of_summary(text), items=int(bool(text)))
        part.positions = self.wanted.covers
        self.parts.append(part)
        return text or None

    def _turns(self) -> tuple[list[Turn], int]:
        taken: list[Turn] = []
        spent = 0
        turns = self.wanted.turns
        for turn, price in zip(reversed(turns), reversed(self.turn_costs), strict=True):
            rest = self.turn_room - spent
            if price > rest and (taken or rest < WORTH_CUTTING):
                break
            if price > rest:
                # The newest turn alone is over the room: its beginning and its end say more than nothing.
                self._note("turns", 1, price, _sources([turn]), "cut in the middle")
                turn = turn.model_copy(update={"content": cut_middle(turn.content, rest - 12)})
                price = cost_of_turn(turn)
                if price > rest:
                    break
            taken.insert(0, turn)
            spent += price
        self.turns_left = len(turns) - len(taken)
        if self.turns_left:
            left = turns[: self.turns_left]
            price = sum(self.turn_costs[: self.turns_left])
            self._note("turns", len(left), price, _sources(left), "no room")
        self.parts.append(ContextPart(name="turns", tokens=spent, items=len(taken), sources=_sources(taken)))
        return taken, spent

    def _recent(self, room: int) -> list[Turn]:
        taken: list[Turn] = []
        spent = 0
        for turns in self.wanted.recent:
            price = sum(self._price(turn, cost_of_quoted) for turn in turns) + _HEADING
            if spent + price <= room:
                taken += turns
                spent += price
            elif turns:
                self._note("recent", len(turns), price, _sources(turns), "no room")
        self.parts.append(ContextPart(name="recent", tokens=spent, items=len(taken), sources=_sources(taken)))
        return taken

    def _trimmed(self, prompt: Prompt) -> Prompt:
        """What is left when the parts together come to more than they did one by one."""
        grouped = any(part.name == "pinned" and part.items for part in self.parts)
        while (tokens := prompt.tokens()) > self.limit:
            hits = len(prompt.memories) - grouped
            if prompt.recent:
                prompt = self._without(prompt, "recent", "recent", 0)
            elif prompt.turns:
                prompt = self._without(prompt, "turns", "turns", 0)
                self.turns_left += 1
            elif hits:
                prompt = self._without(prompt, "memories", "memories", hits - 1)
            elif prompt.summary:
                prompt = self._without(prompt, "summary", "summary", None)
            elif prompt.preferences:
                prompt = self._without(prompt, "preferences", "preferences", -1)
            elif grouped:
                prompt, grouped = self._without(prompt, "memories", "pinned", None), False
            else:
                break
        self.tokens = tokens
        return prompt

    def _without(self, prompt: Prompt, key: str, name: PartName, place: int | None) -> Prompt:
        """The prompt without one item of a part, or without the whole part."""
        part = next(part for part in self.parts if part.name == name)
        items = getattr(prompt, key)
        gone = [] if place is None else [items[place]]
        count = len(gone) or part.items
        share = part.tokens * count // max(1, part.items)
        sources = _sources(gone) if gone else part.sources
        part.items, part.tokens = part.items - count, part.tokens - share
        part.sources = [one for one in part.sources if one not in sources]
        self._note(name, count, share, sources, "no room")
        if place is None:
            left: object = None if key == "summary" else []
        else:
            left = [item for item in items if item is not gone[0]]
        return prompt.model_copy(update={key: left})

    def _note(self, part: PartName, items: int, tokens: int, sources: list[str], reason: Reason) -> None:
        self.left_out.append(LeftOut(part=part, items=items, tokens=tokens, sources=sources, reason=reason))


def cost_of_turn(turn: Turn) -> int:
    """About how many tokens a turn takes in a prompt."""
    if turn.role in ("system", "tool"):
        return cost_of_quoted(turn)
    return estimate_tokens(turn.content) + MESSAGE_OVERHEAD + 2


def cost_of_quoted(turn: Turn) -> int:
    """About how many tokens a turn of another conversation takes in a prompt, where it is fenced."""
    return _cost(told_of_recent([turn]))


def cost_of_memory(hit: Recalled) -> int:
    """About how many tokens a memory takes in a prompt, with what is said of where it comes from."""
    return _cost(told_of_memories([hit]))


def cost_of_pinned(fact: Recalled) -> int:
    """About how many tokens a pinned fact takes: a line of its own within one quotation."""
    return estimate_tokens(fact.content) + 2


def cost_of_note(note: PreferenceNote) -> int:
    """About how many tokens a preference takes in a prompt."""
    return _cost(told_of_preferences([note])) - 10


def _cost(part: str) -> int:
    return max(1, estimate_tokens("\n\n" + part) - _HEADING + 3)


def _cost_of_over(over: Sequence[NoLonger]) -> int:
    return estimate_tokens("\n\n" + told_of_no_longer(over))


def _cost_of_summary(summary: str | None) -> int:
    return estimate_tokens(summary) + _HEADING + 12 if summary else 0


def _cost_of_group(facts: Sequence[Recalled]) -> int:
    return sum(map(cost_of_pinned, facts)) + _GROUP if facts else 0


def _grouped(facts: Sequence[Recalled]) -> list[Recalled]:
    """Pinned facts as one memory, after those that were found: what is quoted with its message is quoted first."""
    if not facts:
        return []
    lines = "\n".join(" ".join(fact.content.split()) for fact in facts)
    importance = max(fact.importance_score for fact in facts)
    return [Recalled(content=lines, score=min(fact.score for fact in facts), importance_score=importance)]


def _cut_pinned(fact: Recalled, room: int) -> Recalled:
    return fact.model_copy(update={"content": cut_middle(fact.content, max(1, room - 2))})


def _cut_memory(hit: Recalled, room: int) -> Recalled:
    around = cost_of_memory(hit.model_copy(update={"content": ""}))
    return hit.model_copy(update={"content": cut_middle(hit.content, max(1, room - around - 2))})


def _sources(items: Sequence[object]) -> list[str]:
    found = (getattr(item, "message_id", None) for item in items)
    return list(dict.fromkeys(id_ for id_ in found if id_))
