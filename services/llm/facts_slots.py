"""Which slot does a clause fill, and with what: "I live in Oslo" says that user/home is Oslo?

A slot is "subject/attribute", with a facet after a colon: what changes the whole attribute closes every facet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ..text import content_words, stem, word_set, words
from .facts_themes import towns
from .facts_words import (
    ABSTRACT,
    ALIASES,
    CRAFTS,
    DIETS,
    KINDS_OF_THING,
    LEADS,
    MANY,
    ONLY,
    STATUSES,
)
from .kinds import KINDS, PERSONS
from .lexicon import members


@dataclass(frozen=True, slots=True)
class Slot:
    """What a clause tells: an attribute, its value, whether there is only one, and whether it is a change."""

    attribute: str
    value: str
    single: bool = True
    change: bool = False
    whole: bool = False
    """Closes every facet of the attribute."""


_STOP: Final = re.compile(
    r",| - |\b(?:and|but|so|because|where|which|who|while|when|since|with|as of|now|these days|nowadays|at the moment|at present"
    r"|for good|from now|from today|from here|instead|again|last|this|anyway|until|please|pls|thanks|in case|as i said|too|also"
    r"|after|before|if|by the way|btw|that|closer|every|most|always|completely|for)\b|[.!?:;(]",
    re.IGNORECASE,
)
_SUBJECT: Final = r"(?:^|\b(?:i|we)(?:'m|'re|'ve| am| are| have| had)?\b ?(?:\w+ly |now |just |still |also |both |all |finally |currently |back )*)"
_V: Final = r"(?P<v>.+)"
_CRAFT: Final = "|".join(word.replace("-", "[ -]") for word in sorted(CRAFTS | LEADS, key=len, reverse=True))
_DIET: Final = "|".join(sorted(DIETS, key=len, reverse=True))
_STATUS: Final = "|".join(sorted(STATUSES, key=len, reverse=True))
_PARTNER: Final = r"(?:wife|husband|spouse|fianc[eé]e?|girlfriend|boyfriend|partner|gf|bf)"
_RULES: Final = tuple(
    (attribute, re.compile(pattern, re.IGNORECASE), options)
    for attribute, pattern, options in (
        # --- favourites
        ("favourite", r"\b(?P<v>[\w'à-ÿÀ-Ý -]+?) is (?:now )?(?:my|our) (?:new |all[ -]time )?favourite(?: (?P<k>(?!now\b|these\b|ever\b|by\b|again\b)[\w-]+))?", ""),
        ("favourite", r"\b(?:he|she|it|that)(?:'s| is) (?:now )?my favourite (?P<k>[\w-]+)(?P<v>)", ""),
        ("favourite", r"\b(?:my|our) (?:new |all[ -]time )?favourite (?P<k>[\w -]{2,30}?)(?: now| these days)?(?: is| are|'s| has to be| will always be)(?: now)? (?P<v>.+)", ""),
        # --- home
        ("home:address", r"\b(?:address|i'm at|we're at|live at|living at|based at)\b.{0,25}?(?P<v>\d+[a-z]? (?:[\w'-]+ ){0,3}(?:street|st|road|rd"
         r"|lane|row|avenue|ave|close|court|way|square|place|drive|terrace|hill|gardens|crescent|walk|mews|quay|straße|strasse|(?-i:[A-Z][\w-]+)))", ""),
        ("home", rf"(?:^|\b(?:i|we|i've|we've|i have|we have|and|just|finally|recently|ve) )(?:have |just |finally |recently |since |both |all )*(?:moved|relocated|settled|resettled|shifted|transferred|packed up and settled)(?: back| out| over| in| down| away| house)*(?: from \w+)?,? (?:to|in|into) {_V}", "cw"),
        ("home", r"^(?P<v>(?-i:[A-Z])[\w' -]+?) is (?:now )?(?:home|where (?:i|we) live|our home|my home)\b", "c"),
        ("home", r"\b(?:got|found|renting|rented|signed (?:a|the) lease (?:on|for)) (?:a|an|my|our) (?:[\w-]+ ){0,2}(?:flat|apartment|place|studio|room) (?:in|near) (?P<v>[A-Z].+)", "cw"),
        ("home", rf"\b(?:i|we)(?:'ve| have)? swapped (?:flats|houses|homes|apartments)\b.*\b(?:to|for|in|now) {_V}", "cw"),
        ("home", r"\b(?:keys|my own (?:place|flat|house|apartment)|our own (?:place|flat|house)|new (?:flat|house|apartment|place|home)) .{0,20}?\bin (?P<v>[A-Z].+)", "cw"),
        ("home", rf"\b(?:(?:i|we|i've|we've|been) ?(?:both |now |all |still |currently )?(?:live|living|lived|reside|dwell)|(?:i'm|we're|i am|we are|been|^)"
         rf" ?(?:now |still |currently )?(?:living|residing|based|settled|at home)|^(?:now )?(?:based|living))(?: \w+| with my \w+){{0,4}}? (?:in|at(?= (?-i:[A-Z]))|out of|near|outside|on the outskirts of) {_V}", ""),
        ("home", r"\brent(?:ing|ed)? (?:a|an|the|my|our) (?:[\w-]+ ){0,3}(?:flat|house|room|apartment|studio|place|cottage) (?:in|near) (?P<v>.+)", ""),
        ("home", r"\b(?:i|we) share a (?:flat|house|apartment|place) in (?P<v>.+)", ""),
        ("home", r"^(?:i'm|im|we're|i am|we are)(?: now| still| currently)? in (?P<v>(?:the )?[\w'-]+.*)", "t"),
        ("home", rf"\b(?:my|our) (?:home|home town|address|place|city|flat|house) (?:is|'s)(?: now)? (?:now )?(?:(?:in|at|on|near) (?=\w)|(?=(?-i:[A-Z])|an? |\d+[a-z]? (?-i:[A-Z]))){_V}", ""),
        ("home", rf"\b(?:(?:address|home|(?:postcode|zip code)(?: for [\w ]{3,20}?)?) (?:is|now)(?: in| at| now in)?|(?:deliveries|letters|post|mail|parcels) (?:go|goes|come|now)(?: in| to| now in| now to)?) (?=(?-i:[A-Z])|\d|an? |the ){_V}", "c"),
        # --- work
        ("boss", r"\b(?:report(?:ing)? to|(?:my|our) (?:new )?(?:boss|manager|supervisor|line manager|team lead(?:er)?|foreman|head chef|editor)(?: now)? is(?: called| named| now)?|my (?:new )?(?:boss|manager|supervisor) (?=(?-i:[A-Z]))) ?(?P<v>(?!her\b|him\b|them\b)[\w' -]+)", ""),
        ("job:place", rf"\b(?:joined|moved (?:over )?to work (?:for|at)|now work(?:ing)? (?:for|at)|started (?:work |working |my new job )?(?:at|with)|got (?:a|the|my) (?:new )?job (?:at|with)|hired by|signed with|new (?:job|position|role) (?:is )?(?:at|with)|employer is(?: now)?) {_V}", "cw"),
        ("job:place", r"\b(?:i|i've|i'm|just|finally|and|^)(?: have| just| finally| recently)* ?(?:got|started|found|landed|took|accepted|begun|began|changed|switched|swapped) (?:(?:a|an|my|to a|into a) (?:completely |totally |whole |brand )?(?:new|different) (?P<v>job|position|post|employer|career|line of work)|(?:jobs|careers|employers))\b(?! (?:at|with|as|for|in)\b)", "cw"),
        ("job:place", r"^(?:i'm|i am)(?: now| currently)? (?:at|with) (?P<v>(?-i:[A-Z])[\w&' -]+?)(?: now| these days|,).{0,20}\bas (?:a|an|the|their) ", "cw"),
        ("job:role", rf"\b(?:started (?:work |working |out )?as|promoted to|promoted me to|(?:sat down|signed on|serving) as|(?:^|i |and )(?:now )?work(?:ing)? as(?= .*\bnow\b)|got (?:a|the|my) (?:new )?job as|hired as|retrained as|now work(?:ing)? as|new (?:job|position|role|post) (?:is|as)|took (?:over|on) as|train(?:ed)? up as|work(?:ing)? as (?:a|an|the) (?=.*\bnow\b)) {_V}", "cw"),
        ("job:role", rf"\b(?:became|been made|made me) {_V}", "cwt"),
        ("job:role", rf"^(?:my )?(?:job|position|profession|occupation|trade|role) ?[:=] ?{_V}", "w"),
        ("job:role", r"\b(?:gave|offered) me (?:the|a) (?P<v>.+?) (?:post|job|position|role)\b", "cw"),
        ("job:role", r"\b(?:i'm|i am|i've been|been|^)(?: \w+ weeks? into being)? ?(?:now )?(?P<v>self[ -]employed|unemployed|freelance|freelancing|retired|jobless|out of work|between jobs)\b", "w"),
        ("job:role", r"\b(?:i|i've|i have)(?: just| finally| recently)? (?P<v>retired|lost my job|(?:got|been|was) (?:laid off|made redundant|fired|sacked|let go))\b(?! from (?:playing|running|football))", "cw"),
        ("job:place", r"^(?:i'm|i am|we're)(?: now)? at (?P<v>(?-i:[A-Z])[\w& -]+?) as (?:a|an|the) ", "w"),
        ("job:role", rf"\b(?:switched|changed|transferred)(?: my major| degrees?| courses?)? to (?P<v>{'|'.join(KINDS['subject'].split())})\b", "c"),
        ("car", r"^(?:so |and )?i(?: now| currently| mostly)* drive (?P<v>(?:a|an|the|my) (?!(?:[\w-]+ )?(?:\w*(?:school|tram|bus|truck|lorry|taxi|train|forklift|cab|van|hard|bargain|ambulance|digger|tractor|hearse|coach|combine|ferry|library))\b).+)", ""),
        ("job:role", r"\binto being (?P<v>self[ -]employed|a freelancer|freelance|retired)\b", "cw"),
        ("job:place", r"\bbeen at (?P<v>a .+?) (?:for|since) ", "cw"),
        ("job:role", rf"\b(?:i|we) (?:now |also |currently |still )?work(?:ing)?(?: \w+[ -]time)? as {_V}", ""),
        ("job:role", r"\b(?:i've|i have) been working (?:at|for|as|in) (?P<v>.+)", "w"),
        ("job:place", r"\b(?:i|i'm|i am|we) (?:now |also |currently |still )?(?:work|working|employed)(?: \w+[ -]time)? (?:at|for|in) (?P<v>(?!home\b|a team|the evening|the morning|my\b).+)", ""),
        ("job:role", r"(?:^|, |\b(?:i|we|i'm|i am|we're|and|also|now|been) )(?:studying|study) (?P<v>(?!(?:for|at|in|on|to|with|into|there|here|together|every|hard|harder|abroad|online|alone|all|part|full|and|more|it|this|that|these|those)\b|\w+ (?:visa|group|room)\b)[\w ]+)(?:, (?:\w+) year)?", ""),
        ("job:role", rf"\breading (?P<v>(?:{'|'.join(KINDS['subject'].split())})\b[\w ]*)(?= at\b|,|$)", ""),
        ("job:role", rf"\b(?:i'm|i am|we're)(?: now| just| only| currently)? ?(?:(?:a|an|the) )?(?P<v>(?!(?:no|not|such|like|just|so|very|\w+ing (?:for|an?|the|in|to|my|our|about|with|it|of)) )(?:(?!is\b|as\b|are\b|was\b|like\b|on\b|for\b|into\b|to\b)[\w-]+ ){{0,3}}?(?:{_CRAFT})(?:s|es)?\b(?!'s? (?:orders?|notes?|advice|son|daughter|wife|husband)\b).*)", ""),
        ("job:role", rf"^(?!my |our |the |his |her |their |no |some |(?:i|we|i've|we've|you|he|she|they|it|who) |(?:[\w'-]+ ){{1,3}}(?:is|was|are|says|said|has|had|wrong|does|did)\b|.*\b(?:me|us|my|our|him|them)\b)(?:now |just |only |currently |am )?(?:(?:a|an) )?(?P<v>(?!(?:dear|put|attention|being|harry|no|another|fellow|cold|many|all|some|what|which|good|bad|new|old|poor|little)\b)(?:(?!is\b|as\b|are\b|was\b|i\b|the\b|an?\b|changed\b)[\w-]+ ){{0,3}}?(?:{_CRAFT})(?=$|,| ?\(| (?:at|in|for|with|of|by|on|and|now|since|these|from|here|full|part|until|till|again|myself)\b).*)", ""),
        ("job:role", rf"\bmy (?:new )?(?:job|profession|occupation|trade|career|role|position) is(?: now)?(?: as)? {_V}", ""),
        ("shift", r"\b(?:work|working|on|do|doing) (?P<v>nights|days|earlies|lates)\b", ""),
        ("shift", r"\b(?P<v>(?:early|late|night|day|evening|morning|graveyard) shifts?)\b", ""),
        # --- status
        ("relationship", rf"\b(?:i'm|i am|we're|we are|i've been|we've been|\w+ and i are|got|just got|^)(?: now| officially| happily| still| just| finally| newly| recently)* (?P<v>{_STATUS})\b", ""),
        ("relationship", rf"^(?P<v>{_STATUS})\b(?! to (?:a|an) )", ""),
        ("relationship", rf"\b(?:i've got|i have|i got|i've|got|there's) a (?:new )?(?P<v>{_PARTNER})\b", "c"),
        ("relationship", rf"^(?:my|me and my) (?P<v>{_PARTNER})(?= [A-Z][\w-]+ and i\b| (?:is|and i) )", "p"),
        ("name", r"\b(?:my (?:full |first )?name(?: is|'s)|call me(?! (?:at|on|back|when|whenever|later|if|in|by|an?|the|crazy|mad|old|tomorrow|today|again|after|before|names)\b)|address me(?: always| please)? as|i go by(?= (?-i:[A-Z]))|i'm called|i am called|known as|changed my name to|name now is|name is now) (?P<v>[A-Z][\w'-]+(?: [A-Z][\w'-]+)*)", ""),
        ("name", r"^(?:hi,? |hello,? |hey,? )?(?:i'm|i am|this is) (?P<v>(?-i:[A-Z])(?![\w'-]*(?:ish|ian|can|ese|man|tch|nch|an)\b)(?!(?:Swiss|Greek|Czech|Thai|Turk|Finn|Dane|Swede|Pole|Serb|Croat|Slovak|Slovene|Arab|Kurd|Scot|Brit|Iraqi|Israeli|Pakistani|Afghan|Sikh|Muslim|Jew|Catholic|Hindu|Buddhist|Quaker|Leo|Libra|Virgo)\b)[\w'-]+(?: (?-i:[A-Z])[\w'-]+)?)(?=$|,)", ""),
        ("age", r"^(?:i'm|i am)(?: now)? (?P<v>\d{1,3})(?: years old)?$", ""),
        ("age", r"^(?:i|i've)(?: just| have)? turned (?P<v>\d{1,3})\b", "c"),
        ("diet", rf"\b(?:i'm|i am|we're|we are|going|gone|turned|went|am|follow(?:ing)?|on|i've been|we've been|^been|^)(?: \w+){{0,3}}? (?:a |an |the |strictly |doing )?(?P<v>{_DIET})\b", ""),
        ("diet", rf"^(?:doing )?(?:a |an |the )?(?P<v>{_DIET})\b(?=$| (?:now|for|at|diet|since))", ""),
        ("diet", r"\bput me on (?:a |an |the )?(?P<v>.+?) diet\b", "c"),
        ("diet", r"\b(?:i|we)(?: now| do)? (?P<v>eat (?:meat|fish|everything|dairy|gluten|eggs|bread)(?: again)?)\b", ""),
        # --- contact
        ("contact:phone", r"(?:^(?:the |please )?|\bmy |\bnew |\bme (?:at|on) )(?:new |current |old )?(?:(?:phone|mobile|cell|telephone|whatsapp)(?: number)?|number)\b[^.]*?(?P<v>\+?\d[\d -]{5,}\d)", ""),
        ("contact:phone", r"\b(?:call|reach|get|ring|text|whatsapp|have|find) me (?:at|on|under) (?P<v>\+?\d[\d -]{5,}\d)", "c"),
        ("contact:email", r"(?P<v>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)", ""),
        # --- wishes
        ("wish:theme", r"\b(?P<v>dark|light)(?: mode| theme)", ""),
        ("wish:seat", r"\b(?P<v>aisle|window|middle)(?:[ -]seats?)?\b(?=.*\bseats?\b|[ -]seats?)", ""),
        ("wish:code", r"\bcode (?:examples?|samples?|snippets?)?.{0,20}?\b(?:use|in|with) (?P<v>[A-Z][\w+#.]*)", ""),
        ("wish:code", r"\b(?:examples?|snippets?|samples?) in (?P<v>[A-Z][\w+#.]*)", ""),
        ("wish:units", r"\b(?P<v>metric|imperial|grams?|ounces|cups(?: and ounces)?|celsius|fahrenheit|kilomet\w+|miles|kilos?|pounds|kg)\b(?=.*\b(?:recipes?|units?|always|please|pls|from now|measurements?)\b)", ""),
        ("wish:units", r"\b(?:measurements?|measuring|weights?|recipes?)\b.{0,20}?\b(?P<v>metric|imperial|grams?|ounces|cups|celsius|fahrenheit|kilos?|pounds)\b", ""),
        ("wish:units", r"\b(?:recipes?|units?|temperatures?|distances?|weights?) in (?P<v>metric|imperial|grams?|ounces|cups(?: and ounces)?|celsius|fahrenheit|kilomet\w+|miles|kilos?|pounds|kg)\b", ""),
        ("wish:length", r"\b(?P<v>(?:long|detailed|longer|thorough|in depth|short|shorter|brief|concise|terse|(?:one|two|three|four|five|\d+) (?:sentences?|lines?|words?|paragraphs?|bullets?)(?: max)?)(?: and \w+)?)\b(?=.*)(?<=.)", "l"),
        ("wish:language", r"(?<!\bi )\b(?:answer|reply|write|respond|speak|talk|explain|describe|text me|communicate)(?: \w+){0,3} in (?P<v>english|german|french|spanish|italian|portuguese|dutch|polish|swedish|danish|norwegian|finnish|turkish|greek|czech)\b", ""),
    )
)  # fmt: skip
_COPULA: Final = re.compile(
    r"^(?:but |and |so )?(?:now )?(?:(?:my|our|the) )(?P<k>(?:[\w-]+ ){0,2}?[\w-]+?)(?: for (?:the |my |a )?[\w ]{2,20}?)?"
    r"(?: (?:now|currently|these days))? ?(?:is|are|=|'s)(?: now| currently| still)? (?:called |named |now )?(?P<v>.+)",
    re.IGNORECASE,
)
_INVERTED: Final = re.compile(
    r"^(?P<v>[\w .'-]{2,40}?) is (?:now )?(?:my|our) (?P<k>[\w -]{2,25}?)(?:$|,| and\b| now\b)", re.IGNORECASE
)
_TELLING: Final = re.compile(r"[A-Z\d]|^(?:a|an|the|in|on|at|called|named)\b")
_ANSWERS: Final = frozenset(
    word_set("answer answers reply replies sentences essays response responses explanations")
)
_MODIFIERS: Final = word_set(
    "new old current usual go-to main default first second other own favourite next last work home"
)
_USES: Final = re.compile(
    r"\b(?:i'm on|we're on|i use|we use|i run|we run|i'm using|we're using|using|runs|switched (?:over )?to|moved to|migrated to"
    r"|installed|stack is|editor is|setup|converted to|went over to|work in|write in|learning|on)\b(?P<rest>.*)",
    re.IGNORECASE,
)


_PLACE: Final = re.compile(
    r"\b(?P<p>at work|at home|for work|at the office|on (?:my|the|our) (?:phone|laptop|desktop|server|tablet|work \w+|home \w+))\b",
    re.IGNORECASE,
)


_OURSELVES: Final = re.compile(
    r"\b(?:i|me|my|mine|we|us|our|ours|i'm|i've|we're|we've|im|ive)\b", re.IGNORECASE
)
_BEFORE_A_VERB: Final = re.compile(
    r"(?:.*\b(?:and|but|so|just|finally|recently|now|then|have|been|ago|today|yesterday|week|month|friday|monday|last|\d+|being|from|of|as|on)\b)?\W*",
    re.IGNORECASE,
)


_ONE: Final = re.compile(r"\b(?:i|we|i've|we've|i'm|we're|im|ive|me|us)\b", re.IGNORECASE)
_ONES_OWN: Final = frozenset(("home", "job:place", "job:role", "relationship"))
_SOMEBODY: Final = re.compile(
    r"(?:[\w-]+ of (?:mine|ours)\b|(?:(?:my|our) (?:\w+ ){1,3}?|(?-i:[A-Z])[\w-]+'s [\w-]+ )?(?-i:[A-Z])[\w-]+(?='s| (?:just|has|went|got|is|was)\b|$| $)|(?-i:[A-Z])[\w-]+'s [\w-]+)",
    re.IGNORECASE,
)
"""Somebody whom a clause begins with: "a buddy of mine", "my drummer Seba", "Prytherch's wife"."""


def _of_somebody(attribute: str, match: re.Match[str]) -> bool:
    """Whether what a clause tells is about whom it begins with: "lourdes got a job at the preschool"."""
    clause, before = match.string, match.string[: match.start()]
    if attribute.startswith("job") and not _OURSELVES.search(clause) and not _BEFORE_A_VERB.fullmatch(before):
        return True
    return bool(_SOMEBODY.match(before)) and not _ONE.search(clause[: match.end()])


_SIDE: Final = re.compile(
    r"(?:the |a |an )?(?:treasurer|chair(?:man|woman|person)?\b|maid of hono|best man|bridesmaid|deacon|churchwarden|volunteer\b|member\b|godfather|godmother|captain of (?:the|our|my)"
    r"|president of the \w+ club|driver for all|good |great |bad )",
    re.IGNORECASE,
)
"""What somebody is beside their work: "treasurer of the bowls club"."""
_JOINED: Final = re.compile(
    r"^(?:in|us|them|up|forces|hands)\b|\b(?:club|choir|gym|group|class|course|church|forum|program(?:me)?|league|band|orchestra|union|society|association|circle|committee"
    r"|board|network|community|team|meeting|call|queue|chat|party|parade|march|mosque|temple|synagogue|lodge|scouts|guild|channel|server|workshop|webinar|session|protest|campaign|ensemble|quartet|quiz)\b",
    re.IGNORECASE,
)
"""What one joins that is no employer."""
_ANOTHERS: Final = re.compile(
    r"\b(?:[\w-]+'s|his|her|their)(?: own| new| work)? (?:e-?mail|address|number|phone|mobile|cell)\b"
    r"|^(?-i:[A-Z])[\w-]+(?:'s| is) (?:the|our|my|an?) |\b(?:cc|bcc|call|text|ring|ask|e-?mail|reach|phone) (?:him|her|them)\b|\bitself\b"
    r"|\bmy (?:assistant|agent|secretary|accountant|landlord|landlady|lawyer)\b",
    re.IGNORECASE,
)
"""Whose number or address is not the user's."""
_POSTS: Final = (
    CRAFTS
    | LEADS
    | word_set(
        "director head chief boss partner deputy sous lead permanent officer president chairman chairwoman fellow secretary commander sergeant sister senior"
    )
)


_NO_TOWN: Final = re.compile(r"\d|\b(?:department|office|team|chemo|goal)\b", re.IGNORECASE)


_WITHOUT_POST: Final = re.compile(
    r"\b(?:retired|unemployed|self[ -]employed|freelanc\w+|jobless|out of work|between jobs|lost my job|redundant|laid off|fired|sacked|let go|stud\w+|training|shift)\b",
    re.IGNORECASE,
)
"""What somebody without a trade says of their work."""


def of_work(value: str) -> bool:
    """Whether a value can be somebody's work, so that it takes the place of another: "horse" cannot."""
    return _is_post(value) or _WITHOUT_POST.search(value) is not None


def _is_post(value: str) -> bool:
    """Whether a value names what somebody is by trade: "made me head chef", and not "made me happy"."""
    return any(word in _POSTS or word.removesuffix("s") in _POSTS for word in words(value)[:5])


def _is_town(value: str) -> bool:
    """Whether a value looks like the name of a place, and not like a department or a lesson: "HR", "Year 4"."""
    first = (value.removeprefix("the ").split() or [""])[0]
    named = first[:1].isupper() and not first.isupper()
    return (named or first in towns()) and not _NO_TOWN.search(value)


def slot_of(clause: str) -> Slot | None:
    """What a clause of the user's own tells, where a slot can be named."""
    for attribute, rule, options in _RULES:
        match = rule.search(clause)
        if match is None:
            continue
        value = match["v"] if attribute == "home:address" else _cut(match["v"] or "another")
        if attribute.startswith("contact") and _ANOTHERS.search(clause):
            continue
        if attribute in _ONES_OWN and "c" in options and _of_somebody(attribute, match):
            continue
        if attribute == "job:role" and _SIDE.match(value):
            continue
        if attribute == "job:place" and "c" in options and _JOINED.search(value):
            continue
        if "t" in options and not (_is_town(value) if attribute == "home" else _is_post(value)):
            continue
        if attribute == "favourite":
            if found := _favourite(clause, match, value):
                return found
            continue
        if options == "l" and not (
            _ANSWERS & set(words(clause))
            or re.search(r"\bfrom (?:here|now) on\b|\bmax\b|\bgive me \w+ lines\b", clause)
        ):
            continue
        if attribute == "relationship":
            value = STATUSES.get(
                value.lower(),
                "married" if options == "p" and value.lower() in ("wife", "husband") else "partnered",
            )
        if not value or (attribute == "home" and not _is_place(value)):
            continue
        return Slot(attribute, value, change="c" in options, whole="w" in options)
    return _thing(clause) or _kind(clause)


def _favourite(clause: str, match: re.Match[str], value: str) -> Slot | None:
    kind = (match["k"] or "").strip().lower()
    if "least" in clause.lower():
        return None
    if not value:  # "I listened to nothing but Mingus, and now he's my favourite musician"
        names = re.findall(r"[A-Z][\w'à-ÿ-]+(?: [A-Z][\w'à-ÿ-]+)*", clause[: match.start()])
        value = names[-1] if names else ""
    head = stem(kind.split()[-1]) if kind else "?"
    return Slot(f"favourite:{head}", value) if value else None


def _thing(clause: str) -> Slot | None:
    """What "my laptop is a ThinkPad" tells of a thing of the user's."""
    match = _COPULA.match(clause)
    inverted = None if match else _INVERTED.match(clause)
    if not (match := match or inverted):
        return None
    noun = [word for word in words(match["k"]) if word not in _MODIFIERS or word == "work"]
    value = _cut(match["v"])
    if not noun or not value or noun[-1] in ABSTRACT or not _TELLING.search(value) or len(noun) > 3:
        return None
    head = stem(noun[-1])
    if clause[:3].lower() == "the" and head not in ("car", "bike"):
        return None
    many = (noun[-1] in MANY or noun[-1] in PERSONS or head in members("pet")) and noun[-1] not in ONLY
    name = " ".join(noun)
    name = name if name in KINDS_OF_THING else ALIASES.get(name, " ".join(stem(word) for word in noun))
    return Slot(name, value, single=not many)


def _kind(clause: str) -> Slot | None:
    """What "we use Linear" tells of the kind of thing that Linear is one of."""
    match = _USES.search(clause)
    if match is None:
        return None
    rest = words(re.sub(r"vs ?code|visual studio code", "vscode", match["rest"], flags=re.IGNORECASE))[:6]
    place = _PLACE.search(clause)
    for kind, known in KINDS_OF_THING.items():
        for word in rest:
            if word in known:
                return Slot(f"{kind}:{place['p'].split()[-1].lower()}" if place else kind, word)
    return None


_TITLE: Final = re.compile(r"\b(Dr|Mr|Mrs|Ms|Prof|St)\.(?= )")


def _cut(value: str) -> str:
    value = _TITLE.sub(r"\1", value)
    stop = _STOP.search(value)
    cut = value[: stop.start()] if stop and stop.start() > 1 else value
    return " ".join(cut.split()[:8]).strip(" ,.'\"")


_NO_PLACE: Final = word_set(
    """chapter phase stage monday tuesday wednesday thursday friday saturday sunday tomorrow conclusion different
    another topic question shift team role project"""
)


def _is_place(value: str) -> bool:
    low = value.lower()
    if re.match(
        r"(?:the |a |an )?(?:ground|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|top|world|past|moment|clouds|middle|end)\b",
        low,
    ):
        return False
    if set(words(low)) & _NO_PLACE or any(set(words(low)) & known for known in KINDS_OF_THING.values()):
        return False
    return bool(content_words(low)) and low.split()[0] not in (
        "my",
        "his",
        "her",
        "their",
        "fear",
        "hope",
        "love",
        "with",
    )


_RANKS: Final = frozenset(
    stem(word)
    for word in word_set(
        "trainee apprentice junior senior assistant deputy head chief lead student acting associate intern principal vice master"
    )
)
"""What makes another post of one: a trainee solicitor is no solicitor yet."""


def same_value(one: str, other: str) -> bool:
    """Whether two values of a slot are one, said in other words."""
    first, second = ({stem(word) for word in content_words(value)} for value in (one, other))
    if (first ^ second) & _RANKS and first & second:
        return False
    if not first or not second:
        return one.strip().lower() == other.strip().lower()
    return first <= second or second <= first
