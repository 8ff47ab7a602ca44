"""LoCoMo's conversations: who said what and when, and the questions whose answers lie in known turns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

CATEGORIES: Final = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
SAID_AT: Final = "%I:%M %p on %d %B, %Y"


@dataclass(frozen=True, slots=True)
class Question:
    """One question, its category, and the numbers of the turns that answer it."""

    text: str
    category: int
    evidence: frozenset[int]


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of a conversation."""

    id: str
    speaker: str
    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One conversation of two people, and what is asked about it."""

    id: str
    speakers: tuple[str, str]
    turns: list[Said]
    questions: list[Question]

    def messages(self, *, roles: bool) -> list[dict[str, Any]]:
        """The turns as `ConversationManager.ingest` takes them: with names, or as user and assistant without."""
        return [self._message(turn, roles) for turn in self.turns]

    def _message(self, turn: Said, roles: bool) -> dict[str, Any]:
        message: dict[str, Any] = {"content": turn.text, "id": turn.id, "at": turn.at}
        if roles:
            return {**message, "role": "user" if turn.speaker == self.speakers[0] else "assistant"}
        return {**message, "role": "user", "name": turn.speaker}


def read(path: Path) -> list[Dialogue]:
    """The conversations of a file in LoCoMo's own form."""
    return [_dialogue(sample) for sample in json.loads(path.read_text(encoding="utf-8"))]


def _dialogue(sample: Mapping[str, Any]) -> Dialogue:
    held = sample["conversation"]
    turns = [turn for number in _sessions(held) for turn in _session(held, number)]
    places = {turn.id: place for place, turn in enumerate(turns)}
    questions = []
    for asked in sample["qa"]:
        evidence = frozenset(places[id_] for id_ in _ids(asked.get("evidence", ())) if id_ in places)
        if evidence:  # the few questions without any cannot be scored
            questions.append(Question(asked["question"], asked["category"], evidence))
    return Dialogue(sample["sample_id"], (held["speaker_a"], held["speaker_b"]), turns, questions)


def _sessions(held: Mapping[str, Any]) -> list[int]:
    found = (re.fullmatch(r"session_(\d+)", key) for key in held)
    return sorted(int(match[1]) for match in found if match)


def _session(held: Mapping[str, Any], number: int) -> list[Said]:
    told = held.get(f"session_{number}_date_time")
    at = datetime.strptime(told, SAID_AT).replace(tzinfo=UTC) if told else None
    return [
        Said(turn["dia_id"], turn["speaker"], _text(turn), at) for turn in held.get(f"session_{number}", ())
    ]


def _text(turn: Mapping[str, Any]) -> str:
    caption = turn.get("blip_caption", "")
    return f"{turn['text']} [shares a photo: {caption}]" if caption else str(turn["text"])


def _ids(evidence: Iterable[str]) -> Iterable[str]:
    """The turns' ids; some are given several in one text, with a colon too many or with leading zeros."""
    for given in evidence:
        for match in re.finditer(r"D:?(\d+):(\d+)", given):
            yield f"D{int(match[1])}:{int(match[2])}"
