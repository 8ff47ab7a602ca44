"""How is plain English text taken apart, and turned from "I" to "you"?

Everything here is pure, takes any text (broken or huge) and runs in time linear in its length.
"""

from __future__ import annotations

import re


def word_set(listing: str) -> frozenset[str]:
    """The words of a listing, for a table that is read as text."""
    return frozenset(listing.split())


# Possessive, and only from the start of a run: a megabyte of dots must not cost a megabyte squared.
_SENTENCE_END = re.compile(r"(?<![.!?。！？])[.!?。！？]++[\"'”’)\]]*+(?=\s|$)|[。！？]++|\n++")
_ABBREVIATIONS = word_set("mr mrs ms dr prof st jr sr vs e.g i.e approx dept fig inc ltd co")
_JOINT = r",? (?:and|but|so|while|because|since|although|though) (?:now |then |also )?"
_SELF = r"(?=(?:i|i'm|i've|i'd|i'll|we|we're|we've|my|our) )"
_ASKED = r"(?=(?:what|where|when|who|how|which|can|could|do|does|should|would|will) )"
_REQUEST = r"(?:,(?: (?:and|but|so))?| and| but) (?=(?:please|kindly) \w|call me (?-i:[A-Z]))"
_CLAUSE_BREAK = re.compile(
    rf" ?; | [-\u2013\u2014] |{_JOINT}{_SELF}|, {_SELF}|, (?:(?:and|so|but) )?{_ASKED}|{_REQUEST}",
    re.IGNORECASE,
)
_REQUEST_BREAK = re.compile(_REQUEST, re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’.\-:_@/][^\W_]+)*")
_APOSTROPHE = str.maketrans({"’": "'", "‘": "'", "`": "'"})

STOP_WORDS = word_set(
    """a about actually after again ago all also am an and any anything are aren't as at be because been
    before being but by can can't could did didn't do does doesn't doing don't down each else ever every
    few for from further get had has hasn't have haven't having he he's her here here's hers him his how
    how's i i'd i'll i'm i've if in into is isn't it it's its itself just kind let's may maybe me might
    mine more most much must my myself no nor not now of off oh ok okay on once one only or other our ours
    ourselves out over own please quite really s same she she's should shouldn't so some something sort
    still such t than that that's the their theirs them themselves then there there's these they they're
    thing things this those through to too under until up upon us very was wasn't we we'd we'll we're we've
    well were weren't what what's when when's where where's which while who who's whom whose why will with
    won't would wouldn't yes yet you you'd you'll you're you've your yours yourself"""
)

QUESTION_WORDS = word_set("what where when who whom whose which why how")
_AUXILIARIES = word_set(
    """am are can can't could couldn't did didn't do does doesn't don't had has hasn't have haven't is isn't
    may might must shall should shouldn't was wasn't were weren't will won't would wouldn't"""
)
_QUESTION_CONTRACTION = re.compile(r"^(what|where|when|who|how)'?(s|re|d|ll|m)$")
_ASKING = re.compile(
    r"^(?:please\s+|hey,?\s+|so,?\s+|and\s+|but\s+|ok(?:ay)?,?\s+|well,?\s+)*"
    r"(?:(?:can|could|would|will)\s+you\s+(?:please\s+)?)?"
    r"(?:tell me|remind me|do you (?:remember|recall|know)|i(?:'d like| want| wanted| would like) to know"
    r"|i forgot\b|i(?: can't|'ve| cannot)? (?:forgotten|remember) (?:what|where|when|who|which|how|my)"
    r"|what about|how about|any idea)\b",
    re.IGNORECASE,
)
_LEAD = word_set("""hi hello hey so and but ok okay well please also um uh sorry then now btw""")


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with its end mark."""
    found: list[str] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if match.group().startswith(".") and _abbreviated(text, match.start()):
            continue
        _keep(found, text[start : match.end()])
        start = match.end()
    _keep(found, text[start:])
    return found


def clauses(sentence: str) -> list[str]:
    """The parts of a sentence that could each stand alone: "My dog is old and I love him" has two."""
    line = " ".join(sentence.translate(_APOSTROPHE).split())
    parts = [part.strip(" ,") for part in _CLAUSE_BREAK.split(line)]
    return [part for part in parts if part]


def requests_apart(sentence: str) -> list[str]:
    """A sentence and the requests that follow in it, each alone: "I like tea, and please call me Al" has one."""
    return [part for part in _REQUEST_BREAK.split(sentence) if part]


def words(text: str) -> list[str]:
    """The words of a text in lower case; numbers, times and names with a dash stay whole."""
    return _WORD.findall(text.translate(_APOSTROPHE).lower())


def content_words(text: str) -> list[str]:
    """The words that carry meaning, without stop words and without "'s"."""
    bare = (word.removesuffix("'s") for word in words(text))
    return [word for word in bare if word not in STOP_WORDS]


def stems(text: str) -> list[str]:
    """The stems of the content words, in order."""
    return [stem(word) for word in content_words(text)]


def stem(word: str) -> str:
    """A word without its commonest English endings: lives, living and lived are one."""
    word = _IRREGULAR.get(word, word)
    if len(word) <= 3 or not word.isalpha():
        return word
    for ending, instead, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            word = word[: len(word) - len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    if len(word) > 3 and word[-1] == "e":
        word = word[:-1]
    if len(word) > 3 and word[-1] == "y":
        word = word[:-1] + "i"
    return word


_IRREGULAR = {
    past: present
    for present, pasts in (
        entry.split(":")
        for entry in word_set(
            """lose:lost buy:bought go:went,gone,goes,going do:did,done,does,doing take:took,taken give:gave,given make:made
            break:broke,broken come:came grow:grew,grown meet:met see:saw,seen speak:spoke,spoken
            teach:taught think:thought write:wrote,written build:built sell:sold pay:paid leave:left
            keep:kept tell:told say:said eat:ate,eaten drink:drank,drunk drive:drove,driven fly:flew,flown
            get:got,gotten begin:began,begun choose:chose,chosen fall:fell,fallen find:found
            forget:forgot,forgotten hold:held know:knew,known lead:led lend:lent run:ran ride:rode,ridden
            sing:sang,sung send:sent sleep:slept spend:spent stand:stood steal:stole,stolen swim:swam
            throw:threw,thrown wear:wore,worn win:won hide:hid,hidden bring:brought catch:caught
            study:studies,studied,studying use:using,used child:children wife:wives mouse:mice foot:feet
            tooth:teeth man:men woman:women person:people burn:burnt learn:learnt dream:dreamt feel:felt hear:heard mean:meant shoot:shot
            sit:sat shake:shook wake:woke become:became hang:hung fight:fought dig:dug feed:fed draw:drew,drawn
            bite:bit,bitten freeze:froze,frozen tear:tore,torn light:lit stick:stuck swear:swore,sworn
            travel:travelling,travelled cancel:cancelling,cancelled knife:knives shelf:shelves half:halves"""
        )
    )
    for past in pasts.split(",")
}
_ENDINGS = (
    ("ies", "y", 2),
    ("ied", "y", 2),
    ("sses", "ss", 2),
    ("shes", "sh", 2),
    ("ches", "ch", 2),
    ("xes", "x", 2),
    ("ings", "", 3),
    ("ing", "", 3),
    ("ed", "", 3),
    ("ers", "er", 3),
    ("us", "us", 1),
    ("ss", "ss", 1),
    ("is", "is", 1),
    ("s", "", 2),
)


def is_question(text: str) -> bool:
    """Whether the text asks something, with or without a question mark."""
    stripped = text.strip().rstrip("\"'”’)")
    if stripped.endswith(("?", "？")):
        return True
    opening = stripped[:200].translate(_APOSTROPHE)
    if _ASKING.match(opening):
        return True
    first = words(opening)
    while len(first) > 1 and first[0] in _LEAD:
        first = first[1:]
    if not first:
        return False
    if first[0] in QUESTION_WORDS or _QUESTION_CONTRACTION.match(first[0]):
        # "When I was young I lived there." opens like a question and is none.
        return not (first[0] in ("when", "while") and len(first) > 1 and first[1] not in _AUXILIARIES)
    # "Had my eyes tested" tells.
    return first[0] in _AUXILIARIES - {"had"} and len(first) > 1 and first[1] in _SUBJECTS


_SUBJECTS = word_set(
    """i you we he she they it my your our the this that there his her their any anyone someone"""
)

_BE_AFTER = {"am": "are", "was": "were", "ain't": "aren't", "wasn't": "weren't"}
_TO_YOU = {
    "i": "you",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "myself": "yourself",
    "i'm": "you're",
    "im": "you're",
    "i've": "you've",
    "ive": "you've",
    "i'd": "you'd",
    "i'll": "you'll",
    "we": "you",
    "us": "you",
    "our": "your",
    "ours": "yours",
    "ourselves": "yourselves",
    "we're": "you're",
    "we've": "you've",
    "we'd": "you'd",
    "we'll": "you'll",
}
_TO_ME = {
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
    "you're": "I'm",
    "you've": "I've",
    "you'd": "I'd",
    "you'll": "I'll",
}
_BEFORE_OBJECT = word_set(
    """to for with about from by on at of and than tell told give gave show showed help helped call ask asked
    thank thanks let remind send sent teach make made want need like love see saw know for"""
)
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def second_person(text: str) -> str:
    """What the user said of themselves, said back to them: "I am" becomes "you are", "my" "your"."""
    out: list[str] = []
    end = 0
    before = ""
    subject = False
    for match in _TOKEN.finditer(text):
        word = match.group()
        low = word.translate(_APOSTROPHE).lower()
        gap = text[end : match.start()]
        out.append(gap)
        opens = end == 0 or any(mark in gap for mark in ".!?\n")
        said = _turned(low, before, subject and not any(mark in gap for mark in ".!?\n"))
        if said is None:
            out.append(word)
        else:
            out.append(said[0].upper() + said[1:] if opens or (word[0].isupper() and low[0] != "i") else said)
        subject = low in ("i", "we") or (subject and low in _BETWEEN)
        if low in ("i", "we") and opens:
            subject = True
        before = low
        end = match.end()
    out.append(text[end:])
    return "".join(out)


_BETWEEN = word_set("""also really just still now never always only usually often both all actually too""")


def _turned(low: str, before: str, after_subject: bool) -> str | None:
    if low in _TO_YOU:
        return _TO_YOU[low]
    if after_subject and low in _BE_AFTER:
        return _BE_AFTER[low]
    if low in _TO_ME:
        return _TO_ME[low]
    if low == "you":
        return "me" if before in _BEFORE_OBJECT else "I"
    if low == "are" and before == "you":
        return "am"
    return None


def _abbreviated(text: str, at: int) -> bool:
    start = at
    while start > 0 and at - start < 8 and (text[start - 1].isalnum() or text[start - 1] == "."):
        start -= 1
    word = text[start:at].lower()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i")


def _keep(found: list[str], part: str) -> None:
    if any(char.isalnum() for char in part):
        found.append(part.strip())


def shortened(text: str, limit: int) -> str:
    """The text on one line and at most `limit` characters long, cut between words."""
    line = " ".join(text[: limit * 4].split())
    if len(line) <= limit:
        return line if len(text) <= limit * 4 else line + " …"
    cut = line.rfind(" ", limit // 2, limit)
    return line[: cut if cut > 0 else limit].rstrip(" ,;:") + " …"
