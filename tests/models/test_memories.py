"""What becomes of what was remembered, when more is told and when time passes?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from turngraph.engine import ValidationError
from turngraph.models import DatabaseManager, MemoryIndex, MemorySource, Message, Scope
from turngraph.models.pruning import Pruning, prunable, prune, weight
from turngraph.models.repositories import conversations, memories, messages
from turngraph.models.truth import Claim, Telling, learn
from turngraph.services import Fact
from turngraph.services.llm.facts import facts_in

ADA, BOB = Scope("default", "ada"), Scope("default", "bob")
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Any) -> Any:
    with DatabaseManager(f"sqlite:///{tmp_path / 'memories.db'}") as database:
        yield database


def tell(db: DatabaseManager, *said: str, scope: Scope = ADA) -> list[tuple[str, bool]]:
    """Each saying a day after the one before; gives every memory and whether it holds."""

    def work(session: Any) -> list[tuple[str, bool]]:
        for day, text in enumerate(said):
            claims = [Claim(fact) for fact in facts_in(text)]
            learn(session, scope, claims, Telling(at=START + timedelta(days=day)))
        rows = session.query(MemoryIndex).filter_by(user_id=scope.user).order_by(MemoryIndex.seq)
        return [(row.content, row.valid_to is None) for row in rows]

    return db.write_now(work)


CLOSING = [
    ("I live in Lyon.", "I've just moved to Nantes."),
    ("I live in Lyon with two cats", "I live in Nantes these days"),
    ("my address is 12 Rue Blanche", "new address: 5 Rue Verte"),
    ("I'm a nurse at St Mary's.", "I changed jobs, I'm a paramedic now"),
    ("I'm a bus driver", "I retired last month"),
    ("My manager is Lucia", "Lucia left, so my new manager is Omar"),
    ("My favourite band is Slowdive", "my new favourite band is Ride"),
    ("Please answer in English", "from now on answer in Spanish please"),
    ("I'm single", "I'm seeing someone now"),
    ("I have a cat called Miso", "Miso passed away last night"),
    ("my number is 555-2000", "I've got a new number: 555-3000"),
    ("my car is a Fiat", "sold the Fiat, I drive a Volvo now"),
    ("I have a Netflix subscription", "I cancelled Netflix"),
    ("I smoke ten a day", "I quit smoking"),
    ("I'm vegan", "I'm not vegan anymore"),
    ("I use VS Code", "I've switched to Neovim"),
    ("We meet on Mondays", "we meet on Thursdays from now on"),
    ("I take 20 mg of citalopram", "the doctor upped my citalopram to 40 mg"),
    ("I go to the gym on Mondays", "I go to the gym on Tuesdays now"),
]
KEEPING = [
    ("I live in Lyon", "my brother moved to Nantes"),
    ("I live in Lyon", "I'd love to live in Nantes"),
    ("I live in Lyon", "I'm in Nantes for a conference until Friday"),
    ("I live in Lyon", "I used to live in Nantes"),
    ("I live in Lyon", "The song goes 'I live in Nantes'"),
    ("I live in Lyon", "I've moved my appointment to Tuesday"),
    ("I live in Lyon", "we might move to Nantes"),
    ("I'm a nurse", "I'm thinking about becoming a paramedic"),
    ("I'm a nurse", "I also work as a baker at weekends"),
    ("I'm a nurse", "I'm covering as a ward clerk this week"),
    ("I have a dog called Rex", "I have a dog called Luna too"),
    ("My sister is called Ana", "my sister is called Eva"),
    ("I'm allergic to nuts", "I'm allergic to kiwi now"),
    ("I speak French", "I speak Dutch now"),
    ("my car is a Fiat", "I rented a Volvo for the weekend"),
    ("I drink coffee", "I stopped drinking beer"),
    ("My number is 555-2000", "my office number is 555-3000"),
    ("I use Firefox at home", "I use Chrome at work"),
    ("I have two cats", "sorry, I meant to ask about three recipes"),
    ("I'm married to Oskar", "my cousin got divorced"),
]


@pytest.mark.parametrize(("old", "new"), CLOSING)
def test_what_changed_closes_what_was(db: DatabaseManager, old: str, new: str) -> None:
    rows = tell(db, old, new)
    assert [holds for _, holds in rows[:1]] == [False]
    assert any(holds for _, holds in rows[1:])


@pytest.mark.parametrize(("old", "new"), KEEPING)
def test_what_changes_nothing_closes_nothing(db: DatabaseManager, old: str, new: str) -> None:
    assert all(holds for _, holds in tell(db, old, new))


@pytest.mark.parametrize(
    ("old", "again"),
    [
        ("My wife is called Ana", "Ana is my wife"),
        ("I live in Oslo", "I live in Oslo, as you know"),
        ("I work from home on Mondays", "on Mondays I work from home"),
        ("I'm lactose intolerant", "remember, I'm lactose intolerant"),
    ],
)
def test_what_is_told_again_is_one_fact_and_weighs_more(db: DatabaseManager, old: str, again: str) -> None:
    assert len(tell(db, old)) == 1
    before = db.read_now(lambda session: memories.listed(session, ADA)[0].importance_score)
    assert len(tell(db, again)) == 1
    assert db.read_now(lambda session: memories.listed(session, ADA)[0].importance_score) > before


@pytest.mark.parametrize(
    ("said", "mended", "right"),
    [
        ("My flight is at 9:40 tomorrow", "sorry, I meant 9:20", "9:20"),
        ("I take 50 mg of sertraline", "oops, it's 75 mg", "75 mg"),
        ("I have two sisters", "I mean three sisters, not two", "three"),
        ("my wedding is on June 12", "my mistake, it's June 13", "June 13"),
        ("My teacher is called Marie", "Maria, not Marie, autocorrect", "Maria"),
        ("My size is M", "scratch that, my size is L", "L"),
    ],
)
def test_a_slip_that_is_put_right_was_never_true(
    db: DatabaseManager, said: str, mended: str, right: str
) -> None:
    rows = tell(db, said, mended)
    assert [holds for _, holds in rows] == [False, True]
    assert right in rows[1][0]

    def closed(session: Any) -> Any:
        row = session.query(MemoryIndex).order_by(MemoryIndex.seq).first()
        return row.valid_to == row.valid_from, row.superseded_by is not None

    assert db.read_now(closed) == (True, True)
    assert db.read_now(lambda session: memories.earlier(session, ADA)) == []


def test_the_history_of_a_slot_says_what_held_when(db: DatabaseManager) -> None:
    tell(db, "I live in Lyon.", "I moved to Nantes.", "I moved back to Lyon.", "My brother lives in Pau.")
    tell(db, "I live in Bari.", scope=BOB)

    def read(session: Any) -> Any:
        return [
            (row.value, row.valid_from - START, row.valid_to and row.valid_to - START)
            for row in memories.history(session, ADA, "user/home")
        ]

    day = timedelta(days=1)
    assert db.read_now(read) == [("Lyon", 0 * day, day), ("Nantes", day, 2 * day), ("Lyon", 2 * day, None)]
    assert [row.value for row in db.read_now(lambda s: memories.earlier(s, ADA))] == ["Nantes", "Lyon"]


def test_what_replaced_a_fact_is_pointed_to_and_no_other_user_is_touched(db: DatabaseManager) -> None:
    tell(db, "I live in Lyon.", scope=BOB)
    tell(db, "I live in Lyon.", "I moved to Nantes.")
    old, new = db.read_now(lambda session: memories.history(session, ADA, "user/home"))
    assert old.superseded_by == new.id
    assert tell(db, scope=BOB) == [("I live in Lyon.", True)]


def test_what_was_said_earlier_does_not_close_what_was_said_later(db: DatabaseManager) -> None:
    def work(session: Any) -> None:
        for days, text in ((10, "I live in Nantes."), (0, "I live in Lyon.")):
            learn(session, ADA, [Claim(f) for f in facts_in(text)], Telling(at=START + timedelta(days=days)))

    db.write_now(work)
    assert all(row.valid_to is None for row in db.read_now(lambda s: memories.listed(s, ADA)))


def test_two_facts_of_one_meaning_are_one_where_words_and_names_agree(db: DatabaseManager) -> None:
    def work(session: Any) -> int:
        facts = [Fact(content="I have three kids."), Fact(content="There are kids of mine, three.")]
        return sum(learn(session, ADA, [Claim(fact, [1.0, 0.0])], Telling()) for fact in facts)

    assert db.write_now(work) == 1


def old(db: DatabaseManager, **values: Any) -> str:
    """A memory that was stored 2,000 days before, with a message it came from."""

    def work(session: Any) -> str:
        conversation = conversations.begin(session, ADA)
        message, _ = messages.add(session, conversation, messages.NewMessage("I like tea."))
        made, _ = memories.remember(
            session, ADA, f"I like tea {len(memories.listed(session, ADA))}.", sources=[message.id], at=START
        )
        made.created_at = START
        for name, value in values.items():
            setattr(made, name, value)
        return made.id

    return db.write_now(work)


LATER = START + timedelta(days=2_000)


async def test_pruning_lets_go_what_faded_and_spares_what_is_pinned_used_or_said(db: DatabaseManager) -> None:
    faded = old(db)
    old(db, pinned=True)
    old(db, last_accessed=LATER - timedelta(days=5), access_count=3)
    closed = old(db, valid_to=START + timedelta(days=9), superseded_by=faded)
    slip = old(db, valid_to=START)
    recent = old(db, valid_to=LATER - timedelta(days=9), superseded_by=faded)
    shown = await prunable(db, ADA, Pruning(), at=LATER)
    assert {(pruned.id, pruned.reason) for pruned in shown} == {
        (faded, "faded"), (closed, "no longer holds"), (slip, "corrected"),
    }  # fmt: skip
    assert db.read_now(lambda session: session.query(MemoryIndex).count()) == 6
    assert await prune(db, ADA, Pruning(), at=LATER) == shown
    assert await prune(db, ADA, Pruning(), at=LATER) == []

    def left(session: Any) -> Any:
        row = session.query(MemoryIndex).filter_by(id=recent).one()
        counts = [session.query(table).count() for table in (MemoryIndex, MemorySource, Message)]
        return counts, row.superseded_by

    assert db.read_now(left) == ([3, 3, 6], None)


async def test_pruning_takes_a_portion_at_a_time_and_only_one_users(
    db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("turngraph.models.pruning.PORTION", 2)
    for _ in range(5):
        old(db)
    tell(db, "I like tea.", scope=BOB)
    assert len(await prune(db, ADA, Pruning(), at=LATER)) == 5
    assert len(tell(db, scope=BOB)) == 1


def test_weight_halves_with_time_grows_with_use_and_a_plan_fades_sooner() -> None:
    values = {"importance_score": 0.8, "access_count": 0, "valid_from": START, "created_at": START}
    fact, half = MemoryIndex(content_type="fact", **values), timedelta(days=100)
    assert weight(fact, START, half) == pytest.approx(0.8)
    assert weight(fact, START + half, half) == pytest.approx(0.4)
    assert weight(MemoryIndex(content_type="plan", **values), START + half, half) < 0.02
    fact.access_count = 5
    assert weight(fact, START + half, half) > 0.8


@pytest.mark.parametrize("wrong", [{"half_life": timedelta(0)}, {"least": 1.5}])
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Pruning(**wrong)
