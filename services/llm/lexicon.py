"""Which English words mean the same, and which are kinds of another?

General vocabulary only: no names, no facts. What is not here is matched by its letters, or by the embedder.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..text import stem, word_set

_SAME = """
call name named title nickname
mother mom mum mama mommy mummy
father dad daddy papa
grandmother grandma granny nana gran
grandfather grandpa granddad
hobby pastime interest
wife spouse
husband spouse
partner spouse boyfriend girlfriend fiance fiancee
kid child children son daughter baby
job work role position profession occupation career employed employer employ
live reside move relocate settle home residence
birthday born birth birthdate
allergy allergic allergies
film movie
favourite favorite like love prefer preferred enjoy preference liking rather
hate dislike detest
colour color
buy purchase bought paid pay cost price spend spent
appointment meeting
deadline due
boss manager supervisor
travel trip visit vacation holiday journey go going
car automobile drive vehicle driving
eat food meal diet dinner lunch breakfast ate
study studying studies learn learning
memory ram
phone mobile telephone cellphone
password passcode passphrase
read book novel reading
say tell told said mention mentioned advise advised
doctor physician gp
house flat apartment
sick ill illness
amount size
photo picture photograph image
start begin launch started began
end finish finished
sport exercise workout
recommend suggest advise recommended suggested recommendation suggestion
speak language
cook recipe cooking
married marry wedding spouse
play instrument
park parked parking
keep kept store put hide hid
met meet
wrote write written
taught teach teacher
fly flight plane flew
drink beverage
grew grow raised
"""

_KINDS = {
    "pet": "dog cat tortoise turtle hamster rabbit parrot budgie horse pony fish goldfish guinea ferret "
    "snake lizard "
    "puppy retriever labrador poodle terrier spaniel beagle dachshund collie bulldog husky corgi kitten "
    "bird canary gecko rat mouse iguana",
    "dog": "puppy retriever labrador poodle terrier spaniel beagle dachshund collie bulldog shepherd "
    "husky mutt corgi",
    "cat": "kitten siamese tabby persian",
    "breed": "retriever labrador poodle terrier spaniel beagle dachshund collie bulldog shepherd husky mutt "
    "corgi "
    "siamese tabby persian",
    "animal": "dog cat tortoise turtle hamster rabbit parrot horse pony fish snake lizard bird cow goat sheep "
    "pig",
    "sibling": "sister brother",
    "parent": "mother father",
    "grandparent": "grandmother grandfather grandma grandpa granny nana",
    "child": "son daughter",
    "spouse": "wife husband",
    "relative": "sister brother mother father son daughter aunt uncle cousin niece nephew grandmother "
    "grandfather "
    "wife husband",
    "family": "sister brother mother father son daughter aunt uncle cousin niece nephew grandmother "
    "grandfather wife "
    "husband kid",
    "colour": "red blue green yellow orange purple violet pink teal turquoise brown black white grey gray "
    "beige navy "
    "maroon crimson indigo magenta cyan olive gold silver lilac burgundy",
    "season": "spring summer autumn winter",
    "day": "monday tuesday wednesday thursday friday saturday sunday today tomorrow",
    "month": "january february march april may june july august september october november december",
    "instrument": "piano guitar violin cello accordion trumpet flute drum saxophone clarinet harp banjo ukulele "
    "viola "
    "trombone oboe bass organ mandolin harmonica",
    "vehicle": "car bicycle bike motorbike motorcycle scooter van truck lorry bus tram boat",
    "editor": "vim neovim emacs vscode nano sublime intellij pycharm notepad helix atom zed",
    "os": "linux windows macos ubuntu debian fedora android ios",
    "database": "postgresql postgres mysql sqlite mongodb redis oracle mariadb cassandra dynamodb",
    "programming": "python java javascript typescript rust go golang ruby php kotlin swift scala haskell perl c c++ "
    "c# "
    "elixir julia clojure lua r ocaml fortran cobol zig",
    "language": "english german french spanish italian portuguese dutch japanese chinese mandarin korean russian "
    "arabic hindi turkish polish swedish norwegian danish finnish greek hebrew catalan ukrainian czech "
    "welsh irish "
    "hungarian romanian vietnamese thai swahili",
    "sport": "football soccer tennis basketball volleyball rugby cricket hockey swimming running cycling "
    "climbing "
    "rowing badminton golf judo karate yoga boxing skiing handball fencing",
    "drink": "tea coffee water beer wine juice milk cola lemonade cocoa whisky",
    "food": "peanut nut shellfish gluten egg soy wheat strawberry meat fish cheese bread rice pasta "
    "pizza sushi olive mushroom onion garlic tomato potato apple banana honey "
    "salt sugar vegetable fruit chocolate dairy curry soup salad",
    "diet": "vegetarian vegan pescatarian keto halal kosher",
    "medication": "insulin ibuprofen aspirin metformin penicillin antibiotic paracetamol statin inhaler",
    "subject": "chemistry physics biology mathematics maths history law medicine economics philosophy geography "
    "engineering linguistics psychology sociology architecture literature",
    "meal": "breakfast lunch dinner supper brunch",
    "gender": "boy girl man woman",
}

PROFESSIONS = word_set(
    """accountant actor analyst architect artist astronomer baker barista biologist bookkeeper bricklayer
    builder butcher carpenter cellist chef chemist cleaner coach consultant cook dancer dentist designer
    developer director doctor driver economist editor electrician engineer farmer firefighter fisherman
    florist gardener geologist hairdresser historian illustrator interpreter janitor jeweller journalist
    judge lawyer lecturer librarian machinist manager mathematician mechanic midwife miner musician nurse
    officer optician painter paramedic pharmacist philosopher photographer physicist physiotherapist
    pianist pilot plumber policeman postman potter producer professor programmer psychologist researcher
    roofer sailor salesman scientist sculptor secretary singer soldier student surgeon tailor teacher
    technician therapist tiler translator tutor veterinarian vet violinist waiter waitress welder writer
    zoologist"""
)

PERSONS = word_set(
    """mother father sister brother son daughter wife husband partner aunt uncle cousin niece nephew
    grandmother grandfather grandma grandpa mum mom dad friend boss manager colleague neighbour neighbor
    landlord landlady dentist doctor therapist teacher girlfriend boyfriend child kid kids children fiance
    fiancee roommate flatmate"""
)

RELATIONS = frozenset(
    stem(word)
    for word in word_set(
        """call live job have go get work favourite like love prefer hate use kind type sort size amount
        number detail say tell time place day date thing person people one make want need currently lately
        recently usually subject city town country colour brand exact full new old long much many best
        better"""
    )
)
"""Words that say how, not what: matching only these is not yet an answer."""


LIGHT = frozenset(stem(word) for word in word_set("use have get go take make do own need want"))
"""Verbs that say next to nothing of themselves."""

CLOSED = frozenset(stem(kind) for kind in ("colour", "color", "season", "breed"))
"""Kinds whose members are all known: a statement without one does not tell which."""


PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE), word)
    for phrase, word in (
        (r"(?:go|goes|going|went|get|off) to (?:bed|sleep)|fall(?:s|ing)? asleep|bedtime", "bedtime"),
        (r"(?:get|gets|getting|got|wake|wakes|waking|woke) up|get out of bed", "waking"),
        (
            r"can(?:'t|not) (?:stand|bear)|can not stand|not a fan of|don't like|do not like|doesn't like",
            "hate",
        ),
        (r"(?:get|travel|drive|cycle|walk|ride|way|trip|journey) to work", "commute"),
        (
            r"(?:run|own|founded|opened|have) (?:a|an|my own) (?:\w+ ){0,2}(?:\w*(?:shop|store|ery"
            r"|company|business|firm|caf[eé]"
            r"|restaurant|studio|salon|agency|startup))",
            "business",
        ),
        (r"work(?:s|ing|ed)? on", "project"),
        (r"break up|broke up|split up|separated", "divorce"),
        (r"(?:look|looks|looking|looked) after|take care of", "care"),
        (r"grew up|grow up|brought up|raised", "childhood"),
        (r"kick off|kicks off|go live|goes live|gets? underway", "start"),
        (r"gave birth|was born|were born|am born", "born"),
    )
)
"""Turns of phrase that mean one word, in questions and in what was said."""


@lru_cache(maxsize=1)
def _senses() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _SAME.strip().splitlines():
        group = {stem(word) for word in line.split()}
        for word in group:
            found.setdefault(word, set()).update(group)
    return {word: frozenset(group) for word, group in found.items()}


@lru_cache(maxsize=1)
def _kinds() -> dict[str, frozenset[str]]:
    return {stem(kind): frozenset(stem(word) for word in members.split()) for kind, members in _KINDS.items()}


def likeness(asked: str, said: str) -> float:
    """How far a stem that was said stands for one that is asked for: 1 is the same word, 0 is unrelated."""
    if asked == said:
        return 1.0
    senses = _senses().get(asked)
    if senses and said in senses:
        return 0.9
    kinds = _kinds()
    for word in senses or (asked,):
        if said in kinds.get(word, ()):
            return 0.85
    if asked in kinds.get(said, ()):
        return 0.6
    # English puts the kind last: a bookshop is a shop.
    if len(asked) >= 4 and said.endswith(asked):
        return 0.85
    return 0.0


def rivals(asked: str, said: str) -> bool:
    """Whether two different stems are members of one kind, as cat and dog are: never the same thing."""
    kinds = _kinds_of()
    return asked != said and not kinds.get(asked, _NONE).isdisjoint(kinds.get(said, _NONE))


_NONE: frozenset[str] = frozenset()


@lru_cache(maxsize=1)
def _kinds_of() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for kind, listed in _kinds().items():
        for member in listed:
            found.setdefault(member, set()).add(kind)
    return {member: frozenset(kinds) for member, kinds in found.items()}


def members(kind: str) -> frozenset[str]:
    """The stems of the words that are of a kind."""
    return _kinds().get(stem(kind), frozenset())
