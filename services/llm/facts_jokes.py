"""Is a sentence meant as a joke? No single word tells; each sign has a weight, and together they must be enough."""

from __future__ import annotations

import re
from typing import Final

ENOUGH: Final = 0.8

_FABLE: Final = (
    r"unicorns?|dragons?|aliens?|martians?|zombies?|vampires?|werewol\w+|wizards?|witch|mermaids?|ghosts?|ninjas?|jedi|superhero\w*|robots?|cyborg"
    r"|time machine|teleport\w*|hogwarts|narnia|atlantis|mordor|middle-?earth|mars|the moon|jupiter|outer space|santa|tooth fairy|batman|superman"
    r"|spider-?man|james bond|sherlock|dinosaurs?|yeti|bigfoot|pixies?|elves|elf|goblins?|leprechauns?|genie|fairy godmother|magic (?:carpet|lamp|wand)"
)
_FAMED: Final = (
    r"george clooney|brad pitt|ryan gosling|taylor swift|beyonc[eé]|rihanna|madonna|elon musk|bill gates|jeff bezos|oprah|the pope|the dalai lama"
    r"|the (?:king|queen) of (?:england|sheba|spain|denmark)|nasa|real madrid|manchester united|fc barcelona|hollywood|vogue|the nobel committee"
    r"|the un\b|interpol|mi[56]|the cia|the white house|netflix executives"
)
_CROWN: Final = (
    r"(?:king|queen|emperor|empress|tsar|czar|sultan|lord|lady|prince|princess|duke|duchess|ruler|overlord|god|goddess|high priest\w*) of (?!england|spain|denmark|sweden)"
    r"|independence|my (?:loyal )?(?:subjects|majesty|minions|empire|kingdom|throne|reign)|crowned"
)
_SIGNS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), weight)
    for pattern, weight in (
        (r"\b(?:ha ?ha\w*|hehe\w*|hihi|lo+l|lmao|rofl)\b|[;:]-?[)pPD](?=\W|$)|(?<!\w)xD\b", 0.5),
        (rf"\b(?:{_FABLE})\b", 0.6),
        (rf"\b(?:{_FAMED})\b", 0.5),
        (rf"\b(?:{_CROWN})\b", 0.7),
        (r"\b(?:i|we|i'm|i've|we're|we've)\b.*\b(?:declared|crowned|knighted|appointed myself|elected myself|promoted myself|abdicated|annexed|conquered|invaded)\b", 0.5),
        (r"^(?:oh )?(?:brilliant|great|fantastic|wonderful|lovely|marvellous|joy|super|perfect|fabulous)\b[,.!].*\w|^oh (?:brilliant|great|joy|good|lovely)\b|,? (?:great|brilliant|wonderful|lovely|fantastic)[.!]*$", 0.4),
        (r"\b(?:i guess|guess|i suppose|looks like|seems|clearly|obviously|apparently|so) (?:i'm|i am|i|we|we're|my)\b(?=.*\bnow\b)", 0.3),
        (r"\b(?:basically|practically|officially|technically|formally|literally|virtually|essentially|legally|secretly)\b", 0.3),
        (r"\b(?:professional|certified|honorary|unpaid|licensed|world-class|world champion|olympic|chartered|award-winning|full-time|resident|part-time) (?!\w+er\b (?:at|for|in))(?:\w+ ){0,2}(?:dweller|sufferer|worrier|procrastinator|napper|complainer|"
         r"overthinker|snacker|waiter|taxi|chauffeur|uber driver|cat (?:pillow|servant)|servant|butler|doormat|zombie|robot|machine|couch potato|sofa tester|coffee machine|sleeper|mess|failure|mourner|loser|victim)s?\b", 0.8),
        (r"\b(?:as (?:one|you) does?|send help|help me,? universe|true story|honest(?:ly)?[.!]*$|pinky promise|i swear[.!]*$|trust me[.!]*$|allegedly|if you believe it|no big deal|the usual)\b", 0.4),
        (r"\b(?:live|living|lives|run|running|survive|surviving|exist|fuelled|powered|made|consist\w*)\b(?: (?:purely|entirely|only|solely|mostly))? (?:on|by|of) (?:\w+ (?:and|&) )?(?:coffee|caffeine|tea|spite|despair|hope|rage|tears|regret|chocolate|adrenaline|love and|panic|prayers?|air)\b", 0.6),
        (r"\b(?:coffee|caffeine|wine|tea|chocolate|crisps|biscuits) (?:and|&) (?:\w+ )?(?:despair|spite|regret|tears|panic|hope|rage|prayers?|bad decisions|anxiety|sarcasm)\b", 0.6),
        (r"\bmarried (?:to )?(?:my|the|this) (?:job|work|sofa|couch|bed|laptop|phone|kettle|coffee|fridge|oven|pillow|desk|dog|cat|car|bike|garden|piano)\b", 0.9),
        (r"\b(?:left|dumped|replaced|divorced|leaving) (?:\w+ ){1,2}for (?:my|the|a) (?:espresso|coffee|washing|slow|bread|air|dish|pizza|sofa|couch|dog|cat|kettle|fridge|pillow|bed)\b", 0.9),
        (r"\b(?:it|he|she|that|this|the [\w ]{2,20}) (?:is|'s|are)(?: now)? (?:now )?(?:my|our) (?:new )?(?:god|boss|therapist|religion|husband|wife|boyfriend|girlfriend|landlord|owner|master|overlord|soulmate|life coach|personality|whole personality|guru)\b", 0.6),
        (r"\b(?:tin can|potato|banana|cardboard box|toaster|carrier pigeons?|smoke signals?|abacus|stone tablet|typewriter ribbon|rubber duck|broomstick|shopping trolley)\b", 0.5),
        (r"\b(?:live|living|moved|moving|move|sleep|reside)\b(?: \w+){0,2} (?:in|into|under|inside|at) (?:the|my|a|our) (?:\w+ )?(?:hen ?house|shed|dog ?house|kennel|fridge|freezer|bath ?tub|cupboard|wardrobe|oven|desk|library|gym|pub|barn|hutch|cage|tent|bin|car park|waiting room|hardware store|supermarket|airport|station|inbox|spreadsheet|zoom|queue|chicken coop)\b", 0.5),
        (r"\b(?:weigh|weighs|gained|ate|eaten|aged|turned|waited|slept|am|i'm|old)\b.{0,30}\b(?:tonnes?|tons|a (?:million|billion|zillion)|(?:a|two|three|four|five|nine) (?:hundred|thousand) (?:years|kilos)|\d{3,} years|centuries|decades? in one|light years)\b", 0.9),
        (r"\b(?:for the (?:\w+(?:st|nd|rd|th)|[\w-]+th|twenty-\w+|umpteenth|millionth|hundredth|nth) time|\d\d again|again,? (?:and again|for the)|forever \d\d)\b", 0.5),
        (r"\b(?:seventeen|fourteen|thirteen|forty-two|a hundred|a thousand|a million|nine hundred|\d{3,}) (?:kids|children|cats|pigeons|dogs|husbands|wives|jobs|bosses|tabs|meetings|houses|cars|phones)\b", 0.6),
        (r"\b(?:proposed|rang|called|phoned|begged|kidnapped|emigrated|eloped|ran away|hired me|wants me|fell in love with me)\b", 0.2),
        (r"\b(?:my|the|our) (?:cat|dog|plants?|sourdough|fridge|toaster|kettle|car|laptop|printer|neighbours?|pigeons?|goldfish|hamster|hens?|roomba|vacuum) (?:has |have |is |are |just |now |formally |officially )*(?:hired|fired|promoted|elected|sued|married|divorced|proposed|filed|emigrated|evicted|declared|demanded|unionised|taken over|in charge|resigned|running for)\b", 0.8),
        (r"\b(?:lick(?:ing|ed)|eat(?:ing)?|ate|marr(?:y|ied)|wrestl\w+|hunt(?:ing|ed)?|devour\w*) (?:the|my|a|our|all the|raw) (?:road|pavement|wallpaper|walls?|furniture|desk|carpet|keyboard|curtains?|neighbours?|mammoths?|boss)\b", 0.7),
        (r"\bfigur(?:e|ative)|\bso to speak\b|\bjoke\b|\bironic(?:ally)?\b|\bpun intended\b|\bpoetic licen[cs]e\b|\bin my (?:head|dreams|mind)\b", 0.4),
    )
)  # fmt: skip
_SERIOUSLY: Final = re.compile(
    r"^(?:(?:no|but|ok|okay|well|and|so),? )?(?:seriously|realistically|in all seriousness|all jokes aside|jokes aside|joking aside|on a serious note|for real|but really)\b",
    re.IGNORECASE,
)


def jokes(sentence: str) -> bool:
    """Whether the signs of a joke in a sentence are enough."""
    return sum(weight for sign, weight in _SIGNS if sign.search(sentence)) >= ENOUGH


def in_earnest_again(sentence: str) -> bool:
    """Whether a sentence ends a joke that was told before it: "No, seriously"."""
    return _SERIOUSLY.match(sentence) is not None
