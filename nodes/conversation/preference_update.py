"""Learns what the user prefers: stated outright, or inferred from how they write."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field, JsonValue
from sqlalchemy.orm import Session

from ...engine import Node
from ...models import Scope
from ...models.repositories import messages, preferences
from ...services import StatedPreference
from ...services.llm.preferences import stated_preferences
from .inference import Observation, observed
from .inputs import InConversation


@dataclass(slots=True)
class Learned:
    """What a message states and shows."""

    inputs: PreferenceUpdateNode.Inputs
    stated: dict[str, tuple[JsonValue, str]] = field(default_factory=dict)
    shown: list[Observation] = field(default_factory=list)


class PreferenceUpdateNode(Node):
    """Stores stated preferences at once and inferred ones from their third observation, each with its evidence."""

    name = "preference_update"
    locks = ("user_id",)

    class Inputs(InConversation):
        message_id: str
        current_message: str = ""
        stated_preferences: list[StatedPreference]
        explicit_preferences: dict[str, JsonValue] = Field(default_factory=dict)

    class Outputs(BaseModel):
        preferences_updated: dict[str, JsonValue]

    def prep(self, state: Mapping[str, Any], *, inputs: Inputs) -> Learned:
        learned = Learned(inputs, shown=observed(inputs.current_message))
        learned.stated = {stated.key: (stated.value, stated.category) for stated in inputs.stated_preferences}
        learned.stated |= {key: (value, "explicit") for key, value in inputs.explicit_preferences.items()}
        return learned

    def exec(self, learned: Learned) -> Outputs:
        return self.Outputs(preferences_updated={key: value for key, (value, _) in learned.stated.items()})

    def post(
        self, state: MutableMapping[str, Any], learned: Learned, outputs: Outputs, *, session: Session
    ) -> None:
        scope, message_id = learned.inputs.scope, learned.inputs.message_id
        before = {row.key: (row.value, row.source) for row in preferences.notes(session, scope)}
        for key, (value, category) in learned.stated.items():
            preferences.put(session, scope, key, value, category=category, evidence=[message_id])
        inferred: dict[str, Any] = {}
        for seen in learned.shown:
            row = preferences.observe(
                session, scope, seen.key, seen.value, category=seen.category, message_id=message_id
            )
            if row is not None and row.source == "inferred" and preferences.usable(row):
                inferred[row.key] = row.value
        state["preferences_updated"] = {
            **{k: v for k, v in inferred.items() if before.get(k, (None, ""))[0] != v},
            **{k: v for k, v in outputs.preferences_updated.items() if before.get(k) != (v, "stated")},
        }


def learn_late(session: Session, scope: Scope, message_id: str, content: str) -> None:
    """What a message says of preferences, where its turn was cut off after its reply; what is known from it, or may
    have been said otherwise since, stays."""
    newest = messages.by_user(session, scope, limit=1)
    if newest and newest[0].id == message_id:
        known = {row.key for row in preferences.listed(session, scope) if message_id in row.evidence}
        for stated in stated_preferences(content):
            if stated.key not in known:
                preferences.put(
                    session, scope, stated.key, stated.value, category=stated.category, evidence=[message_id]
                )
    for seen in observed(content):
        preferences.observe(
            session, scope, seen.key, seen.value, category=seen.category, message_id=message_id
        )
