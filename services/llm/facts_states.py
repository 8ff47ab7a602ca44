"""Does a clause tell anything: is it no greeting, no order, no remark on the weather?"""

from __future__ import annotations

import re
from typing import Final

from ..text import content_words, words
from .facts_moods import over
from .facts_slots import slot_of
from .facts_turns import turns

EMPTY: Final = re.compile(
    r"^(?:(?:ok|okay|yes|yeah|yep|no|nope|sure|thanks|thank you|thx|ta|cheers|great|nice|cool|right|exactly|perfect|lol|haha"
    r"|hi|hello|hey|good (?:morning|evening|afternoon|night|day|luck)|hmm|ugh|sigh|well|oh|fair|mostly|roughly|lots|figured|completely|noted|good|fine|scratch that|strike that|typo|oops|whoops|my bad|my mistake|correction|hang on|wait|just so you know)[ ,!.]*)+$"
    r"|^(?:i|we) (?:see|know|think|mean|agree|understand|guess|suppose|don't (?:know|think|understand|remember|care|mind|get)|do not (?:know"
    r"|think|understand|remember)|can't (?:remember|say|tell)|have no idea|forgot|have a question|want to (?:ask|know)|need (?:your )?help"
    r"|need to (?:ask|know)|was wondering|am wondering|asked|just said|got it|hope so|promise)\b(?! i\b)"
    r"|^(?:i'm |i am |we're |we are )?(?:not (?:so |too |really )?sure|not really)$|^(?:i'm|i am|we're|we are) (?:not sure|sure|sorry|asking|wondering|glad|happy to|curious)\b"
    r"|^(?:i'm|i am|we're|we are) (?:fine|good|ok|okay|well|back|here|great|just)(?: again| now| thanks| thank you| too)*$"
    r"|^(?:thanks|thank you|thx|cheers|sorry) (?:for|a|so|about|again)\b"
    r"|^(?:i|we) need (?:a|an|some) (?:\w+ )?(?:recipe|ideas?|list|names?|tips?|gift|present|recommendations?|template|plan|letter|lesson|quote|summary)\b"
    r"|^i(?:'ve| have) (?:a question|no idea)|^(?:it|that|this|they|there|these|those)(?:'s| is| was| are| were)? \w+$",
    re.IGNORECASE,
)
_ORDER: Final = re.compile(
    r"^(?:(?:please|pls|kindly|now|then|also|and|so|ok|anyway|just|can you|could you|would you)[, ]+)*(?:write|draft|explain|tell|show"
    r"|give|help|suggest|make|translate|quiz|check|find|list|add|remind(?! yourself)|call (?!me\b)|send|plan (?:a|the|my)|describe|compare|summari[sz]e|fix"
    r"|recommend|replace|rewrite|create|generate|calculate|convert|correct|edit|let's|let us|let me|look (?!ing)|imagine|pretend|need"
    r"|feed\b.*\bon|answer this|feedback on|caption|ideas|any\b|how|what|where|when|why|who|which|redo|shorten|proofread|do (?:a|the|my|it)"
    r"|put (?:it|this|them)|say|read|spell|pick|choose|forget|delete|erase|disregard|name (?:a|some|three|five)|count|book|remember to|don't forget to)\b",
    re.IGNORECASE,
)
WISH: Final = re.compile(
    r"\b(?:from (?:now|here|today) on|from today|in (?:the )?future|always|never|every time|for all|at all times|by default|max\b"
    r"|going forward|keep (?:your|the|it|answers|replies|things)|no more)\b|\b(?:please|pls)\b.*\bin \w+|^(?:please )?(?:use|call me|email me|text me"
    r"|address me|stick to|send (?:everything|all|post|mail|parcels|letters) to)\b|\b(?:explain|answer|write|talk|reply)\b.{0,20}\bin (?:english|german|french|spanish|italian|portuguese|dutch|polish)\b|\b(?:recipes?|answers?|examples?|replies) in\b|\bin \w+(?: and \w+)?,? (?:please|pls)\b",
    re.IGNORECASE,
)
MINE: Final = re.compile(
    r"\b(?:i|me|my|mine|myself|we|us|our|ours|i'm|i've|i'd|i'll|we're|we've|we'll)\b", re.IGNORECASE
)
POINTING: Final = re.compile(
    r"(?:it|it's|it is|that's|that is|this is|these are|those are|that was|it was) ", re.IGNORECASE
)
_FRAGMENT: Final = re.compile(
    r"^(?:(?:still|now|also|currently|normally|usually|mostly|just|properly|never|not|no|only|even|already) )*(?:\w+ing\b|allergic|based|married"
    r"|engaged|single|divorced|born|retired|scared|afraid|vegan|vegetarian|one|two|three|four|five|six|no\b|\d+|(?:mum|mom|dad|mother|father|parent|gran|granny|grandma|grandpa) (?:to|of)\b|from [A-Z]|originally\b|left-handed|right-handed|coeliac|celiac|diabetic|asthmatic|hybrid|remote)",
    re.IGNORECASE,
)
NAMED: Final = re.compile(r"(?<=\S )[A-Z]\w+|\d|\b[A-Z][a-z]+(?= (?:is|has|was|died|and i)\b)")


def states(clause: str) -> bool:
    """Whether a clause tells something: no greeting, no order, no remark on the weather."""
    if "…" in clause:
        return False
    if WISH.search(clause) and len(words(clause)) >= 3:
        return True
    if EMPTY.match(clause):
        return False
    if POINTING.match(clause):
        cues = turns(clause)
        return bool(len(content_words(clause)) > 1 and (cues["ended"] or cues["now"]))
    if _ORDER.match(clause):
        return False
    if slot_of(clause) is not None:
        return True
    if len(content_words(clause)) < 1 or len(words(clause)) < 2:
        return False
    if MINE.search(clause):
        return len(words(clause)) >= 3 or bool(re.match(r"(?:i'm|we're|i am|i|we) ", clause, re.IGNORECASE))
    if over(clause) is not None:
        return True
    if _FRAGMENT.match(clause) or NAMED.search(clause):
        return True
    return not re.match(r"(?:the|this|these|those|there|such|what|how) ", clause, re.IGNORECASE)
