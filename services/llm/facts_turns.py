"""What in a message says that something ended, began, is so now, or was wrongly said?

Turns of phrase, without what they are about: which earlier fact is meant is judged by likeness (`models/succession.py`).
"""

from __future__ import annotations

import re
from typing import Final

from .kinds import PERSONS

_ENDED: Final = re.compile(
    r"\b(?:no longer|no more|(?:please |pls )?stop (?:with|the|using|doing|giving|sending|calling|writing|putting)|knocked (?:\w+ ){1,4}on the head|let (?:\w+ ){1,6}go\b|not (?:\w+ ){0,3}any ?(?:more|longer)|(?:n't|cannot) (?:\w+ ){0,4}any ?(?:more|longer)|any ?more|not going back|never again|for the last time|for good"
    r"|gave up|given up|giving up|give up|stopped|quit|quitting|done with|finished|finished with|through with|over and done|had enough|fed up|sick of|tired of"
    r"|gone (?:right |clean |completely |totally |all )?off|went off|off the (?:menu|table|cards)|out of the (?:picture|question)|parted ways|part ways|called? it (?:quits|a day)|broke up|split up|broken up"
    r"|pulled the plug|cancell?ed|unsubscribed|closed|shut(?:ting)? down|folded|went (?:bust|under|bankrupt)|wound up|stepped (?:down|back|away)|bowed out|dropped out|dropped"
    r"|hung up|put down|put aside|packed (?:it |\w+ )?in|packed up|hand(?:ed|ing) in|gave (?:in )?(?:my )?notice|resigned|(?<!my )(?<!the )(?<!his )(?<!her )(?<!on )(?<!turn )(?<!write )(?<!kick )(?<!bat )(?<!go )(?<!bear )left(?! ?-?(?:hand|foot|wing|side|eye|ear|leg|arm|knee|hip|shoulder|ankle|wrist|back|lane)\w*)|leaving behind|behind me|behind us|in the rear-?view"
    r"|let (?:me|us|him|her|them) go|laid off|made redundant|sacked|fired|cut (?:our|my|the)|took me off|taken off|came off|weaned off|dead|died|passed away|lost|gone|went to the"
    r"|got (?:all )?(?:our|my)|none left|sold|scrapped|scrapyard|stolen|binned|chucked|threw (?:out|away)|thrown (?:out|away)|gave (?:away|back)|went back to the|got rid of|ditched|dumped|donated"
    r"|used to|retired|emigrated|expired|ended|ran out|fell (?:through|apart)|broke down|gathers? dust|gathering dust|won me over|replaced|swapped|traded|outgr[eo]w(?:n)?|grew out of|moved on from"
    r"|moved (?:away|out)|goodbye|bye bye|farewell|waved goodbye|kissed goodbye|can't (?:stand|watch|eat|drink|do) \w+ any ?more|too (?:quiet|expensive|small|far|loud)|have(?:n't)? .{0,30} in (?:months|years|ages)"
    r"|(?:i'm|we're|i am|we are) over (?!the moon|\d|there|here)|(?:gives|gave|makes|made) me (?:palpitations|jittery|ill|sick|sleepy|itch\w*|heartburn|headaches?|nauseous|anxious)|over with|is over|are over|(?:is|are) history|done and dusted|handed (?:back|over)|knocked off|on my nerves|lost (?:its|their) charm|can(?:'t|not) look at|couldn't .{0,30}another"
    r"|(?:\w+-free)|(?:days|weeks|months|years|a year|a month|a week) (?:without|since|off|clean|smoke-free)|have(?:n't| not) \w+ (?:\w+ ){0,3}since|so long,? (?:to )?(?:my|our|the|\w+$)|no \w+ (?:for|to) (?:me|us)|packed (?:her|his|their|our|my)"
    r"|didn't (?:wake up|make it|survive)|wasn't for (?:me|us)|isn't for (?:me|us)|last (?:day|shift|lesson)|retiring|for show|in the bin|in the drawer|too much for|failed (?:its|the|for good)|all phone|lost interest|dried up"
    r"|back (?:to|with) the (?:hospital|shop|owner)|bought (?:the|my|our) \w+ off|(?:has|have|had) (?:lost|left|gone|gotten|got) (?:its|their|the|too)|disbanded|dissolved|demolished|evicted|divorced|separated|wore out|worn out"
    r"|chopped|bailed|jacked in|chucked in|turned my back|walked (?:away|out)|threw in the towel|days without|clean for|sober|steered clear|wiped|deleted|uninstalled|shaved|lasered|slipped away|fell asleep for|took (?:his|her|its) last|lost (?:him|her) (?:to|on|in|last)|no longer with us|didn't come back|been dead to me|dead to me"
    r"|called time on|drew a line under|turned (?:the|a) page|put in my papers|cleared (?:out )?(?:my|the) (?:desk|locker)|(?:handed|turned|gave) (?:in|back|over) (?:my|the|our) (?:\w+ )?(?:badge|keys?|notice|uniform|apron|laptop|licence|license|pass|resignation|stripes)|got (?:the )?(?:boot|axe|chop|sack|canned|sacked|fired|laid|nicked|totalled|rid)|given the (?:sack|boot|push)|gave me the (?:sack|boot|push)|shown the door|(?:was|were|been|got) (?:eliminated|axed|discontinued|written off|rehomed|shut|wound down|phased out|cut)|(?:didn't|did not|won't|wasn't|not) (?:be )?renew(?:ed|ing)?|went into administration|stopped trading|went to the wall|closed (?:its|their|our|my) doors|early retirement|drawing my pension|upped sticks|decamped|shipped out|flown the nest|flew the nest|called off|went our separate ways|separate ways|walked out on|moved on|dumped|ink's dry|decree|on the market|flying solo|on my own (?:again|now|with)|buried|rainbow bridge|put to sleep|put (?:him|her|it|them) down|rehomed|fell off the wagon|on the wagon|kicked|cold turkey|swore off|sworn off|swearing off|laid off the|off the (?:booze|fags|sugar|meat|drink|cigs|cigarettes|sauce|pills|tablets|coffee|caffeine|carbs|market|road)|had it with|packing in|have(?:n't| not) (?:touched|had|smoked|eaten|drunk|bought|opened|played|been|used|worn|watched|driven|ridden|set foot|seen|lit|taken|bitten)|totalled|wrote (?:it |him |her )?off|written off|write-off|part-exchanged|gave up the ghost|conked out|kaput|bit the dust|given way|died on|for scrap|dethroned|novelty|lost (?:its|the) (?:shine|appeal|magic)|bored of|bored with|weary of|sworn enemies|not my thing|retir(?:es|ement)|resigning|quits|been let go|made way|made room|superseded|outdated|obsolete|out with the old|in place of|take[ns]? (?:the|its|his|her) place|took (?:the|its|his|her|their) place|where (?:the|my|our) \w+ (?:was|were|used to be)|day(?:s)? (?:are|is) (?:over|done)|days of .{2,30} (?:are|were) over|can whistle|see the back of|saw the back of|good riddance|parted with|shot of|rid of|gave (?:him|her|it|them|the \w+) (?:to|away)|passed (?:it|him|her|them) on|sold up|selling up|flogged|out of use|not in use|dead now|no use (?:to|for)|doesn't (?:work|exist)|don't (?:use|do|eat|drink|smoke|play|work|live|drive|go|call) (?:\w+ ){0,5}any ?more|not a \w+ since|turned in|wrapped up|pulled out|withdrew|dropping|skipped town|bowing out|jumped ship|switched sides|changed sides|turned vegan|turned veggie|gone vegan|gone veggie)\b",
    # Searched for in lower case, which is five times as fast as without regard to case.
)
_BEGUN: Final = re.compile(
    r"\b(?:moved|relocated|settled|landed|ended up|wound up|took up|taken up|picked me up|picked up|took me|took on|taken on|hired|joined|started|begun|began|signed|got (?:my|our|a|an|the|engaged|married|hitched|hired|promoted)|bought"
    r"|switched|changed|converted|swapped|traded|transferred|promoted|made me|made head|offered me|became|turned into|went (?:for|with|over|vegan|veggie)|opted|chose|plumped|upgraded|adopted|fallen for|fell for"
    r"|took over|taken over|has taken|overtaken|replaced|new|welcomed|met|back in|back to|went back|first (?:day|night|week|month|shift)|(?:days?|weeks?|months?) into|contract|passed (?:everything|the|my)|been (?:at|in|with) .{2,30} for (?:a|two|three|four|\d+) (?:days|weeks?)|new chapter|shifted|rescheduled|put (?:it |them |us |me )?(?:up|on)|raised|lowered|increased"
    r"|qualified|registered (?:with|at)|day one|first (?:lesson|class|job|home)|opened (?:our|my|up)|gone (?:back )?(?:to|over|for)|said yes|baptised|baptized|in charge of|put on|is here|are here|arrived|was born|home at last|at last"
    r"|back (?:home|in)|took (?:a|an|the) (?:place|room|flat|house|job|post)|collected the keys|unpacked|or nothing|nothing but|anything but|is the new|got a|got an|found (?:a|an|us|me|my|something)|made it|passed|moved|opted|enrolled|elected|appointed|accepted (?:a|an|the|their) (?:\w+ )?(?:offer|position|job|role|post|place)|(?:landed|bagged|scored|secured|nabbed|snagged|clinched) (?:a|an|the|my|myself)|headhunted|poached|brought (?:me )?(?:on board|in as)|on board|came aboard|onboarding|induction|probation|first (?:week|month|morning|payday|pay|lecture|term|gig|patient|customer|clients?)|day (?:two|three|\d) (?:at|as|in|on|of)|clocked (?:in|on)|start(?:s|ing)? (?:at (?!\d)|(?:with|as) |on monday)|new(?:ly)? |stepped (?:up|into)|moved (?:up|across|over|into)|put down roots|putting down roots|finding (?:my|our) feet|settling in|keys|completed on|closed on|(?:bought|rented|leased|found) (?:a|an|the|us|our)|housewarming|popped the question|put a ring|eloped|down the aisle|registry office|said i do|tied the knot|official now|moved in|hooked (?:on|up|us|me)|obsessed|addicted|converted|all about|has my heart|won me|wins|beats|number one|top spot|ported|now have|swapped (?:to|over|it|for)|pushed (?:to|back)|brought forward|bumped|shifted to|goes by|answers to|it's all|takes? care of|looks? after|took (?:me|us) (?:on|over)|assigned|put me (?:on|in|down)|got me (?:on|into)|prescribed|turned (?:to|vegan|veggie|vegetarian|\d\d)|reverted|ordained|sworn in|licensed|graduated|let me|gave me|rang|they said yes"
    r"|happens? (?:at|in|on)|been done|went (?:fine|well|smoothly)|all clear|discharged|operated|recovered|cured|healed|better now|so it's|so it is|fetched|took me in|bought me out|instead|it is\b|rather than|prefer|made the switch|made the move|working (?:as|at|for)|training|discovered|fell in love|in love with|went back|going back|gone back|has moved|have moved|seeing (?:somebody|someone)"
    r"|it is|it's official|official|as of|from now on|from here on|from today|from this (?:month|week)|from tomorrow|since (?:the|my|our|last|january|february|march|april|may|june|july|august|september|october|november|december|we|i))\b",
)
_NOW: Final = re.compile(
    r"\b(?:now|nowadays|these days|at last|finally|lately|by now|at present|currently|instead|this time|from now on|from here on|from today|since the weekend|guess (?:who|what)|who would have thought|turns out|after all|will do|as of|at present|since (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|yesterday|easter|christmas|this)|today|this (?:spring|summer|autumn|fall|winter|month|week|year)|from (?:then|there) on|for (?:a|two|three|four|five|six) (?:weeks|months) now|update|it is\b$|is mine|has my \w+|only for me)\b",
)
_MENDED: Final = re.compile(
    r"\b(?:mixed (?:\w+ ){0,2}up|got the \w+ wrong|wrong|just checked|double[- ]checked|checked again|looked it up|looking again|counting again|recounted|it (?:actually )?says|they say|label reads|swapped the digits"
    r"|typo|auto-?correct|phone changed|did i (?:say|write|tell)|ignore what|forget what i|what i told you|i meant|i mean|meant to|correction|misremembered|misread|can't read my|dyslexia|mistake|my bad|oops|whoops"
    r"|fat[- ]finger\w*|slip of the (?:tongue|pen|finger|keyboard)|senior moment|brain (?:fart|fog)|^oh no,? (?:the|it|that|\d)|not \S+, (?:but )?(?!and\b|but\b|so\b|because\b|which\b|just\b|or\b|when\b)\S+|it was \S+ of course|scratch that|strike that|no,? wait|wait,? no|hang on|hold on|make that|forgot the|sorry)\b|^\*\w",
)
_STAYS: Final = re.compile(
    r"\b(?:also|as well|too|another|second|both|besides|for (?:the |my )?(?:family|weekends?|kids|holidays)|in addition|on top of|plus|still|keep(?:ing)?|extra|side|part[ -]time|sometimes|on weekends|weekends|more|joined us|unlocked|addition|likewise)\b",
)
_OTHERS: Final = re.compile(
    rf"\b(?:he|she|he's|she's|they|they're|his|her|their|my (?:{'|'.join(sorted(PERSONS))})(?:'s)?|dad|mum|mom|ex|next[ -]doors?'?s?|neighbou?rs?'?s?)\b(?! (?:made|put|took|gave|let|offered|hired|promoted|moved) (?:me|us))",
)
_BOTH: Final = re.compile(r"\b(?:both|back to (?:the|my|our) (?:normal|usual|regular|old))\b")
FIRST_PERSON: Final = re.compile(
    r"\b(?:i|me|my|mine|we|us|our|ours|i'm|i've|we're|we've|i'll|i'd)\b", re.IGNORECASE
)
CHANGING: Final = ("ended", "begun", "now", "mended")
"""The turns of phrase of which one must be there for anything to be over."""
_UNCHANGED: Final = re.compile(
    r"\b(?:ha(?:ve|s|d)|d(?:o|oes|id)|is|are|was|were)(?:n't| not)(?: (?:ever|yet|actually|really))? "
    r"(?:moved?|left|leave|leaving|quit|chang(?:ed?|ing)|switch(?:ed|ing)?|s[eo]ld?|given up|stop(?:ped|ping)?|retir(?:ed?|ing)|start(?:ed|ing)?|join(?:ed|ing)?|died|dead|gone)\b(?! (?:\w+ ){0,3}any ?(?:more|longer))"
    r"|\bnever (?:moved|left|quit|changed|switched|sold|gave|stopped|retired|started|joined|died)\b"
    r"|^[^,;]{2,60} (?:is|are|was|were) (?:all |still )?(?:right|correct|unchanged|(?:good|fine) (?:as it is|as they are|like that))(?= and\b|[,.;!]|$)",
    re.IGNORECASE,
)
_EVENT: Final = re.compile(
    r"\b(?:i|we) (?:then |also |just |finally |even |both |all )?(?:came|went|saw|ate|drank|swam|slept|met|heard|made|had|took|gave|told|said|found|lost|spent|paid|drove|rode|flew"
    r"|spoke|sent|wrote|won|ran|did|was|were|(?!moved|started|joined|switched|adopted|settled|relocated|signed|changed|used|need|retired|promised|agreed)\w{2,}ed)\b",
    re.IGNORECASE,
)
_EVENT_OF_OTHERS: Final = re.compile(
    r"\b(?:came|went|saw|ate|met|heard|made|took|gave|told|said|found|lost|spent|paid|drove|flew|sent|wrote|won|ran|did|opened|married|bought|sold|got|(?!moved|started|joined|switched|settled|retired|used|called|named)\w{3,}ed)\b",
    re.IGNORECASE,
)
_LASTING: Final = re.compile(
    r"\b(?:(?:was|were|am) born|birthday|grew up|raised|mother tongue|native (?:language|speaker)|first language|roots|descent|(?:come|hail) from|childhood)\b"
    r"|^born (?:in|on|at)\b|^(?:my|our) (?:\w+ ){0,2}?(?:was|were) |^(?:i|we) (?:was|were|used to|studied|spent|did) |\bruns? in (?:my|our|the) family\b",
    re.IGNORECASE,
)
_SINCE_BORN: Final = re.compile(
    r"\b(?:since|before|after|when|until|once) (?:[\w']+ ){1,4}?(?:was|were) born\b", re.IGNORECASE
)
"""When, told by a birth: "we live in Dayton, have done since the kids were born"."""
_REMARK: Final = re.compile(
    r"^(?:wow|woah|whoa|yum|aww?|that|it|this|these|those|sounds?|to hear|good luck|congrat\w+|here's|here is)\b|^\[|\b(?:long time no|can't wait|looking forward)\b"
    r"|\b(?:is|are|was|were|been|it's|that's) (?:all |so |really |very |such (?:a )?|pretty |truly |always )*(?:vital|awesome|great|amazing|important|wonderful|incredible|fun|nice|cool"
    r"|lovely|rewarding|worth|inspiring|beautiful|tough|crazy|key|essential|special)\b"
    r"|^(?:i'm|we're|i am|we are|i was|i feel) (?:\w+ )?(?:happy|glad|excited|proud|grateful|thankful|sorry|pumped|stoked|thrilled|blessed)\b"
    r"|\b(?:working on|discussing|thinking about|looking into)\b",
    re.IGNORECASE,
)
_TO_YOU: Final = re.compile(
    r"^you\b|\b(?:you're|you've|your|yours)\b|\byou (?:\w+ )?(?:are|were|have|had|can|could|should|look|got|found|need|did|do|know|love|like|make|made|said|mentioned)\b",
    re.IGNORECASE,
)
_IS: Final = re.compile(
    r"\b(?:am|been|still|since|is|are|i'm|we're|i've|we've|have|has|live|work|do|call)\b", re.IGNORECASE
)


_NEXT: Final = re.compile(
    r"(?:^|(?<=[.!?] ))(?:and |so |ok |okay )?now,? (?!(?:i|i'm|im|i've|we|we're|we've|my|our|it|it's|he|she|they|he's|she's|they're|that|in|at|on|the [\w'-]+ (?:is|are|has|have))\b)"
    r"|\bnow (?=(?:i|we) (?:need|want|must|would|should|have to)\b)"
)
"""A now that only goes on to the next thing: "Now a price list, please"."""


def unchanged(content: str) -> bool:
    """Whether a statement denies that something changed."""
    return _UNCHANGED.search(content) is not None


def happened(content: str) -> bool:
    """Whether a statement tells of something that happened once: that is over already, and stays true."""
    head = content.split(", ")[0]
    return _EVENT.search(head) is not None and _IS.search(content) is None


def happened_to(content: str) -> bool:
    """Whether a statement tells what somebody else once did: that stays true."""
    return _EVENT_OF_OTHERS.search(content) is not None and _IS.search(content) is None


def lasts(content: str) -> bool:
    """Whether a statement is true for ever: where somebody was born, what they did once."""
    return _LASTING.search(_SINCE_BORN.sub(" ", content)) is not None


def remarks(content: str) -> bool:
    """Whether a statement only remarks on something, or is about whom it is said to."""
    return _REMARK.search(content) is not None or bool(
        _TO_YOU.search(content) and not FIRST_PERSON.search(content)
    )


def ended_in(content: str) -> bool:
    """Whether a statement has a turn of phrase for something that ended or was changed."""
    return _ENDED.search(low := content.lower()) is not None or _BEGUN.search(low) is not None


def over_in(content: str) -> bool:
    """Whether a statement has a turn of phrase for something that ended."""
    return _ENDED.search(_UNCHANGED.sub(" ", content).lower()) is not None


def turns(message: str) -> dict[str, float]:
    """Which turns of phrase a message has: 1 for each that is there; a change that is denied is none."""
    message = _NEXT.sub(" ", _UNCHANGED.sub(" ", message).lower())
    return {
        "ended": float(_ENDED.search(message) is not None),
        "begun": float(_BEGUN.search(message) is not None),
        "now": float(_NOW.search(message) is not None),
        "mended": float(_MENDED.search(message) is not None),
        "both": float(_BOTH.search(message) is not None),
        "others": float(_OTHERS.search(message) is not None),
        "stays": float(_STAYS.search(message) is not None),
    }
