"""How is a clause meant: as it stands, or as a wish, a plan, a joke, a passing state, an end, a slip put right?"""

from __future__ import annotations

import re
from typing import Final, Literal

Mood = Literal["holds", "hypothesis", "joke", "plan", "state", "past", "negated", "ended"]

_NUMBER = r"(?:a|an|the next|the|one|two|three|four|five|six|few|several|\d+)"
_MONTHS = (
    r"(?:january|february|march|april|june|july|august|september|october|november|december|spring|summer"
    r"|autumn|fall|winter|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
)
_SUPPOSED: Final = re.compile(
    r"^(?:and |but |so |ok |just |now )*(?:if|unless|suppose|supposing|imagine|assuming|assume|let's say|let's pretend"
    r"|let us say|say (?:i|we)\b|what if|were (?:i|we)\b|had (?:i|we)\b)"
    r"|\b(?:(?<!even )if|wish|pretend|say|as though|as if) (?:i|we|my|our|he|she|they|it|that|you)\b"
    r"|\b(?:i|we|it|he|she|that|this|they|you|there) (?:would|could|might|may|should)\b"
    r"|\b(?:i|we|he|she|it|they)'d (?!rather|prefer|like to be called|been|had|just|always)"
    r"|\b(?:would|could) (?:be|have|love|like)\b|\bhypothe|\btheoretical|\bin theory\b|\bdream(?:ing|t|ed)? (?:of|about)\b"
    r"|\bjust dreaming\b|\bin (?:a|another|some) (?:parallel|other|different|alternative)? ?(?:universe|world|timeline)\b|\bin my dreams\b|\bin another life\b|\bi'd love\b|\bif only\b",
    re.IGNORECASE,
)
_JOKING: Final = re.compile(
    r"[😂🤣😜😝🙃🤪]|\b(?:(?:jk)+|j/k|just kidding|kidding|joking|(?:just|only|that's|as) a joke|just messing|role-?play(?!\w* (?:is )?(?:over|later|ended|done|finished|aside))|in character|beep,? b[eo]+p|oh sure"
    r"|yeah right|apparently,? (?:haha|lol)|sarcas\w*|not really|as if)\b|(?<!\w)/s\b|\b(?:felt|feels?|feeling|looks?|looked|it's|almost|practically"
    r") like (?:i|we|my|a|an|the)\b|\b(?:i'm|i am|we're|we are|i've|he's|she's) (?:basically|practically|officially a|literally|legally"
    r"|secretly|technically a)\b|\bofficially live\b|\bmarried to (?:a|an|my|the|this) (?!man\b|woman\b|guy\b|girl\b|doctor\b|nurse\b)"
    r"|\bmy (?:evil )?(?:plan|empire|majesty|minions)\b.{0,40}\bworld\b",
    re.IGNORECASE,
)
TAKEN_BACK: Final = re.compile(
    r"^(?:(?:lol|(?:ha)+h?|(?:he)+h?|lmao),?(?: (?:ok|okay|oh))*(?: (?:jk|no|nope|nah|sorry|not really|kidding|joking|as if))\b|(?:i'm |only |just |no,? )*(?:kidding|joking|messing)|(?:j/?k)+|jokes? apart|joking apart|gotcha|psych|not really|(?:it was |that was )?(?:all|only|just)(?: of it)? a joke|(?:it|that) was a joke)\b(?! (?:about|on|of)\b)|\bjust (?:kidding|joking)[.!]*$",
    re.IGNORECASE,
)
"""A sentence that makes a joke of the one before."""

_PLAYING: Final = re.compile(
    r"\b(?:role-?play(?!\w* (?:is )?(?:over|later|ended|done|finished|aside))|let'?s (?:do an? (?:scene|skit|sketch|game|bit)|play|pretend)|(?:a|the|this|new) game: |pretend (?:that )?(?:i|you|to be)|you are now|in this (?:game|story|scene)"
    r"|act as|role[ -]games?\b|(?:can|could|shall) (?:we|you|u) rp\b|rp time|for the (?:game|story|play|novel)|our (?:d&d|dnd) (?:game|campaign)|my character)\b",
    re.IGNORECASE,
)
_PLANNED: Final = re.compile(
    r"\b(?:will(?! be able)|won't|'ll|going to (?!the\b|a\b|an\b|my\b|our\b|work\b|school\b|bed\b|church\b|see\b)(?=\w)|gonna"
    r"|plan(?:s|ning|ned)? (?:to|on|for)|thinking (?:of|about)|toying with|considering|(?:hope|hoping) to|hopefully"
    r"|(?:want|wants|wanting) to|wanna|intend\w*|about to|aim(?:ing)? to|tempted|some ?day\b|one day\b(?! a)"
    r"|next (?:year|month|week|weekend|spring|summer|autumn|fall|winter|term|semester|" + _MONTHS + r")"
    r"|looking (?:at|into|for)|applied (?:for|to)|applying|might|maybe|perhaps|probably|(?<!due )soon|upcoming|eventually|considered"
    r"|(?:getting|moving|starting|switching|leaving|quitting|retiring|marrying|becoming) (?:\w+ ){0,5}?(?:in|next|on|at|from|after"
    r"|to) (?:the )?"
    + _MONTHS
    + r"|from (?:\w+ )?"
    + _MONTHS
    + r" (?:on\b|it's|we|i|it)|in talks|on the waiting list"
    r"|come (?:"
    + _MONTHS
    + r")|(?:we're|i'm|we are|i am) off to|waiting (?:for|to)|dreaming of|supposed to|(?<!what )(?<!i )(?:we|i) mean to|offer (?:on|for) (?:a|an|the)|interview(?:ing|ed)? (?:with|at|for)|(?:scheduled|booked"
    r"|planned|set|due) for|eyeing(?: up)?)\b",
    re.IGNORECASE,
)
_PASSING: Final = re.compile(
    r"\b(?:(?:until|(?<!the )(?<!a )till|'til|til)(?! \d)"
    r"|for now|for the moment|for the time being|in the meantime|meanwhile|just for|only for|temporar\w*|covering for"
    r"|filling in|standing in|on (?:holiday|vacation|leave|a (?:work |business |short )?trip|business)|stay(?:ing|ed)? (?:at|with|over)"
    r"|staying in|visiting|on (?:secondment|placement|exchange|tour|a residency|assignment|deployment)|over the (?:summer|winter|holidays)|for the (?:harvest|shoot|lambing|festival|tour|duration|term|school holidays)|these (?:two|three|few) (?:weeks|months)|sublet\w*|airbnb|crashing (?:at|on|with)|house-?sitting|hackathon|for the (?:week|weekend|summer|season|month)"
    r"|this once|this time(?!,? (?:it's|it is|round it's|for good|for real)\b)|while (?:the|my|our|they|he|she|it|i'm|we're)\b.*\b(?:redone|repaired|fixed|renovated|away|closed|shut|cast"
    r"|heals?|abroad|painted|painting|out|off sick|recover\w*)|(?:guest|borrowing|borrowed|rental|loaner|courtesy)"
    r"|exceptionally|lent me|hire car|in the (?:shop|garage) (?:so|until|till)|during (?:lent|ramadan|advent|exams)|a fortnight)\b",
    re.IGNORECASE,
)
_FOR_A_WHILE: Final = re.compile(
    rf"^(?!.*\b(?:been|have|has|since|into|'ve)\b).*\bfor (?:only |just )?{_NUMBER} (?:few |couple of |more )?(?:days?|weeks?|nights?|hours?)\b",
    re.IGNORECASE,
)
_TODAY: Final = re.compile(
    r"(?<!from )(?<!since )(?<!as of )(?<!starting )\b(?:this (?:week|weekend|month|morning|evening|afternoon)|today|tonight|tomorrow|right now|at the minute|yesterday)\b",
    re.IGNORECASE,
)
_HAPPENED: Final = re.compile(
    r"\b(?:moved|relocated|settled|keys|started|joined|quit|left|got|bought|switched|changed|became|hired|promoted|died"
    r"|married|adopted|sold|signed|handed in|finished|graduated|arrived|divorced|stopped|replaced|turned|born|runs|wake up|passed|packed|came off|let go|gone|lost|stolen|retired|opened|separated|broke)\b|\w{3,}ed (?:me|us|my|our)\b|(?:^|\b(?:i|we|i've|we've|just|finally) )\w{3,}(?<!tir)(?<!interest)ed\b",
    re.IGNORECASE,
)
_BEFORE: Final = re.compile(
    r"\b(?:before that|back then|as a (?:child|kid|teenager|boy|girl)|(?:years|months|ages) ago|when i was|previously|formerly"
    r"|once upon|in (?:19|20)\d\d|last (?:year|summer|winter|spring|autumn)|originally|in my (?:twenties|youth|teens))\b"
    r"|^(?:i|we) (?:was|were|had|lived|worked|studied|drove|used to)\b",
    re.IGNORECASE,
)
_DENIED: Final = re.compile(r"\b(?:not|never|neither|nor|nobody|none)\b|n't\b", re.IGNORECASE)
LASTING: Final = re.compile(
    r"\b(?:permanent\w*|for good|forever|my own|our own|from (?:now|today|here)(?: on)?|henceforth|as of (?:now|today))\b",
    re.IGNORECASE,
)
STILL: Final = re.compile(
    r"\b(?:(?<!, )still|also|as well|just as (?:much|well|often)|equally|another|additionally|on top of|besides|apart from|in addition|plus|keep(?:ing)? (?:the|my|our|both)"
    r"|both|a second|an extra|separate(?:ly)?|(?:on|at) (?:the )?weekends?|by night|as a hobby|(?<!er )too(?! \w+ (?:to|for)\b)(?= ?[,.!]|$| now\b)|second \w+|other (?:job|home|car|house|dog|cat)|for (?:the |my |our )?(?:family|weekends?|kids|holidays)|(?<!i'm )(?<!am )(?<!go )(?<!went )(?<!gone )(?<!to )part[ -]time(?! now\b)"
    r"|sometimes|occasionally|extra (?:cash|money|income)|on the side|side (?:job|hustle|gig)|(?:in|as) (?:my|our) spare time)\b",
    re.IGNORECASE,
)
"""What says that an earlier value goes on holding."""

NOW: Final = re.compile(
    r"\b(?:(?:moved|switched|changed|transferred) (?:my|our|to|over)|(?:upped|raised|lowered) (?=(?:my|our|the|it)\b)|went (?:up|down)|increased|reduced|cut down|turned"
    r"|now|nowadays|these days|from now on|from today|from here on|as of|instead|switch(?:ed|ing)|changed|moved (?:on )?to"
    r"|new|for good|since (?:the|my|our|may|june|july|yesterday|last|monday|january|february|march|april|august|september|october"
    r"|november|december|i|we)|again|replaced|any ?more|no longer|no more|lately|became|turned into|went over to|swapped|ditched"
    r"|upgraded|converted|took over|finally|currently|at present|back to|went back|moved back|no more|these days|started|joined|ended up|decided|opted|went for|traded"
    r"|starting|gone over)\b",
    re.IGNORECASE,
)
"""What says that something is so now that was not so before."""

_OVER: Final = re.compile(
    r"(?P<before>.*?)(?:"
    r"\b(?:no longer|stopped|quit|quitting|gave up|given up|giving up|dropped out(?: of)?|gone (?:right |clean |completely |totally )?off|went (?:right |clean |completely |totally )?off|got rid of"
    r"|(?:^|(?<=i )|(?<=we )|(?<='ve )|(?<=have )|(?<=just )|(?<=finally ))(?:sold|cancell?ed|closed|deleted|left|dropped|replaced|swapped|traded(?: in)?|scrapped|ended)|ditched|resigned(?: from)?|broke up(?: with)?|split up(?: with)?|done with|finished with"
    r"|switched (?:away )?from|moved (?:away |out )?from|over it with|fell out of love with|lost interest in|grew out of"
    r"|(?<!get )(?<!getting )(?<!got )(?<!'m )(?<!am )used to|"
    r"had enough of|cut out|retired from|put(?= [\w' ]{2,30}? (?:down|to sleep)\b))\b"
    r"(?P<object>.*)"
    r"|\b(?:died|passed away|lasted|didn't last|(?:is|are|'s|was|were) (?:over|gone|dead|history|wiped|cancell?ed|behind (?:me|us)|off|out of (?:the )?(?:picture|service)"
    r"|retired|finished|no more|closed)|(?:'s|has|have|had) been (?:cut off|stolen|sold|cancell?ed|deleted|put down|scrapped|disconnected)"
    r"|went to (?:another|a new|live)|ran away|didn't work out|did not work out|got (?:stolen|cloned|cancell?ed|scrapped)|broke for good"
    r"|shut down|ended|expired)\b(?P<after>.*))",
    re.IGNORECASE | re.DOTALL,
)
_FURTHER: Final = re.compile(
    r"(?<=\w)(?:,| (?:and|but|so|since|because|after|when|for|this|last|to|with|by|not|now|down|altogether|completely|entirely|years?|ages|(?:in|on) "
    + _MONTHS
    + r")\b)",
    re.IGNORECASE,
)
_NOT_SO: Final = re.compile(
    r"(?:n't|\bnot|\bnever|\bcannot) (?:just |ever |really |yet |going to |gonna )?$", re.IGNORECASE
)
"""What denies the end behind it: "I won't quit on my dreams"."""
_POINTED: Final = re.compile(
    r"(?:^|\s)(?:it|he|she|they|that|this|there|those|these|we|i|you)$", re.IGNORECASE
)
"""Something that is over, of which only a pronoun is said."""
_WENT: Final = re.compile(
    r"\b(?P<who>(?:Dr|Mr|Mrs|Ms|Prof|Doctor|Professor|Dott\w*|Herr|Frau|Señora?|Signora?|Doutora?)\.? [A-Z][\w-]+) (?:has |have |had |is |just |now |gone |went )*"
    r"(?:retired|(?:into|on) (?:pension|retirement)|closed (?:his|her|their|the) (?:practice|surgery|office)|moved away|left (?:the|us|for|town)\b)"
)
"""Somebody by their title who no longer is what they were to the user: "Dr Smit has retired"."""
_NO_MORE: Final = re.compile(
    r"(?:\bnot|\bcannot|n't|\bnever) (?P<object>.{0,60}?)\b(?:any ?(?:more|longer))\b|^no more (?P<rest>.*)|^no (?P<wish>[\w' -]{2,30}?)(?:,? (?:please|pls))? from (?:now|today|here)\b",
    re.IGNORECASE,
)


_COVERING: Final = re.compile(
    r"\b(?:cover(?:ing)? (?:for|in|at|the|his|her|their)|filling in|standing in|deputi[sz]ing|acting up|while [\w' ]{1,20}?(?:'s| is|'re| are) (?:off|away|out|ill|sick|on (?:leave|holiday|vacation)))\b",
    re.IGNORECASE,
)


def mood_of(clause: str) -> Mood:
    """How a clause is meant; what is in doubt is never a fact that replaces another."""
    if _SUPPOSED.search(clause):
        return "hypothesis"
    if _JOKING.search(clause):
        return "joke"
    if over(clause) is not None:
        return "state" if _COVERING.search(clause) else "ended"
    if _PLANNED.search(clause):
        return "plan"
    passing = _PASSING.search(clause) or _FOR_A_WHILE.search(clause)
    today = _TODAY.search(clause) and not _HAPPENED.search(clause)
    if (passing or today) and not LASTING.search(clause):
        return "state"
    if _BEFORE.search(clause):
        return "past"
    return "negated" if _DENIED.search(clause) else "holds"


_OPENS_SUPPOSED: Final = re.compile(
    r"^(?:and |but |so |ok |just |now )*(?:if|unless|suppose|supposing|imagine|assuming|assume|let's say|let's pretend|let us say|what if"
    r"|say (?:i|we)|were (?:i|we)|had (?:i|we)|as an? \w+ \w+ i'd)\b",
    re.IGNORECASE,
)


def supposes(sentence: str) -> bool:
    """Whether a whole sentence stands under an "if"."""
    return bool(_OPENS_SUPPOSED.search(sentence))


def spared(clause: str) -> str:
    """A clause up to where it denies something further: "I'm single and not looking" says "I'm single"."""
    return re.split(r",? (?:and|but) (?:not|don't|never)\b|, (?:not|never|don't|no)\b", clause)[0]


def plays(message: str) -> bool:
    """Whether a whole message is a game or a scene, in which "I" is nobody."""
    return bool(_PLAYING.search(message))


def over(clause: str) -> str | None:
    """What a clause says is over, or None where it says no such thing."""
    if match := _WENT.search(clause):
        return match["who"]
    if match := _NO_MORE.search(clause):
        return (match["object"] or match["rest"] or match["wish"] or "").strip()
    match = _OVER.match(clause)
    if match is None or _NOT_SO.search(match["before"]):
        return None
    if match["object"] is not None:
        return _FURTHER.split(match["object"])[0].strip(" ,")
    gone = re.split(r", | and | so ", match["before"])[-1].strip(" ,")
    return "" if _POINTED.search(gone) else gone
