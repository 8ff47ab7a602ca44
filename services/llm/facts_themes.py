"""Which parts of a life does a text speak of: where somebody lives, their work, whom they are with, what they drive?

General vocabulary only: no facts of anybody's.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Final

from ..text import content_words, stem, word_set
from .facts_words import CRAFTS, DIETS, KINDS_OF_THING
from .kinds import KINDS
from .vocabulary import THEMES, TOWNS

_PLACE: Final = r"(?-i:(?:the )?[A-Z][\w'à-ÿ-]+)"
_CRAFT: Final = "|".join(word.replace("-", "[ -]") for word in sorted(CRAFTS, key=len, reverse=True))
_PHRASES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), theme)
    for pattern, theme in (
        (rf"\b(?:been|stay|staying|live|living|landed|settled|based|born|grew up|flat|studio|place|room|house|home|apartment|resident|roots|somewhere|here) (?:\w+ )?(?:in|of|near|outside|at|by) {_PLACE}", "home"),
        (rf"\b(?:(?:to|for|from|in|of) {_PLACE} (?:in|last|this|since|with|after|for good|now)|call {_PLACE} home|{_PLACE} is (?:now )?(?:home|mine|where|behind|great|lovely|my)|{_PLACE} it is)\b", "home"),
        (rf"\b(?:greetings|hello|writing (?:you |to you )?|live|reporting) from (?:\w+ )?{_PLACE}", "home"),
        (r"\b(?:packed (?:the|my|our|up)|unpack\w*|boxes|keys (?:to|for)|the keys|hang my hat|moving (?:van|lorry|truck)|removal|landlord|lease|mortgage|housewarming|new (?:street|neighbours|neighbors|digs|gaff|pad|spot|place)|postcode|zip code|(?:found|got|taken|took|rent(?:ed|ing)?|bought|share|sharing) (?:a|an|the|our own|my own) (?:\w+ ){0,2}(?:spot|place|flat|house|room|terrace|bedsit|studio|apartment|condo|cottage|bungalow|semi|houseshare|annexe|loft)|student digs|crashing|slept there|first night|air mattress|upped sticks|came home|home again|stationed|posted to|signed the lease|tenancy|new base)\b", "home"),
        (r"\b(?:i|we) sleep\b|\b(?:crossed the (?:ocean|border|channel)|flew out for good|emigrat\w*|immigrat\w*|visa came)\b", "home"),
        (r"\b(?:i'm|i am|become|became|as|am) (?:now |currently |officially |just |only |still |also |a proper )?(?:an? |the )?(?:\w+ )?(?!intolerant|tolerant|vegetarian|pescatarian|flexitarian|pregnant|better|sober|older|younger|taller|never|ever|over|under|other|another|elder|bigger|smaller|fitter|lighter|heavier|longer|after|reluctant|important|adamant|(?:grand|step)?(?:sister|brother|mother|father|daughter)|left-hander)\w+(?:er|or|ist|ian|ant|eer|man|woman|smith|maker|keeper|clerk|chef|cook|nurse|pilot|judge|vet|hand|lead|head|rep|dev|intern|trainee|apprentice)\b", "work"),
        (r"\b(?:by day|day job|pay(?:s)? (?:my|the) bills|make my living|earn my|for a living|employed|on the (?:tills?|payroll|shop floor)|behind the (?:counter|bar|wheel)|in the \w+ (?:department|team|unit|office)|department"
         r"|handed? in my|my notice|let me go|laid me off|picked me up|took me (?:on|back)|they took me|hired|gave me the job|offered me|contract|full[ -]time|part[ -]time|freelanc\w*|self[ -]employed|unemployed|dole|redundan\w*|retired|pension\w*"
         r"|first (?:proper |real |full )?(?:day|week|month|shift|job) (?:today |yesterday )?(?:at|with|as|on|in)|on my own account|(?:my|our) own (?:\w+ ){0,2}(?:business|shop|salon|practice|company|firm|studio|patisserie|bakery|restaurant|cafe|bar|garage|gym|label|agency|brand|stall|van|farm|workshop)|sold up|signing on|job ?centre|benefits|percent|hours a week|hours now|days a week at|the tools|on site|on the (?:checkout|door|phones|desk|ward|buses|trams|trains|rigs|boats|bins|post|farm|land|beat|road|railway|docks)|drive (?:a )?(?:taxi|bus|lorry|truck|tram|train|van|long haul|cab|uber|ambulance|forklift)\w*|i (?:lay|do|run|farm|cut|drive|fix|import|export|keep the books|keep books|mind|wait tables|tend|fish|weld|roast|brew|bake|paint|nurse|teach|tutor|sew|clean|guard|pack|pick|deliver|haul|dig|mine|log|shear|milk|act|dance) (?!it\b|that\b|this\b|my\b|not\b|love\b|like\b|hope\b|think\b|too\b|the same|so\b|n't)|stay home|in the office|start(?:ed|ing)? (?:at|with|as)|went back to work|payslip|wages|salary|paid to|academia|phd|years in the|(?:work|working) (?:as|at|for|in)|shift at|stay-at-home|stay(?:ing)? (?:at )?home|i'm (?:an? |the )?(?:" + _CRAFT + r")|i do \w+(?: \w+)? (?:at|for)|i (?:now )?(?:teach|coach|restore"
         r"|repair|design|sell|drive|clean|cook|build|manage|run|look after|write(?= (?:for|about|code|software|books?|novels?|poe\w+|songs?|copy|music|grants?|reports?|articles?|columns?|scripts?|plays|speeches)\b)|edit|translate|code|test|guard|deliver|train|paint) )\b", "work"),
        (r"\b(?:going out|called it quits|a couple|broke up|split up|break-?up|ex\b|single|hitched|tied the knot|got married|engaged|divorc\w*|proposed|said yes|moved in with|my (?:boy|girl)friend|my partner|dating|in love|widow\w*)\b", "partner"),
        (r"\b(?:i'm|call me|known as|name's|i'm now|address me|signed) (?:now )?(?:mrs|mr|ms|miss|mx|dr)\b|\b\w+ will do\b|\bcall me\b|\bmy name|\bgo by\b|\bsurname|\bmaiden", "name"),
        (r"\b\d+ ?(?:kilos?|kg|pounds|lbs|stone)\b|\bscale\b", "weight"),
        (r"\b(?:chopped (?:it|my)|haircut|pixie|bob|shaved|buzz cut|dreadlocks|blond\w*|brunette|dyed)\b", "hair"),
        (r"\b(?:i'm|currently|still|am) reading\b|\bfinished (?:reading )?[A-Z]|\bon to [A-Z]|\bmy book\b|\bpage \d+", "book"),
        (r"\b(?:person|team|fan|camp|crew|type|guy|girl)\b(?= (?:here|now|through))|\b\w+ person\b", "side"),
    )
)  # fmt: skip
_KINDS: Final = {
    "pet": "pet", "instrument": "instrument", "sport": "sport", "drink": "drink", "colour": "colour",
    "medication": "medication", "cuisine": "takeaway", "diet": "diet",
}  # fmt: skip


@lru_cache(maxsize=1)
def _by_stem() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for theme, listing in THEMES.items():
        for word in word_set(listing):
            found.setdefault(stem(word), set()).add(theme)
    for kind, theme in _KINDS.items():
        for word in word_set(KINDS[kind]):
            found.setdefault(stem(word), set()).add(theme)
    for word in CRAFTS:
        found.setdefault(stem(word), set()).add("work")
    for word in DIETS:
        found.setdefault(stem(word), set()).add("diet")
    for kind, listed in KINDS_OF_THING.items():
        for word in listed:
            found.setdefault(stem(word), set()).add(kind)
    return {word: frozenset(themes) for word, themes in found.items()}


@lru_cache(maxsize=4096)
def themes_of(text: str) -> Counter[str]:
    """The themes that a text speaks of, and how many of its words and turns of phrase do so."""
    known = _by_stem()
    found = Counter(theme for word in {*content_words(text)} for theme in known.get(stem(word), ()))
    found.update(stated_themes(text))
    return found


@lru_cache(maxsize=4096)
def stated_themes(text: str) -> frozenset[str]:
    """The themes that a text speaks of by a turn of phrase, of which people have one at a time."""
    return frozenset(theme for phrase, theme in _PHRASES if phrase.search(text))


@lru_cache(maxsize=4096)
def places_of(text: str) -> frozenset[str]:
    """The towns and countries in a text, and what stands where a place does: "in Penzance"."""
    known = {word for word in re.findall(r"\b[A-Z][\w'à-ÿ-]+", text) if word.lower() in towns()}
    placed = [match["place"] for match in _AT_PLACE.finditer(text)]
    return frozenset(word.lower() for word in (*known, *placed)) - _DATES


@lru_cache(maxsize=4096)
def days_of(text: str) -> frozenset[str]:
    """The days of the week in a text."""
    return frozenset(match.lower() for match in _DAY.findall(text))


_DAY: Final = re.compile(r"\b(mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE)
_AT_PLACE: Final = re.compile(
    r"\b(?:in|near|outside|from|to|of|for) (?P<place>[A-Z][\w'à-ÿ-]+)(?! (?:and i|is|was)\b)"
)
_DATES: Final = word_set(
    """january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays christmas easter
    english german french spanish italian i"""
)


@lru_cache(maxsize=1)
def towns() -> frozenset[str]:
    """The words of the names of known towns."""
    return word_set(TOWNS)
