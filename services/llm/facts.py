"""Which facts does a message of the user state, each with what it is about and what it changes?

What is asked, supposed, quoted, joked or played is none. What is planned, denied, passing or past is one that
replaces nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..text import content_words, is_question, sentences, shortened, stem, words
from .facts_jokes import in_earnest_again, jokes
from .facts_kind import category_of
from .facts_moods import NOW, STILL, TAKEN_BACK, mood_of, over, plays, spared, supposes
from .facts_slips import Slip, slip_in
from .facts_slots import Slot, slot_of
from .facts_split import clauses_of, opened, own_words, plain, sentences_of
from .facts_states import EMPTY, MINE, NAMED, POINTING, WISH, states
from .facts_who import SOMEONE, USER, about_user, answered, person_of, standing_for
from .opener import without_opener
from .protocol import Fact

LONGEST_FACT: Final = 400
_MOST: Final = 60
_BRIEF: Final = 1_000
"""Characters of a message in which a game is announced, or a slip put right."""
_HEARSAY: Final = re.compile(
    r"^(?:people|everyone|everybody|some(?: people)?|they|you|others|many)\b.{0,40}?\b(?:think|thinks|thought|say|says|said|assume|assumes|believe|believes"
    r"|claim|claims)(?: that)? (?:i|i'm|my|we)\b",
    re.IGNORECASE,
)
_FURTHER: Final = re.compile(
    r",? (?:so|but|because|though|although|otherwise) "
    r"|,? (?:if|in case) (?:you (?:care|ask|must|find|see|want|need|know|wonder|were wondering|ever|happen|'re|are)|that (?:matters|helps|tells|counts|makes|is)"
    r"|it (?:matters|helps|counts)|i'm |i am |any(?:one|body) )",
    re.IGNORECASE,
)
"""Where a statement ends that goes on with a reason, or with why it is told: "I'm left-handed, if that matters"."""


_QUOTING: Final = re.compile(
    r"[^:\"]{0,80}\b(?:says?|said|writes?|wrote|reads?|translat\w*|examples?|quotes?|sentence|phrase|poem|song|lyrics|story|novel|joke|sign"
    r"|caption|opening|forum|script|character|title|slogan|headline|the (?:film|movie|book|line|mail|email|letter))\b[^:]{0,40}:\s",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(r"[\w'.:@-]*\w")


@dataclass(frozen=True, slots=True)
class Said:
    """One clause, how it is meant, and about whom."""

    text: str
    subject: str
    mood: str


def facts_in(message: str, question: str | None = None) -> list[Fact]:
    """The facts in a message of the user; `question` is what the assistant said just before, which only explains it."""
    if plays(message[:_BRIEF]):
        return []
    own = own_words(message)
    found: list[Fact] = []
    slip = slip_in(own) if len(own) <= _BRIEF else None
    if slip is not None:
        found.append(_corrected(slip, own))
    for said in statements_in(own, question):
        fact = fact_of(said)
        if slip is not None and _repeats(fact, slip, said):
            continue
        found.append(fact)
        if len(found) >= _MOST:
            break
    return found


def statements_in(message: str, question: str | None = None) -> list[Said]:
    """What the user states in a message, clause by clause."""
    found: list[Said] = []
    before = 0
    subject, name = USER, ""
    lines = sentences_of(message)
    if lines and question and (full := answered(lines[0], question)):
        lines[0] = full
    for raw in lines:
        line = bare(opened(raw))
        if TAKEN_BACK.search(plain(line)):
            found.clear()
            continue
        if in_earnest_again(plain(raw)):
            del found[before:]
        before = len(found)
        if _QUOTING.match(raw) or _QUOTING.match(line):
            continue
        asks = is_question(line)
        parts = _joined(clauses_of(line), line)
        whole = mood_of(plain(line))
        if whole == "joke" or is_joke(raw) or supposes(plain(line)):
            continue
        for number, part in enumerate(parts):
            clause = plain(bare(part))
            last = number == len(parts) - 1
            if (
                not clause
                or (EMPTY.match(part) and not WISH.search(part))
                or (asks and (last or is_question(part)))
                or is_question(clause)
            ):
                continue
            mood = mood_of(clause)
            if (
                mood == "hypothesis"
                and mood_of(head := _FURTHER.split(clause)[0]) == "holds"
                and len(words(head)) > 1
            ):
                part, clause, mood = _FURTHER.split(part)[0], head, "holds"
            if mood == "plan" and _stands(head := clause.split(", ")[0], clause):
                mood = "holds"  # "my shoe size is 42, looking for trail runners"
            if mood in ("hypothesis", "joke") or _HEARSAY.search(clause):
                continue
            person = person_of(clause)
            if (
                person not in (None, USER)
                and slot_of(clause) is not None
                and re.search(r"\bso\b.*\b(?:i|we|my|i'm|we've)\b", clause)
            ):
                person = USER  # "Boise got dear, so we moved to Tucson" is about us
            if person is None:
                person = subject if subject != USER else SOMEONE
            text = _told(part, clause, name if standing_for(clause) else "")
            subject = person
            name = about_user(clause) or name
            if whole in ("plan", "state") and mood in ("holds", "past") and _hangs(parts, number):
                mood = whole
            if states(clause):
                found.append(Said(text, person, mood))
            elif number == 0 and found and POINTING.match(clause) and NAMED.search(clause):
                # "I got my own flat. It's in Brno" tells where the flat is.
                found[-1] = replace(found[-1], text=f"{found[-1].text.rstrip('.!')}. {text}")
    return found


def _stands(head: str, clause: str) -> bool:
    """Whether what a clause begins with holds by itself, and only what hangs on it is a plan."""
    return head != clause and mood_of(head) == "holds" and slot_of(head) is not None


def is_joke(sentence: str) -> bool:
    """Whether a whole sentence is a joke, by a word that says so or by several signs."""
    return mood_of(plain(sentence)) == "joke" or jokes(sentence)


def earnest(message: str) -> str:
    """A message without what is asked, supposed or joked: what is left may put an end to something."""
    kept: list[str] = []
    if plays(message[:_BRIEF]):
        return ""
    for raw in sentences_of(own_words(message)):
        line = plain(bare(opened(raw)))
        if TAKEN_BACK.search(line):
            kept.clear()
        elif in_earnest_again(plain(raw)) and kept:
            kept[-1] = raw
        elif not (is_question(line) or supposes(line) or mood_of(line) == "joke" or is_joke(raw)):
            kept.append(raw)
    return " ".join(kept)


_FAVOURED: Final = re.compile(
    r"(?:now )?(?:he|she|it|that)(?:'s| is) (?:now )?my (?:new )?favourite", re.IGNORECASE
)


def _joined(parts: list[str], line: str) -> list[str]:
    """The clauses, with one that only makes sense before the next joined to it: "Boise didn't work out, so we left"."""
    found: list[str] = []
    at = 0
    for part in parts:
        start = line.find(part, at) if "\u00a0" not in part else at
        between = line[at:start] if found else ""
        before = plain(found[-1]) if found else ""
        its = _FAVOURED.match(part) is not None
        caused = "so" in words(between) and not MINE.match(before) and slot_of(plain(part)) is not None
        ended = bool(between) and over(before) is not None and slot_of(plain(part)) is not None
        caused = caused or ("so" in words(between) and mood_of(before) == "state" and not MINE.match(before))
        its = its or bool(
            re.match(r"(?:it|it's|that|that's)\b", part, re.IGNORECASE)
            and slot_of(before) is None
            and over(before) is None
        )
        if found and start >= 0 and (its or caused or ended):
            found[-1] = found[-1] + between + part
        else:
            found.append(part)
        at = max(start, at) + len(part)
    return found


def fact_of(said: Said) -> Fact:
    """A statement as a fact: what it is about, what it says of that, and what it does to earlier ones."""
    clause = plain(said.text)
    category, importance = category_of(clause)
    told = clause
    if said.mood == "negated" and mood_of(spared(clause)) == "holds":
        told = spared(clause)
    settled = said.mood in ("holds", "ended") or told != clause
    slot = slot_of(_first_person(told, said.subject)) if settled else None
    fact = Fact(
        content=_content(said.text), category=category, importance=importance, subject=said.subject,
        content_type={"plan": "plan", "state": "state"}.get(said.mood, "fact"),
    )  # fmt: skip
    if said.mood == "ended":
        gone = over(clause) or ""
        if slot is not None and re.search(r"\bused to\b", clause):
            slot = None
        fact = fact.model_copy(update={"effect": "ends", "value": gone})
        if slot is not None and _has_new_value(clause, gone, slot):
            return fact.model_copy(
                update=_slotted(said.subject, slot) | {"effect": "changes", "instead_of": gone}
            )
        return fact
    if slot is None:
        if said.mood == "holds" and NOW.search(clause) and not STILL.search(clause):
            return fact.model_copy(update={"effect": "changes"})
        return fact
    update = _slotted(said.subject, slot)
    if not slot.single or STILL.search(clause):
        effect = "adds"
    else:
        effect = "changes" if slot.change or NOW.search(clause) else "holds"
    if slot.attribute.startswith("wish") and fact.category in ("general", "personal"):
        update["category"] = "preference"
    return fact.model_copy(update=update | {"effect": effect})


def _slotted(subject: str, slot: Slot) -> dict[str, str]:
    name = f"{subject}/{slot.attribute}"
    return {"slot": name[:200], "value": slot.value}


def _has_new_value(clause: str, gone: str, slot: Slot) -> bool:
    """Whether a clause says both what is over and what is so instead: "I left Acme and joined Beta"."""
    if slot.whole and slot.value.split()[-1] in (
        "retired",
        "off",
        "redundant",
        "job",
        "go",
        "fired",
        "sacked",
    ):
        return True
    return bool(slot.value) and not set(content_words(slot.value)) <= set(content_words(gone))


def _first_person(clause: str, subject: str) -> str:
    """A clause about somebody else as they would say it: "my sister Noor lives in Ghent" is "I live in Ghent"."""
    if subject == USER:
        return clause
    match = re.search(
        r"\b(?P<verb>(?:has |have |just |now |recently )*(?:lives|moved|works|is|relocated|started|joined|got|became|studies|switched|uses|was))\b(?P<rest>.*)",
        clause,
        re.IGNORECASE,
    )
    if not match:
        return "…"
    verb = {"lives": "live", "works": "work", "is": "am", "studies": "study", "uses": "use"}
    return f"I {' '.join(verb.get(word.lower(), word) for word in match['verb'].split())}{match['rest']}"


def bare(part: str) -> str:
    """A clause without what opens it; a "no" that denies stays."""
    if re.match(r"no (?!\w+,)\w", part, re.IGNORECASE) or len(words(part)) <= 3:
        return part
    text = re.sub(
        r"^(?:and|but|so|then|anyway|yep|yes|ok|okay)[,.]? ", "", without_opener(part), flags=re.IGNORECASE
    )
    return text if len(words(text)) >= 2 else part


def _hangs(parts: Sequence[str], number: int) -> bool:
    """Whether a clause without a subject of its own stands under the mood of its sentence."""
    return number > 0 and not re.match(
        r"(?:i|we|my|our|i'm|we're|i've|we've|im|ive)\b", parts[number], re.IGNORECASE
    )


def _told(part: str, clause: str, name: str) -> str:
    """A clause as it is kept, with whom it speaks of in place of a pronoun."""
    text = bare(part).strip(" ,;:")
    if name and (match := re.match(r"(?:his|her|their) (?=\w)", text, re.IGNORECASE)):
        return f"{name}'s {text[match.end() :]}"
    if name and (match := re.match(r"(?:he|she|they)(?P<be>'s| is|'re| are)? ", text, re.IGNORECASE)):
        be = " is" if match["be"] in ("'s", " is") else " are" if match["be"] else ""
        return f"{name}{be} {text[match.end() :]}"
    return text


def _content(text: str) -> str:
    line = shortened(text.strip(" ,;:-"), LONGEST_FACT).rstrip(".!。！ ")
    return line[:1].upper() + line[1:] + "."


def _corrected(slip: Slip, message: str) -> Fact:
    """A correction; which statement it mends is found where the statements are."""
    told = next((line for line in sentences(message) if slip.right in line), message)
    category, importance = category_of(told)
    slot = next(
        (slot for part in clauses_of(told) if slip.right in part and (slot := slot_of(plain(part)))), None
    )
    return Fact(
        content=_content(told), category=category, importance=importance, subject=USER, effect="corrects",
        value=slip.right, instead_of=slip.wrong, slot=f"{USER}/{slot.attribute}" if slot and slot.single else None,
    )  # fmt: skip


def _repeats(fact: Fact, slip: Slip, said: Said) -> bool:
    """Whether a clause beside a correction only says the same again, or names the slip."""
    low = said.text.lower()
    return (
        slip.right.lower() in low
        or (slip.wrong or "\0").lower() in low
        or bool(slip_in(said.text))
        or "sorry" in low
    )


def slotted(fact: Fact) -> Fact:
    """A fact that a model found, with the slot and the effect that the rules read in it."""
    found = statements_in(fact.content)
    if len(found) != 1 or found[0].mood in ("hypothesis", "joke"):
        return fact
    told = fact_of(replace(found[0], text=fact.content))
    kept = {"slot": told.slot, "value": told.value, "effect": told.effect, "subject": told.subject}
    return fact.model_copy(update=kept)


def grounded(fact: Fact, said: str) -> bool:
    """Whether a fact that a model gives was said by the user: its names, its numbers, and most of its words."""
    heard = {stem(word.removesuffix("'s")) for word in words(said)}
    told = [(word, stem(word.removesuffix("'s"))) for word in _TOKEN.findall(fact.content)]
    named = [stem(word.lower()) for word, _ in told[1:] if word[:1].isupper() or word[:1].isdigit()]
    meant = [stem(word) for word in content_words(fact.content)]
    return set(named) <= heard | {"user", "i"} and sum(word in heard for word in meant) * 2 >= len(meant)


def key_of(fact: Fact) -> str:
    """What makes two facts of one message the same."""
    return " ".join(stem(word) for word in words(fact.content))
