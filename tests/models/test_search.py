"""Is what was said found, by the right user, for the right reason, whatever the query is made of?"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from turngraph.models import DatabaseManager, Message, Scope
from turngraph.models import search as search_module
from turngraph.models.lexical import tokens
from turngraph.models.repositories import conversations, memories, messages
from turngraph.models.repositories.messages import NewMessage
from turngraph.models.search import Hit, neutral, search, speakers

ADA = Scope("default", "ada")
SAID = [
    ("user", "My dog is called Biscuit and he is afraid of thunder."),
    ("assistant", "Poor Biscuit! Thunder is loud."),
    ("user", "I work as a marine biologist in Lisbon."),
    ("assistant", "What do you study there?"),
    ("user", "Mostly octopuses; they open jars."),
    ("assistant", "Clever animals."),
    ("user", "O'Brien's email is o'brien@example.com and I don't like him."),
    ("assistant", "Understood, and is there anything else that ought to be kept in mind for another time?"),
    ("user", "Next week I fly to Tokyo for a conference."),
]


def fill(db: DatabaseManager) -> list[str]:
    def work(session: Any) -> list[str]:
        talk = conversations.begin(session, ADA, conversation_id="c")
        added = messages.add_all(session, talk, [NewMessage(content, role) for role, content in SAID])
        other = conversations.begin(session, ADA, conversation_id="other")
        messages.add(session, other, NewMessage("The octopuses of another conversation", client_id="theirs"))
        return [message.id for message, _ in added]

    return db.write_now(work)


@pytest.fixture
def ids(db: DatabaseManager) -> list[str]:
    return fill(db)


def find(db: DatabaseManager, query: str, **options: Any) -> list[Hit]:
    return db.read_now(lambda session: search(session, ADA, query, **options))


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("What is my dog called?", 0),
        ("Where do I work as a biologist?", 2),
        ("flying to Tokyo", 8),
        ("O'Brien's email", 6),
    ],
)
def test_the_obvious_is_found_first_on_every_database(
    db: DatabaseManager, ids: list[str], query: str, best: int
):
    hit = find(db, query)[0]
    assert (hit.content, hit.role) == (SAID[best][1], SAID[best][0])
    assert hit.message is not None
    assert (hit.message.id, hit.message.conversation_id, hit.message.position) == (ids[best], "c", best + 1)


@pytest.mark.parametrize("query", ["new pet", "Do I have a pet?", "Which pet is new?"])
def test_a_kind_that_nobody_named_counts_beside_a_word_that_somebody_said(
    db: DatabaseManager, query: str
) -> None:
    said = [
        "I adopted a puppy.",
        "I like chess.",
        "I bought a new car.",
        "Rain again.",
        "The new flat is dry.",
    ]

    def work(session: Any) -> None:
        talk = conversations.begin(session, ADA, conversation_id="c")
        messages.add_all(session, talk, [NewMessage(content) for content in said])

    db.write_now(work)
    first, second = find(db, query)[:2]
    assert first.content == "I adopted a puppy." and first.parts["kind"] > 0 and first.parts["covered"] > 0
    assert second.parts["kind"] == 0


def test_hits_are_best_first_and_their_parts_add_up(db: DatabaseManager, ids: list[str]):
    for query in ("octopuses", "Biscuit thunder", "nothing of this kind"):
        hits = find(db, query, limit=100)
        assert len(hits) == 10
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        for hit in hits:
            assert sum(hit.parts.values()) == pytest.approx(hit.score, abs=1e-3)
            assert hit.at is not None and hit.at.tzinfo is not None


def test_a_search_may_stay_in_one_conversation_and_leave_messages_out(db: DatabaseManager, ids: list[str]):
    assert {h.message.conversation_id for h in find(db, "octopuses") if h.message} == {"c", "other"}
    inside = find(db, "octopuses", conversation_id="other")
    assert [(h.message.client_id, h.message.position) for h in inside if h.message] == [("theirs", 1)]
    without = find(db, "octopuses", exclude=[ids[4]], limit=100)
    assert ids[4] not in {h.message.id for h in without if h.message} and len(without) == 9
    assert find(db, "octopuses", conversation_id="none") == []


def test_the_limit_holds(db: DatabaseManager, ids: list[str]):
    assert [len(find(db, "octopuses", limit=limit)) for limit in (0, 1, 3)] == [0, 1, 3]


def test_a_memory_lifts_its_message_and_a_loose_one_is_found_itself(db: DatabaseManager, ids: list[str]):
    def remember(content: str, importance: float, *sources: str) -> str:
        return db.write_now(
            lambda s: memories.remember(s, ADA, content, sources=sources, importance=importance)[0].id
        )

    plain = next(h for h in find(db, "profession", limit=100) if h.message and h.message.id == ids[2])
    tied = remember("their profession is marine biologist", 1.0, ids[2])
    loose = remember("their profession pays well", 0.9)
    hits = find(db, "profession", limit=100)
    lifted = next(h for h in hits if h.message and h.message.id == ids[2])
    assert lifted.memory_ids == [tied] and lifted.importance_score == 1.0
    assert lifted.score > plain.score and lifted.parts["fact"] > 0
    found = [h for h in hits if h.message is None]
    assert [(h.content, h.memory_ids) for h in found] == [("their profession pays well", [loose])]
    assert [h for h in find(db, "profession", conversation_id="c", limit=100) if h.message is None] == []


def test_what_is_alike_in_meaning_is_found_without_a_common_word(db: DatabaseManager):
    db.create_conversation("ada", conversation_id="c")
    for content, vector in (
        ("north", [0.0, 1.0]),
        ("east", [1.0, 0.0]),
        ("other", [1.0, 0.0, 0.0]),
        ("none", None),
    ):
        db.add_message("c", content, embedding=vector)
    hits = find(db, "up", vector=np.asarray([0.0, 1.0], np.float32))
    assert hits[0].content == "north" and hits[0].parts["meaning"] > 0 >= hits[1].parts["meaning"]


def test_an_empty_database_and_an_empty_query(db: DatabaseManager):
    vector = np.asarray([1.0, 0.0], np.float32)
    assert find(db, "anything") == find(db, "", vector=vector) == []
    fill(db)
    for query in ("", "   ", "?!", "'", '"', "\0", " \0\n"):
        assert find(db, query, vector=vector, limit=100) == []
    for query in ("the of and", "octo\0puses"):
        assert len(find(db, query, limit=100)) == 10
    assert len(find(db, "octopuses " * 5_000, limit=1)) == 1


def test_one_message_alone_is_found(db: DatabaseManager):
    db.create_conversation("ada", conversation_id="c")
    db.add_message("c", "hello")
    assert [h.content for h in find(db, "hello")] == ["hello"]
    assert all(np.isfinite(h.score) for h in find(db, "hello"))


METACHARACTERS = [
    "o'brien", "don't", "rock'n'roll", "'; DROP TABLE messages; --", '"octopuses', "octo*", "NEAR(a b)", "a AND b",
    "a OR NOT b", "^a", "a:b", "{document}: a", "a & b | !c <-> d", "a:*", "\\", "\\'", "%", "_", "(((", "a'b''c",
    "document:octopuses", "-octopuses +jars", ":tenant", "%(wanted)s", "$1", "foo@bar.com", "a/b", "x’y", "ﬁ", "İ",
]  # fmt: skip


def test_what_means_something_to_a_database_is_plain_text_here(db: DatabaseManager, ids: list[str]):
    for query in METACHARACTERS:
        assert len(find(db, query, limit=100)) == (10 if tokens(query) else 0), query
    assert find(db, "NOT octopuses")[0].content in {SAID[4][1], "The octopuses of another conversation"}
    for word in ("o'brien", "O’Brien", "o'brien's"):
        assert find(db, word)[0].content == SAID[6][1], word
    assert len(db.get_conversation_messages("c")) == len(SAID)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseManager]:
    with DatabaseManager(f"sqlite:///{tmp_path_factory.mktemp('search') / 'x.db'}") as db:
        fill(db)
        yield db


@pytest.fixture
def filled_postgres(postgres: DatabaseManager) -> DatabaseManager:
    fill(postgres)
    return postgres


pieces = st.sampled_from(
    ["'", '"', "o'brien", "octopuses", " ", "*", ":", "(", ")", "&", "|", "!", "\\", "-", "/"]
)
queries = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=12).map("".join))


@given(query=queries)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_query(filled: DatabaseManager, query: str):
    assert len(find(filled, query, limit=100)) == (10 if tokens(query) else 0)


@given(query=queries)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_query_on_postgresql(filled_postgres: DatabaseManager, query: str):
    assert len(find(filled_postgres, query, limit=100)) == (10 if tokens(query) else 0)


def test_a_changed_or_deleted_message_is_found_as_it_is_now(db: DatabaseManager, ids: list[str]):
    with db.get_session() as session:
        session.query(Message).filter_by(id=ids[8]).update({"content": "I fly to Osaka"})
        session.query(Message).filter_by(id=ids[0]).delete()
    assert find(db, "Osaka")[0].content == "I fly to Osaka"
    assert SAID[0][1] not in [h.content for h in find(db, "Biscuit", limit=100)]


def test_searches_and_writes_go_on_at_the_same_time(sqlite: DatabaseManager):
    fill(sqlite)

    async def both() -> Sequence[Any]:
        reads = [sqlite.read(lambda session: search(session, ADA, "octopuses")) for _ in range(10)]
        writes = [sqlite.write(lambda s, n=n: memories.remember(s, ADA, f"fact {n}")) for n in range(10)]
        return (await asyncio.gather(*reads, *writes))[:10]

    assert {hits[0].role for hits in asyncio.run(both())} == {"user"}


def test_the_names_of_those_who_speak_are_known_and_can_be_left_out(db: DatabaseManager):
    db.create_conversation("ada", conversation_id="c")
    for name in ("Ada", "Bob", None, "Ada"):
        db.add_message("c", "hello", name=name)
    with db.get_session() as session:
        names = speakers(session, ADA)
    assert sorted(names) == ["Ada", "Bob"]
    assert neutral("What did Ada say about Bob's dog? Adam knows.", names) == (
        "What did they say about their dog? Adam knows."
    )


@pytest.fixture(scope="module")
def alike() -> Iterator[DatabaseManager]:
    """Many memories that say much the same, of very different importance, some of them tied to messages."""
    dice = random.Random(3)
    with DatabaseManager("sqlite:///:memory:") as db:

        def work(session: Any) -> None:
            talk = conversations.begin(session, ADA, conversation_id="c")
            for number in range(400):
                said = " ".join(
                    dice.choice(("tea", "green tea", "harbour", "Rome")) for _ in range(dice.randint(1, 2))
                )
                sources = []
                if number % 4 == 0:
                    sources = [messages.add(session, talk, messages.NewMessage(f"{said} {number}"))[0].id]
                fact = memories.remember(
                    session,
                    ADA,
                    f"{said} {number}",
                    importance=dice.choice((0.0, 0.5, 0.51, 1.0)),
                    sources=sources,
                )
                fact[0].access_count = dice.choice((0, 0, 3, 5_000))

        db.write_now(work)
        yield db


@pytest.mark.parametrize("within", ["all", "memories"])
@pytest.mark.parametrize("limit", [1, 5, 30])
@pytest.mark.parametrize("query", ["tea", "green tea", "Rome harbour", "nothing of it", "tea in Rome"])
def test_what_is_looked_at_closely_at_first_changes_no_result(
    alike: DatabaseManager, monkeypatch: pytest.MonkeyPatch, query: str, limit: int, within: Any
) -> None:
    def found() -> list[tuple[str, float]]:
        hits = alike.read_now(lambda s: search(s, ADA, query, limit=limit, within=within))
        return [(hit.content, hit.score) for hit in hits]

    monkeypatch.setattr(search_module, "LOOKED_AT", 1_000)  # all of them
    everything = found()
    assert len(everything) == limit
    for looked_at in (0, 40):
        monkeypatch.setattr(search_module, "LOOKED_AT", looked_at)
        assert found() == everything


def test_of_many_that_say_the_same_the_most_important_comes_first(db: DatabaseManager):
    def work(session: Any) -> None:
        for number in range(300):
            importance = 0.9 if number == 7 else 0.8 if number == 123 else 0.6
            memories.remember(
                session, ADA, "".join(("The boat is called Otter", "." * number)), importance=importance
            )

    db.write_now(work)
    hits = db.read_now(
        lambda session: search(session, ADA, "What is the boat called?", limit=3, within="memories")
    )
    assert [hit.importance_score for hit in hits] == [0.9, 0.8, 0.6]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
