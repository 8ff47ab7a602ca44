"""Which parts of a life does a text speak of: where somebody lives, their work, whom they are with, what they drive?

General vocabulary only: no facts of anybody's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ..text import content_words, stem, word_set
from .facts_words import CRAFTS, DIETS, KINDS_OF_THING
from .kinds import KINDS

_THEMES: Final = {
    "home": """live lives living lived home house flat apartment studio bungalow cottage bedsit lease moved relocate relocated
        relocation settle settled resident reside residence suburb neighbourhood town city district postcode address houseboat
        terrace semi flatmate flatmates housemate roommate removal boxes unpack rent renting lodger villa condo duplex loft attic
        village abroad emigrated hometown postal keys deliveries parcels boat canal stay street neighbourhood storey floor
        two-bed one-bed three-bed mortgage caravan""",
    "work": """work job works working worked career profession employer employed company firm hired hire boss office salary colleague
        colleagues promoted promotion contract intern internship freelance freelancer retired retirement pension pensioner unemployed
        redundant business teach teaching trainee apprentice position role notice resigned laid-off layoff gig occupation trade
        academia phd degree student study studying university college bakery shop restaurant hospital bank school council
        customers clients living bills""",
    "manager": "boss manager supervisor report reports lead answer answers chief head",
    "schedule": """hours mornings evenings afternoons nights shift shifts day days lesson lessons appointment meeting monday mondays
        tuesday tuesdays wednesday wednesdays thursday thursdays friday fridays saturday saturdays sunday sundays weekends early late
        class training""",
    "telephone": "number ring call line phone mobile telephone text whatsapp cell landline",
    "mail": "mail email e-mail inbox gmail outlook mailbox",
    "car": """car drive driving drives van motor scrapyard garage saloon estate hatchback electric fiat kia volvo saab toyota ford honda
        mazda skoda audi bmw mercedes volkswagen vw golf polo renault peugeot citroen nissan hyundai tesla subaru seat opel vauxhall
        mini dacia suzuki lexus jeep porsche corolla yaris civic fiesta focus clio""",
    "telephone set": "phone iphone android pixel samsung galaxy nokia fairphone oneplus xiaomi huawei motorola handset",
    "computer": "laptop computer keyboard pc mac macbook thinkpad windows linux monitor mouse desktop chromebook",
    "partner": """partner boyfriend girlfriend married wife husband spouse single dating couple together engaged engagement divorced
        divorce separated widow widower seeing fiance fiancee wedding date relationship anybody someone met split quits""",
    "pet": "pet pets kitten puppy vet chicken chickens hens",
    "diet": "eat eats eating meat fish dairy diet veggie vegetables steak",
    "drink": "drink drinks drinking coffee tea matcha beer wine cocktail espresso latte cappuccino flat-white white decaf juice cider gin whisky alcohol",
    "smoking": "smoke smoking smoked smoker cigarette cigarettes vape vaping pack cigars",
    "sport": """sport sports gym workout workouts pool training train swim swimming jog jogging run running pilates yoga league club
        fitness exercise tennis rowing cycling climbing boxing judo karate dancing squash zumba crossfit football""",
    "faith": "church mosque temple synagogue mass prayer parish religion faith",
    "book": "book books read reading novel author paperback e-reader ebook kindle paper chapter bedtime",
    "film": "film films movie movies cinema horror genre comedy comedies thriller rom-coms rom coms romcom gore",
    "show": "show shows series tv television watch watching rewatching episode season sitcom asleep",
    "music": "band bands music singer album song listen listening concert musician",
    "news": "news newspaper paper guardian magazine subscription",
    "subscription": "subscribe subscribed subscription subscriber netflix spotify streaming membership member plan cancelled",
    "bank": "bank banking account card money savings",
    "provider": "broadband internet provider wifi electricity gas energy supplier insurance insurer carrier tariff",
    "doctor": "doctor dr gp physician dentist surgeon therapist optician specialist consultant",
    "medication": "mg mcg pill pills tablet tablets dose medication medicine meds statins prescribed prescription insulin",
    "weight": "weigh weight kilo kilos kg pounds stone scale scales",
    "hair": "hair haircut beard ponytail fringe bald shaved plait braids",
    "rent": "rent landlord landlady month",
    "name": "name surname call called address mr mrs ms miss nickname known maiden",
    "teacher": "trainer teacher tutor coach instructor lesson lessons class trains teaches",
    "instrument": "instrument play playing piano ukulele",
    "school": "school primary secondary nursery kindergarten grade year pupil college university",
    "children": "kid kids child children son daughter baby twins",
    "style": """answer answers reply replies summary summaries code explain explanation explanations format bullet bullets prose dates date tabs spaces indentation
        version expert short long brief detailed language tone""",
    "learning": "learn learning app course lessons duolingo",
    "colour": "colour color",
    "takeaway": "takeaway takeout cuisine curry pizza delivery",
    "sleep": "sleep asleep bed window earplugs mattress",
    "volunteering": "volunteer volunteering charity council committee board",
    "commute": "commute bus tram train tube bike cycle walk",
    "health": "knee hip operation surgery waiting diagnosed recovered",
}  # fmt: skip
_PLACE: Final = r"(?-i:(?:the )?[A-Z][\w'à-ÿ-]+)"
_CRAFT: Final = "|".join(sorted(CRAFTS, key=len, reverse=True))
_PHRASES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), theme)
    for pattern, theme in (
        (rf"\b(?:been|stay|staying|live|living|landed|settled|based|born|grew up|flat|studio|place|room|house|home|apartment|resident|roots|somewhere|here) (?:\w+ )?(?:in|of|near|outside|at|by) {_PLACE}", "home"),
        (rf"\b(?:(?:to|for|from|in|of) {_PLACE} (?:in|last|this|since|with|after|for good|now)|call {_PLACE} home|{_PLACE} is (?:now )?(?:home|mine|where|behind|great|lovely|my)|{_PLACE} it is)\b", "home"),
        (rf"\b(?:greetings|hello|writing (?:you |to you )?|live|reporting) from (?:\w+ )?{_PLACE}", "home"),
        (r"\b(?:packed (?:the|my|our|up)|unpack\w*|boxes|keys (?:to|for)|the keys|hang my hat|moving (?:van|lorry|truck)|removal|landlord|lease|mortgage|housewarming|new (?:street|neighbours|neighbors)|postcode|zip code)\b", "home"),
        (r"\b(?:i|we) sleep\b|\b(?:crossed the (?:ocean|border|channel)|flew out for good|emigrat\w*|immigrat\w*|visa came)\b", "home"),
        (r"\b(?:i'm|i am|became|become|as) (?:now |currently |officially )?(?:an? |the )?(?:\w+ )?\w+(?:er|or|ist|ian|ant|eer|man|woman|smith|maker|keeper|clerk|chef|cook|nurse|pilot|judge|vet|hand|lead|head|rep|dev|intern|trainee|apprentice)\b", "work"),
        (r"\b(?:by day|day job|pay(?:s)? (?:my|the) bills|make my living|earn my|for a living|employed|on the (?:tills?|payroll|shop floor)|behind the (?:counter|bar|wheel)|in the \w+ (?:department|team|unit|office)|department"
         r"|handed? in my|my notice|let me go|laid me off|picked me up|took me (?:on|back)|they took me|hired|gave me the job|offered me|contract|full[ -]time|part[ -]time|freelanc\w*|self[ -]employed|unemployed|dole|redundan\w*|retired|pension\w*"
         r"|first (?:day|week|month) (?:at|with|as|on)|start(?:ed|ing)? (?:at|with|as)|went back to work|payslip|wages|salary|paid to|academia|phd|years in the|(?:work|working) (?:as|at|for|in)|shift at|stay-at-home|i'm (?:an? |the )?(?:" + _CRAFT + r")|i do \w+(?: \w+)? (?:at|for)|i (?:now )?(?:teach|coach|restore"
         r"|repair|design|sell|drive|clean|cook|build|manage|run|look after|write|edit|translate|code|test|guard|deliver|train|paint) )\b", "work"),
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
    for theme, listing in _THEMES.items():
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
def themes_of(text: str) -> frozenset[str]:
    """The themes that the words of a text belong to."""
    known = _by_stem()
    return stated_themes(text).union(*(known.get(stem(word), ()) for word in content_words(text)))


@lru_cache(maxsize=4096)
def stated_themes(text: str) -> frozenset[str]:
    """The themes that a text speaks of by a turn of phrase, of which people have one at a time."""
    return frozenset(theme for phrase, theme in _PHRASES if phrase.search(text))
