"""Who reads what a user said for facts: the model that answers, or rules?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Literal, TypeVar, get_args

from ...engine import ValidationError
from ...models.repositories.messages import check_content
from ...models.scope import check_id, check_json, check_text
from ...services import (
    ClaudeAPIError,
    Extraction,
    Fact,
    Known,
    LanguageModel,
    OfflineModel,
    SettingError,
    StatedPreference,
    Turn,
)
from ...services.llm.facts import grounded, slotted
from ...services.llm.opener import without_opener
from ...services.settings import set_by, setting
from ...services.text import is_question, sentences, words

logger = logging.getLogger("turngraph")

Extractor = Literal["model", "rules"]
EXTRACTORS: Final[tuple[str, ...]] = get_args(Extractor)

MOST: Final = 50
"""How many facts, and how many preferences, a model may find in one message."""

LONGEST: Final = 2_000
"""Characters of a fact, or of a preference's value, that a model may give."""

PATIENCE: Final = 60.0
"""Seconds that a stored answer waits for the model to read the message, before the rules do."""

SHORT: Final = 64
"""Characters of a category that are kept."""


def checked(extraction: str | None) -> str | None:
    """The name of who reads, if there is one of that name; None is what the settings say."""
    if extraction is not None and extraction not in EXTRACTORS:
        raise ValueError(f'extraction is "model" or "rules", not {extraction!r}')
    return extraction


def by_model(extraction: str | None, llm: LanguageModel, said: str) -> bool:
    """Whether a model is asked: where there is one, it is wanted, and the message says more than questions."""
    wanted = extraction or setting("extraction")
    if wanted not in EXTRACTORS:
        raise SettingError(
            f'Setting \'extraction\' is "model" or "rules"; found {wanted!r}. Change {set_by("extraction")}.'
        )
    has_model = getattr(type(llm), "extract", None) is not OfflineModel.extract
    return wanted == "model" and has_model and _states(said)


async def read_by_model(llm: LanguageModel, turns: Sequence[Turn], known: Sequence[Known] = ()) -> Extraction:
    """What a model finds in the last of the turns, less what the user did not say, and what of the known it judges over.

    The rules tell what each fact is about, and read alone where the model fails.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            found = await llm.extract(turns, known)
    except (ClaudeAPIError, TimeoutError) as error:
        logger.warning("extracting by rule, since the model failed: %s", type(error).__name__)
        return await read_by_rule(turns)
    said = turns[-1].content
    once = {fact.content: fact for fact in found.facts if _fits(fact)}
    facts = [_short(slotted(fact)) for fact in once.values() if grounded(fact, said)][:MOST]
    wishes = [_short(wish) for wish in found.preferences if _wishes(wish)][:MOST]
    shown = {fact.id for fact in known}
    over = None if found.over is None or not shown else [id_ for id_ in found.over if id_ in shown]
    return Extraction(facts=facts, preferences=wishes, over=over)


async def read_by_rule(turns: Sequence[Turn]) -> Extraction:
    """What the rules find, without a call."""
    return await OfflineModel().extract(turns)


def _fits(fact: Fact) -> bool:
    """Whether a fact can be stored: what a model gives must not cost the user their answer."""
    try:
        check_content(fact.content)
        check_text("category", fact.category)
        check_text("subject", fact.subject or "")
    except ValidationError:
        return False
    return len(fact.content) <= LONGEST and bool(words(fact.content))


def _wishes(wish: StatedPreference) -> bool:
    try:
        check_id("key", wish.key)
        check_text("category", wish.category)
        check_json(wish.value, "value")
    except ValidationError:
        return False
    return len(str(wish.value)) <= LONGEST


Told = TypeVar("Told", Fact, StatedPreference)


def _short(told: Told) -> Told:
    return told.model_copy(update={"category": told.category[:SHORT]}) if len(told.category) > SHORT else told


def _states(said: str) -> bool:
    parts = sentences(said)
    return any(len(words(without_opener(part))) > 1 and not is_question(part) for part in parts)
