"""What is said to a greeting, to thanks, and to someone who asks who is speaking?"""

from __future__ import annotations

import re

from ..text import content_words, is_question, words
from .extract import bare, statements
from .manner import Manner
from .preferences import stated_preferences
from .telling import Answer

_GREETING = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|evening|afternoon|day)|greetings|howdy|hiya)\b", re.IGNORECASE
)
_FAREWELL = re.compile(
    r"^(?:bye|goodbye|good night|see you|talk (?:to you )?(?:later|soon)|farewell)\b", re.IGNORECASE
)
_THANKS = re.compile(r"^(?:thanks|thank you|thx|cheers|many thanks|much appreciated)\b", re.IGNORECASE)
_ABOUT_ME = re.compile(
    r"\bwho are you\b|\bwhat are you\b|\bwhat can you do\b|\bhow do you work\b|\bare you (?:an? )?(?:real"
    r"|human|ai|bot|llm|person|robot)\b|\bwhat(?:'s| is) your name\b",
    re.I,
)
_FORGET = re.compile(
    r"^(?:(?:please|pls|kindly|now|can you|could you|would you|ok)[, ]+)*(?:forget|delete|erase|remove) (?:it|that|this|everything|all|what|the|my|our|about)\b",
    re.IGNORECASE,
)
_HOW_ARE_YOU = re.compile(r"^(?:\w+,? )?how(?:'s it going| are (?:you|things)| do you do)\b", re.IGNORECASE)


def greets(said: str) -> bool:
    """Whether something said is a greeting, a farewell or thanks and hardly more."""
    opens = _GREETING.match(said) or _FAREWELL.match(said) or _THANKS.match(said)
    return bool(opens) and len(content_words(said[opens.end() :] if opens else said)) <= 2


def small_talk(message: str, manner: Manner) -> Answer | None:
    """The answer to small talk, or None when the message says or asks something."""
    rest = bare(message)
    if _ABOUT_ME.search(message) and len(words(message)) < 12:
        said = (
            "I am turngraph's offline model: I work by rule, without a network, and answer from what you "
            "told me. "
            "For more, set ANTHROPIC_API_KEY or TURNGRAPH_MODEL."
        )
        return Answer(said, True)
    if _HOW_ARE_YOU.search(message):
        return Answer(manner.plain("I am well, thank you. What is on your mind?"), True)
    if _FORGET.match(message):
        said = (
            "Nothing is erased from within a conversation. The command turngraph memory forget does it, for a memory, "
            "a message, a conversation or all of yours; turngraph memory list shows what there is."
        )
        return Answer(said, True)
    if len(content_words(rest)) > 2 or statements(message) or stated_preferences(message):
        return None
    if _GREETING.match(message) and not is_question(rest):
        return Answer(manner.greeting(), True)
    if _FAREWELL.match(message):
        return Answer(manner.plain("Goodbye. I will remember what you told me."), True)
    if _THANKS.match(message):
        return Answer(manner.plain("You are welcome."), True)
    return None
