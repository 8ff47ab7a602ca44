"""Who reads what a user said for facts: the model that answers, or rules?"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, Literal, get_args

from ...services import ClaudeAPIError, Extraction, Known, LanguageModel, OfflineModel, SettingError, Turn
from ...services.llm.facts import grounded, slotted
from ...services.llm.opener import without_opener
from ...services.settings import set_by, setting
from ...services.text import is_question, sentences, words

logger = logging.getLogger("turngraph")

Extractor = Literal["model", "rules"]
EXTRACTORS: Final[tuple[str, ...]] = get_args(Extractor)


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
        found = await llm.extract(turns, known)
    except ClaudeAPIError as error:
        logger.warning("extracting by rule, since the model failed: %s", type(error).__name__)
        return await read_by_rule(turns)
    facts = [slotted(fact) for fact in found.facts if grounded(fact, turns[-1].content)]
    shown = {fact.id for fact in known}
    over = None if found.over is None or not shown else [id_ for id_ in found.over if id_ in shown]
    return Extraction(facts=facts, preferences=found.preferences, over=over)


async def read_by_rule(turns: Sequence[Turn]) -> Extraction:
    """What the rules find, without a call."""
    return await OfflineModel().extract(turns)


def _states(said: str) -> bool:
    parts = sentences(said)
    return any(len(words(without_opener(part))) > 1 and not is_question(part) for part in parts)
