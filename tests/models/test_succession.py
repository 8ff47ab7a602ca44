"""Does a change that no rule reads close the fact it means, and no other?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from turngraph.models import DatabaseManager, MemoryIndex, Scope
from turngraph.models.nearest import nearest
from turngraph.models.search import search
from turngraph.models.truth import Claim, Telling, learn
from turngraph.services import WordLlamaEmbedder
from turngraph.services.llm.facts import facts_in
from turngraph.services.llm.facts_themes import stated_themes, themes_of

ADA = Scope("default", "ada")
START = datetime(2026, 3, 1, tzinfo=UTC)
AROUND = (
    "I play the bassoon",
    "my sister runs a bakery",
    "my mother tongue is Tagalog",
    "I drive a Fiat Panda",
)


@pytest.fixture
def db(tmp_path: Any) -> Iterator[DatabaseManager]:
    with DatabaseManager(f"sqlite:///{tmp_path / 'memories.db'}") as database:
        yield database


def tell(db: DatabaseManager, *said: str) -> dict[str, bool]:
    """Each saying a day after the one before; gives of every memory whether it holds."""
    embedder = WordLlamaEmbedder()

    def work(session: Any) -> dict[str, bool]:
        for day, text in enumerate(said):
            facts = facts_in(text)
            vectors = embedder.embed([fact.content for fact in facts]) if facts else []
            claims = [
                Claim(fact, vector.astype("float16").tobytes())
                for fact, vector in zip(facts, vectors, strict=True)
            ]
            learn(session, ADA, claims, Telling((), START + timedelta(days=day), embedder.model_id, text))
        return {row.content: row.valid_to is None for row in session.query(MemoryIndex)}

    return db.write_now(work)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (
            "I rent in Marrickville, above a bakery",
            "lease ended so I'm at my new place in Newtown, above a pub",
        ),
        ("We drive an old Saab", "The Saab went to the scrapyard, and a Kia sits in the drive"),
        ("I bank with Barclays", "closed everything at Barclays, Monzo has my money now"),
        ("our rent is 900 a month", "landlord put it up, rent's 1,050 from this month"),
        ("I learn Japanese with Duolingo", "Duolingo got silly, I do my Japanese with WaniKani these days"),
    ],
)
def test_a_change_in_other_words_closes_the_fact_it_means(db: DatabaseManager, before: str, now: str) -> None:
    told = tell(db, *AROUND, before, now)
    (old,) = (content for content in told if content.casefold().startswith(before.casefold()[:12]))
    assert told[old] is False
    assert sum(holds for holds in told.values()) >= len(AROUND) + 1


@pytest.mark.parametrize(
    "said",
    [
        'she texted "I left the bank, I\'m a sculptor now" and I nearly dropped my phone',
        "the head office relocated to Kigali last month",
        "I play both at every gig now, it's chaos",
        "In a parallel universe I'm single and living on an island",
        "my new address is the sofa, apparently, haha",
        "I've given up tea. And breathing. just kidding",
    ],
)
def test_what_ends_nothing_closes_nothing(db: DatabaseManager, said: str) -> None:
    told = tell(
        db,
        "I work in a bank",
        "I'm based in Nairobi",
        "I play the guitar",
        "I'm married to Greta",
        "I drink tea",
        said,
    )
    assert all(told.values()), told


def test_what_names_nothing_new_is_the_same_fact_again(db: DatabaseManager) -> None:
    told = tell(db, "We live on a houseboat in Ghent", "living on a houseboat in Ghent means damp socks")
    assert len(told) == 1


def test_a_question_about_the_past_finds_what_was_before_it_finds_what_is(db: DatabaseManager) -> None:
    tell(db, *AROUND, "I live in Lyon", "I've moved to Nantes")
    found = db.read_now(
        lambda session: search(session, ADA, "Where did I live before Nantes?", within="memories")
    )
    assert found[0].content == "I live in Lyon."
    assert found[1].content == "I've moved to Nantes."
    assert found[1].parts["later"] < 0
    assert (
        db.read_now(lambda session: search(session, ADA, "Where do I live?"))[0].content
        == "I've moved to Nantes."
    )


def test_of_several_moves_the_one_before_is_told_first(db: DatabaseManager) -> None:
    tell(db, *AROUND, "I live in Lyon", "I've moved to Nantes", "I've moved to Brest")

    def first(question: str) -> str:
        return db.read_now(lambda session: search(session, ADA, question, within="memories"))[0].content

    assert first("Where did I live before Brest?") == "I've moved to Nantes."
    assert first("Where did I live at first?") == "I live in Lyon."


def test_what_ended_something_stands_in_its_place(db: DatabaseManager) -> None:
    tell(db, "I own an old Saab", "I sold the Saab")
    rows = db.read_now(lambda session: {row.content: row for row in session.query(MemoryIndex)})
    assert rows["I own an old Saab."].superseded_by == rows["I sold the Saab."].id


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("I volunteer at the library on Saturdays", "On Mondays I help out at the food bank these days"),
        ("my son is called Reuben", "we welcomed a daughter, Esme, on Monday"),
        ("I'm allergic to penicillin", "new allergy unlocked: shellfish"),
        ("I was born in Manila", "I ended up as a resident of Eindhoven"),
        ("I'm married to Kofi", "our neighbours Jens and Mia got divorced, we're all in shock"),
    ],
)
def test_what_may_hold_beside_the_new_is_kept(db: DatabaseManager, before: str, now: str) -> None:
    assert all(tell(db, before, now).values())


def test_a_nearly_equal_name_is_a_slip(db: DatabaseManager) -> None:
    told = tell(db, "my niece's name is Alina", "ugh, autocorrect changed it, she's Elina with an E")
    assert told["My niece's name is Alina."] is False


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("I can't eat gluten", "remember, gluten is not for me"),
        ("my wife Imani is a vet", "Imani, my wife, works as a vet"),
        ("my daughter studies law in Leiden", "daughter's in Leiden doing law"),
        ("I have two kids, Mila and Jonas, and no patience", "packing for my two, Mila and Jonas"),
    ],
)
def test_said_again_in_other_words_it_is_kept_once(db: DatabaseManager, first: str, again: str) -> None:
    assert len(tell(db, first, again)) == 1


def test_a_theme_needs_more_than_a_word() -> None:
    assert "work" in stated_themes("I make my living as a wedding photographer")
    assert "home" in stated_themes("Duluth is where I hang my hat these days")
    assert not stated_themes("my birthday is on the fourth of March")
    assert "pet" in themes_of("our rabbit is called Clover")


def test_the_nearest_are_ordered_by_cosine_and_then_importance(db: DatabaseManager) -> None:
    with db.get_session() as session:
        for content, vector, importance in (
            ("a", [1.0, 0.0], 0.2),
            ("b", [2.0, 0.0], 0.9),
            ("c", [0.0, 1.0], 0.5),
        ):
            session.add(
                MemoryIndex(
                    user_id="ada",
                    content=content,
                    embedding=vector,
                    embedding_model="m",
                    importance_score=importance,
                )
            )
        session.add(
            MemoryIndex(user_id="ada", content="longer", embedding=[1.0, 0.0, 0.0], embedding_model="m")
        )
    found = db.read_now(lambda session: [one.content for one in nearest(session, ADA, [1.0, 0.1])])
    assert found == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (
            "I rent a room in Harwich, quiet street",
            "I've moved out of the room, I share a bungalow in Ely now",
        ),
        ("I'm a trainee welder at Corven", "as of today I'm a welder, same yard"),
        ("I work at Pellow Insurance in claims", "I started a new job on Monday"),
        ("We live on Mill Lane in Dayton, have done since the boys were born", "we live in Sarasota now"),
        ("my favourite biscuit is the garibaldi", "my favourite biscuit's the hobnob these days"),
        ("I like lavender best of all scents", "I cannot stand lavender any more, only vetiver"),
    ],
)
def test_a_change_of_some_kind_closes_what_was(db: DatabaseManager, before: str, now: str) -> None:
    told = tell(db, *AROUND, before, now)
    (old,) = (content for content in told if content.casefold().startswith(before.casefold()[:21]))
    assert told[old] is False
    assert sum(holds for holds in told.values()) >= len(AROUND)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("the next locker is Ron's, number 15", "they gave us other lockers, I've got locker 22 now"),
        ("Office line is 020 5550 1187", "dropped the phone, new sim, new number: 0468 555 730"),
        ("I live in Porto with my wife and our baby, Benedita", "from this month Benedita sleeps two hours"),
        ("I work at the bakery", "lorenz got a job at the mill"),
        ("my wife braids hair", "sorry again!! don't tell my wife"),
        ("my old apprentice Dawn opened her own place", "I've sold up and cut two days a week at Dawn's"),
    ],
)
def test_what_is_told_of_something_else_ends_nothing(db: DatabaseManager, before: str, now: str) -> None:
    told = tell(db, before, now)
    (old,) = (content for content in told if content.casefold().startswith(before.casefold()[:12]))
    assert told[old] is True


def test_a_correction_is_of_the_thing_that_it_names(db: DatabaseManager) -> None:
    told = tell(
        db, "our caterer is Two Palms", "the venue is Marsworth Barn", "hang on, the caterer is Fennel House"
    )
    assert told["The venue is Marsworth Barn."] is True
    assert told["Our caterer is Two Palms."] is False


def test_another_number_of_the_same_is_not_the_same_again(db: DatabaseManager) -> None:
    assert len(tell(db, "I have two ponies", "final count: I've nine ponies")) >= 2


@pytest.mark.parametrize(
    ("told", "message", "kept"),
    [
        (("My mail is tony@old.example.", "Ron's the treasurer, ron@lake.example, cc him."), "Use tony@new.example from now on. Ron's stays.", "Ron's the treasurer, ron@lake.example, cc him."),
        (("My phone is +48 600 555 120.", "For second contact put my assistant Kinga, +48 600 555 777."), "I have now +48 720 555 031.", "For second contact put my assistant Kinga, +48 600 555 777."),
        (("I live at 61 Pell Street, Norwich.", "The workshop is at unit 4 on the Hurst estate."), "We moved house, it's 8 Tanner's Yard now. The workshop stays where it is.", "The workshop is at unit 4 on the Hurst estate."),
        (("My daughter Imani lives in Kigali.",), "My other daughter Neema lives in Arusha now.", "My daughter Imani lives in Kigali."),
        (("My locker at the station in Oban has the number 4417.",), "On day 1 of our trip we came to Oban, where the ferry was late.", "My locker at the station in Oban has the number 4417."),
        (("The office number is 01632 960001.", "My phone number is 07700 900123."), "New phone, new number: 07700 900456.", "The office number is 01632 960001."),
    ],
)  # fmt: skip
def test_what_is_of_another_or_is_said_to_stay_is_not_ended(
    db: DatabaseManager, told: tuple[str, ...], message: str, kept: str
) -> None:
    assert tell(db, *told, message)[kept]
