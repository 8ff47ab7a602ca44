"""How does a model's text become an instance of a pydantic model?"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError, model_validator

from ..errors import ModelReplyInvalid
from ..text import words
from .protocol import Extraction, Fact, Known, StatedPreference

Shape = TypeVar("Shape", bound=BaseModel)

_FENCED = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)


def instructed(shape: type[BaseModel]) -> str:
    """What a model is told that does not keep to a schema by itself."""
    schema = json.dumps(shape.model_json_schema())
    return f"Answer with one JSON object and nothing else. It has to fit this JSON schema:\n{schema}"


def shaped(text: str, shape: type[Shape]) -> Shape:
    """The instance that the text holds, also where prose or a code fence stands around it; else ModelReplyInvalid."""
    fenced = _FENCED.search(text)
    begins, ends = text.find("{"), text.rfind("}")
    candidates = [text, fenced[1] if fenced else "", text[begins : ends + 1] if 0 <= begins < ends else ""]
    problem = ""
    for candidate in filter(None, candidates):
        try:
            return shape.model_validate_json(candidate)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            problem = problem or f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()
    raise ModelReplyInvalid(
        f"expected JSON of the form {shape.__name__}, found something else ({problem or 'no text'}). "
        "Ask again, or use a larger model."
    )


class SaidFact(BaseModel):
    """A fact, in the narrower form that every provider's schema can say."""

    content: str
    category: str
    importance: float
    subject: str | None


class SaidPreference(BaseModel):
    """A preference, in that form."""

    key: str
    value: str
    category: str


class Said(BaseModel):
    """An Extraction without free-form values and bounds."""

    facts: list[SaidFact]
    preferences: list[SaidPreference]

    def extraction(self) -> Extraction:
        """The Extraction it stands for."""
        facts = [
            Fact(**{**fact.model_dump(), "importance": min(1.0, max(0.0, fact.importance))})
            for fact in self.facts
            if fact.content.strip()
        ]
        wishes = [StatedPreference(**wish.model_dump()) for wish in self.preferences if wish.key.strip()]
        return Extraction(facts=facts, preferences=wishes)


class Ended(BaseModel):
    """The number of a known fact that is over, and the words of the user that say so."""

    number: int
    words: str


class SaidAndOver(Said):
    """The same, with the known facts that are over."""

    over: list[Ended]

    @model_validator(mode="before")
    @classmethod
    def _only_whole_ones(cls, given: Any) -> Any:
        """What says not which fact is over and by what words ends none, and costs nothing else that was found."""
        if not isinstance(given, dict):
            return given
        over = given.get("over")
        whole = (
            [one for one in over if isinstance(one, dict) and {"number", "words"} <= one.keys()]
            if isinstance(over, list)
            else []
        )
        return {**given, "over": whole}

    def judged(self, known: Sequence[Known], said: str) -> Extraction:
        """The Extraction it stands for; a number no fact has is passed over, and words that were not said."""
        heard = f" {' '.join(words(said))} "
        over = [
            known[one.number - 1].id
            for one in self.over
            if 0 < one.number <= len(known)
            and (quoted := words(one.words))
            and f" {' '.join(quoted)} " in heard
        ]
        return self.extraction().model_copy(update={"over": list(dict.fromkeys(over))})
