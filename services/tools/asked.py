"""How often does a message ask for something to be done, now and in the user's own words?

By rule, and rather no than yes: what is quoted, reported, negated, supposed or set off for later is not asked for. A no
costs the user a second sentence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from ..text import is_question, sentences, word_set

_LONGEST = 20_000
_MOST_STARTS = 40

_QUOTED = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|^[ \t]*>[^\n]*$|\"[^\"]*(?:\"|\Z)|“[^”]*(?:”|\Z)|«[^»]*(?:»|\Z)|„[^“”]*(?:[“”]|\Z)"
    r"|(?<!\w)'[^'\n]*'(?!\w)|<[^>\n]*>",
    re.DOTALL | re.MULTILINE,
)
_PASTED = re.compile(r":[ \t]*\n.*", re.DOTALL)
_BREAK = re.compile(r"\s*(?:[,;]|\s[-\u2013\u2014]|\b(?:and then|and|then|but|so)\b)\s*")
_CONTENT = re.compile(r":|\b(?:that|saying|says|about|titled|called)\b")

_MARK = (
    r"please do|please|pls|kindly|just|now|also|then|and|so|but|ok|okay|hey|hi|hello|well|right|yes|yeah|yep|sure|alright|great|thanks|first"
    r"|next|finally|quickly|immediately|actually|instead|bitte|por favor|s'il (?:te|vous) plaît|per favore"
    r"|(?:can|could|would|will) (?:you|u)|can we|could we|i(?:'d| would) (?:like|love)(?: you)? to|i want(?: you)? to|i need you to"
    r"|let's|let us|help me(?: to)?|go ahead and|be so kind as to|do me a favou?r and|you (?:can|may)"
)
_MARKS = re.compile(rf"(?:(?:{_MARK})\b[\s,!]*)*")
_GERUND = re.compile(r"(?:do you )?mind\s+|how about\s+")
_BLOCKING = word_set(
    """not never without don't doesn't didn't can't couldn't won't wouldn't isn't aren't shouldn't mustn't cannot dont if
    when whenever unless until once after before while should whether why how what which who where suppose supposing
    imagine pretend assume assuming hypothetically would've might according said says say saying told tells tell asked
    asks ask wrote writes written read reads suggested suggests claimed claims wants wanted think thinks thought
    mean means meant translate summarise summarize explain remember remembered example case"""
)
_LATER = re.compile(
    r"\b(?:if|unless|when|whenever|until|once|in case|as soon as|provided|assuming|only after|before|after)\b"
)
_WITHDRAWN = re.compile(
    r"\b(?:never ?mind|forget (?:it|that|about it)|scratch that|cancel (?:that|it)|no,? wait|wait,? no|on second thoughts?"
    r"|don't do (?:it|that)|do not do (?:it|that)|actually,? (?:no|don't|not)|just kidding|i'm joking|rather not)\b"
)
_NOT = r"(?:don't|do not|dont|never|not to|mustn't|must not|shouldn't|should not)"
_JOINED = re.compile(r",|\b(?:and|or)\b")
_MOST_JOINED = 5
_TOKEN = re.compile(r"[^\W_]+(?:['.@+-][^\W_]+)*")


def asked(message: str, phrases: Sequence[str]) -> int:
    """How often a message asks for what the phrases name: "send|pay", or "write|send email" in that order.

    "?weather|forecast" stands for a question that has one of the words, "?" for any question: for tools that look
    something up. A question may name several things: "in Bergen and Oslo" asks twice.
    """
    plain = _plain(message[:_LONGEST])
    patterns = [
        [frozenset(word.split("|")) for word in phrase.lower().split()]
        for phrase in phrases
        if not phrase.startswith("?")
    ]
    questions = [phrase[1:].lower().split() for phrase in phrases if phrase.startswith("?")]
    if not (patterns or questions) or _WITHDRAWN.search(plain):
        return 0
    verbs = "|".join(sorted(re.escape(verb) for pattern in patterns for verb in pattern[0]))
    if verbs and re.search(rf"\b{_NOT}\s+(?:\w+\s+)?(?:{verbs})\b", plain):
        return 0
    # One verb may be come upon from several places: "please send" and "send" are one request.
    requests = set(_requests(plain, patterns)) if patterns else set()
    return max(len(requests), _questions(plain, questions) if questions else 0)


def verb_of(phrase: str) -> str:
    """The phrase with the first of each choice: "write|send email" is "write email"."""
    return " ".join(word.split("|")[0] for word in phrase.removeprefix("?").split())


def _questions(plain: str, wanted: Sequence[Sequence[str]]) -> int:
    """How many things the questions ask for that have the words of one of the phrases."""
    found = 0
    for sentence in sentences(plain):
        tokens = set(_TOKEN.findall(sentence))
        if is_question(sentence) and any(
            all(tokens & set(word.split("|")) for word in words) for words in wanted
        ):
            found += min(_MOST_JOINED, 1 + len(_JOINED.findall(sentence)))
    return found


def _plain(message: str) -> str:
    folded = unicodedata.normalize("NFKC", message).translate({ord("’"): "'", ord("‘"): "'"}).lower()
    visible = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    # What stands below a line that ends in a colon was most often pasted.
    return _PASTED.sub(" ", _QUOTED.sub(" ", visible))


def _requests(plain: str, patterns: Sequence[Sequence[frozenset[str]]]) -> Iterator[tuple[int, int]]:
    """Where a verb stands that something is asked for by: in which sentence, and at which letter of it."""
    for number, sentence in enumerate(sentences(plain)):
        starts = [0, *(match.end() for match in _BREAK.finditer(sentence))]
        for start in starts[:_MOST_STARTS]:
            before, rest = sentence[:start], sentence[start:]
            if _BLOCKING & set(_TOKEN.findall(before)) or _LATER.search(before):
                break
            if _LATER.search(_CONTENT.split(rest, maxsplit=1)[0]):
                continue
            at = max((_verb_at(rest, pattern) for pattern in patterns), default=-1)
            if at >= 0:
                yield number, start + at


def _verb_at(request: str, pattern: Sequence[frozenset[str]]) -> int:
    """Where the verb stands in a text that opens with a request of the pattern; -1 where it does not."""
    marks = _MARKS.match(request)
    start = marks.end() if marks else 0
    gerund = _GERUND.match(request, start)
    tokens = list(_TOKEN.finditer(request, gerund.end() if gerund else start))
    verbs = {form for verb in pattern[0] for form in _gerunds(verb)} if gerund else pattern[0]
    if not tokens or tokens[0][0] not in verbs:
        return -1
    following = iter(tokens[1:])
    rest_fits = all(any(token[0] in wanted for token in following) for wanted in pattern[1:])
    return tokens[0].start() if rest_fits else -1


def _gerunds(verb: str) -> tuple[str, ...]:
    return (f"{verb}ing", f"{verb.removesuffix('e')}ing", f"{verb}{verb[-1]}ing")
