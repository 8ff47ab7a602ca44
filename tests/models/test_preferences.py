"""Preferences are counted before they are used, contradicted, stated, and gone with what was observed."""

from __future__ import annotations

from turngraph.models import DatabaseManager, Scope, UserPreference
from turngraph.models.repositories import preferences

ADA = Scope("default", "ada")


def said(db: DatabaseManager, count: int) -> list[str]:
    """The ids of that many new messages."""
    talk = db.create_conversation("ada")
    return [db.add_message(talk.id, f"message {n}").id for n in range(count)]


def see(db: DatabaseManager, key: str, value: str | None, *ids: str) -> UserPreference | None:
    row = None
    for id_ in ids:
        row = db.write_now(
            lambda session, id_=id_: preferences.observe(
                session, ADA, key, value, category="style", message_id=id_
            )
        )
    return row


def used(db: DatabaseManager) -> dict[str, object]:
    return db.get_user_preferences("ada")


def test_three_observations_make_a_preference_and_each_message_counts_once(db: DatabaseManager):
    ids = said(db, 3)
    see(db, "tone", "formal", ids[0], ids[0], ids[0], ids[1])
    assert used(db) == {}
    row = see(db, "tone", "formal", ids[2])
    assert used(db) == {"tone": "formal"}
    assert row is not None
    assert (row.observations, row.confidence, row.evidence, row.source) == (3, 1.0, ids, "inferred")


def test_a_contradiction_lowers_the_confidence_and_in_the_end_replaces(db: DatabaseManager):
    ids = said(db, 12)
    see(db, "tone", "formal", *ids[:3])
    row = see(db, "tone", "casual", ids[3])
    assert row is not None and (row.value, row.confidence) == ("formal", 0.75)
    assert used(db) == {"tone": "formal"}
    row = see(db, "tone", "casual", *ids[4:6])
    assert row is not None and (row.value, row.confidence) == ("formal", 0.5)
    assert used(db) == {}  # as many for as against
    row = see(db, "tone", "casual", *ids[6:9])
    assert row is not None and (row.value, row.observations) == ("casual", 6)
    assert used(db) == {"tone": "casual"} and row.evidence == ids[3:9]


def test_what_fits_no_value_speaks_against_all(db: DatabaseManager):
    ids = said(db, 6)
    assert see(db, "length", None, ids[0]) is None
    see(db, "length", "brief", *ids[1:4])
    assert used(db) == {"length": "brief"}
    row = see(db, "length", None, ids[4])
    assert row is not None and row.confidence == 0.6
    row = see(db, "length", None, ids[5])
    assert row is not None and row.confidence == 0.5 and used(db) == {}


def test_topics_stand_beside_each_other_the_most_frequent_first(db: DatabaseManager):
    ids = said(db, 9)
    see(db, "topics", "billing", *ids[:3])
    see(db, "topics", "login", *ids[3:8])
    row = see(db, "topics", "account", ids[8])
    assert row is not None and row.value == ["login", "billing"] and set(row.evidence) == set(ids[:8])
    assert used(db) == {"topics": ["login", "billing"]}


def test_a_stated_one_beats_what_is_observed(db: DatabaseManager):
    ids = said(db, 6)
    see(db, "tone", "formal", *ids[:3])
    db.update_user_preference("ada", "tone", "casual")
    see(db, "tone", "formal", *ids[3:])
    assert used(db) == {"tone": "casual"}


def test_deleting_one_deletes_what_was_observed(db: DatabaseManager):
    ids = said(db, 8)
    see(db, "tone", "formal", *ids[:4])
    assert db.write_now(lambda session: preferences.remove(session, ADA, "tone"))
    see(db, "tone", "formal", ids[4])
    assert used(db) == {}  # from one message, not from five
    see(db, "tone", "formal", *ids[5:7])
    assert used(db) == {"tone": "formal"}


def test_messages_that_are_gone_are_no_evidence(db: DatabaseManager):
    ids = said(db, 4)
    see(db, "tone", "formal", *ids[:3])
    with db.get_session() as session:
        from turngraph.models import Message

        session.delete(session.query(Message).filter_by(id=ids[0]).one())
    row = see(db, "tone", "formal", ids[3])
    assert row is not None and row.evidence == ids[1:] and row.observations == 3
    shown = db.read_now(lambda session: preferences.evidence_of(session, ADA, [row]))
    assert set(shown) == set(ids[1:])


def test_only_the_newest_observations_count(db: DatabaseManager):
    ids = said(db, 40)
    see(db, "tone", "formal", *ids[:20])
    row = see(db, "tone", "casual", *ids[20:])
    assert row is not None and (row.value, row.confidence, row.observations) == ("casual", 1.0, 20)
