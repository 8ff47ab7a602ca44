"""What only opens a sentence, as in "By the way, ...", "Please remember that ..." and "One more thing: ..."?"""

from __future__ import annotations

import re

from ..text import word_set, words
from .preferences import LANGUAGES

_LEAD = re.compile(
    r"^(?:(?:hi|hello|hey|oh|well|so|and|but|ok|okay|actually|also|by the way|btw|yes|yeah|no|sorry"
    r"|(?:please |kindly )(?:do |also |always )?(?:remember|note|know|keep in mind|bear in mind|be aware|don't forget)"
    r"(?: that|(?=:)|(?= (?:i|we|i'm|i've|we're|we've)\b)|(?= (?:my|our) [^.!?]{1,80}\b(?:is|are|was|were|has|have)\b))"
    r"|(?:keep in mind|bear in mind|be aware|don't forget)(?: that|(?=:))"
    r"|fyi|just so you know|so you know|for your information|you know|remember(?: that)?|note(?: that)?|for the record"
    r"|as i said|good (?:morning|evening|afternoon)|thanks|thank you|correction|(?:small |quick )?update"
    r"|scratch that|strike that|never mind|my mistake|i meant"
    r"|guess what|(?:good|bad|big|great|sad) news|turns out|wait|hmm|to be honest|honestly|in fact|now|then)\b[ "
    r",:!.-]*)+",
    re.IGNORECASE,
)
_PREFACE = re.compile(r"(?P<said>[^:?!\"“«>]{2,80}):\s+(?=\w)")
_PLACED = re.compile(
    r"(?:for|about|regarding|concerning|on|in|as (?:for|to)|with|besides|before|after|while|since|because|just"
    r"|until|at)\b",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(
    r"(?:(?:one|another|some|a|an|the|two|and|more|other|last|quick|small|little|final|important|useful|good|side"
    r"|fun|further|next|only|first|general) )*(?:thing|things|note|point|fact|facts|detail|details|information|info"
    r"|reminder|matter|remark|background|context|heads[ -]up|p\.?s\.?|n\.?b\.?|important)(?!\w)"
    r"|(?:good|useful|important|nice|worth|handy|interesting|relevant|best) (?:to )?(?:know|mention|note|remember|say"
    r"|knowing|mentioning|noting|remembering|saying)(?!\w)",
    re.IGNORECASE,
)
_QUOTING = word_set(
    """say says said saying tell tells told telling write writes wrote writing written read reads reading ask asks
    asked answer answers reply replied translate translation quote quotes quoted sentence phrase example poem song
    lyrics story novel joke character script sign email letter text message spell pronounce imagine suppose pretend
    if"""
)
_SELF_EXPLAINED = re.compile(r"(?:before|so that|in case) (?:you|i|we) (?:\w+ ?){1,6}$", re.IGNORECASE)


def without_opener(clause: str) -> str:
    """A clause without greetings, particles and announcements before it."""
    rest = clause
    for _ in range(4):
        before, rest = rest, without_preface(_LEAD.sub("", rest))
        if rest == before:
            break
    return rest


def without_preface(clause: str) -> str:
    """A clause without what announces it up to a colon, unless that makes it a quotation: "The king says: ..."."""
    match = _PREFACE.match(clause)
    if not match:
        return clause
    said = match["said"].replace("’", "'").strip()
    announces = _ANNOUNCED.match(said) or _SELF_EXPLAINED.match(said)
    if announces and not set(words(said[announces.end() :])) & _QUOTING:
        return clause[match.end() :]
    if _PLACED.match(said) and not set(words(said)) & (_QUOTING | LANGUAGES):
        return clause[match.end() :]
    return clause
