"""Is the beginning of an id, as the tables show it, enough; and never anybody else's, or one of several?"""

from __future__ import annotations

from typing import Any

import pytest

from turngraph.engine import ValidationError
from turngraph.models import DatabaseManager, Scope
from turngraph.models.repositories import conversations
from turngraph.models.repositories.ids import whole

ADA = Scope("default", "ada")
IDS = ("12345678", "12345678abcd", "abcdefgh-one", "abcdefgh-two", "%%%%%%%%-three")


def meant(db: DatabaseManager, given: str, scope: Scope = ADA) -> str:
    return db.read_now(lambda session: whole(session, scope, "conversation", given))


def test_it_is_itself_or_the_one_that_begins_so(db: DatabaseManager) -> None:
    def work(session: Any) -> None:
        for id in IDS:
            conversations.begin(session, ADA, conversation_id=id)

    db.write_now(work)
    assert [meant(db, id) for id in IDS] == list(IDS)
    assert meant(db, "12345678a") == "12345678abcd" and meant(db, "%%%%%%%%") == "%%%%%%%%-three"
    for none in ("1234567", "12345678A", "________", "nothing so"):
        assert meant(db, none) == none
    with pytest.raises(ValidationError, match="2 ids begin with 'abcdefgh'"):
        meant(db, "abcdefgh")
    for other in (Scope("default", "bob"), Scope("other", "ada")):
        assert meant(db, "abcdefgh", other) == "abcdefgh" and meant(db, "12345678a", other) == "12345678a"
