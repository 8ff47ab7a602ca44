"""Learns what the user prefers: stated outright, or inferred from how they write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field, JsonValue
from sqlalchemy.orm import Session

from ...engine import Node
from ...models.repositories import messages, preferences
from ...services import StatedPreference
from .inference import Inferred, infer
from .inputs import InConversation


@dataclass(slots=True)
class Learned:
    """What is to be written, and what held before."""

    inputs: PreferenceUpdateNode.Inputs
    stated: dict[str, tuple[JsonValue, str]] = field(default_factory=dict)
    inferred: list[Inferred] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)


class PreferenceUpdateNode(Node):
    """Stores stated preferences at once and inferred ones from their third observation, each with its evidence."""

    name = "preference_update"
    locks = ("user_id",)

    class Inputs(InConversation):
        message_id: str
        stated_preferences: list[StatedPreference]
        explicit_preferences: dict[str, JsonValue] = Field(default_factory=dict)

    class Outputs(BaseModel):
        preferences_updated: dict[str, JsonValue]

    def prep(self, state: Mapping[str, Any], *, inputs: Inputs, session: Session) -> Learned:
        written = messages.by_user(session, inputs.scope, limit=20)
        learned = Learned(inputs, inferred=infer([(message.id, message.content) for message in written]))
        learned.stated = {stated.key: (stated.value, stated.category) for stated in inputs.stated_preferences}
        learned.stated |= {key: (value, "explicit") for key, value in inputs.explicit_preferences.items()}
        learned.before = {
            row.key: (row.value, row.source)
            for row in preferences.listed(session, inputs.scope, only_usable=False)
        }
        return learned

    def exec(self, learned: Learned) -> Outputs:
        changed: dict[str, Any] = {}
        for habit in learned.inferred:
            value, source = learned.before.get(habit.key, (None, "inferred"))
            if value != habit.value and source == "inferred":
                changed[habit.key] = habit.value
        changed |= {
            key: value
            for key, (value, _) in learned.stated.items()
            if learned.before.get(key) != (value, "stated")
        }
        return self.Outputs(preferences_updated=changed)

    def post(self, state: Any, learned: Learned, outputs: Outputs, *, session: Session) -> None:
        scope, evidence = learned.inputs.scope, [learned.inputs.message_id]
        for habit in learned.inferred:
            preferences.put(
                session, scope, habit.key, habit.value, category=habit.category, source="inferred",
                evidence=habit.evidence, confidence=habit.confidence, observations=habit.observations,
            )  # fmt: skip
        for key, (value, category) in learned.stated.items():
            preferences.put(session, scope, key, value, category=category, evidence=evidence)
