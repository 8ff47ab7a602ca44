"""Which of a user's texts have the words of a query, and how telling are those words?

BM25, where how rare a word is counts among this user's texts alone: what others say neither shows nor changes a
ranking. SQLite's bm25() and PostgreSQL's ts_rank count over all users, or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from ..services.text import content_words, words
from .scope import Scope

if TYPE_CHECKING:
    import numpy as np

MOST_WORDS: Final = 32
TABLES: Final = {"message": "messages", "memory": "memory_index"}


def lexical(
    session: Session, scope: Scope, query: str, kind: str, seqs: Sequence[int]
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The BM25 of each `message` or `memory`, in the order of their row numbers; those are all there is."""
    import numpy as np

    scores = np.zeros(len(seqs), np.float32)
    wanted = list(dict.fromkeys(content_words(query) or words(query)))[:MOST_WORDS]
    places = {seq: place for place, seq in enumerate(seqs)}
    found: dict[Any, list[tuple[int, float]]] = {}
    for word, seq, weight in _occurrences(session, scope, wanted, kind) if wanted and places else ():
        if seq in places:
            found.setdefault(word, []).append((places[seq], weight))
    for hits in found.values():
        rarity = max(math.log((len(seqs) - len(hits) + 0.5) / (len(hits) + 0.5)), 1e-6)
        for place, weight in hits:
            scores[place] += rarity * weight
    return scores


def _occurrences(
    session: Session, scope: Scope, wanted: Sequence[str], kind: str
) -> Iterable[tuple[Any, int, float]]:
    """Word, row number and weight, between 0 and 1: how often the word is in the row, for the row's length."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    found = (_postgresql if on_postgresql else _sqlite)(session, scope, wanted, kind)
    return ((word, seq, float(weight)) for word, seq, weight in found)


def _sqlite(session: Session, scope: Scope, wanted: Sequence[str], kind: str) -> Iterable[Any]:
    # bm25() of one word is its rarity times its weight, and where a word counts as said a billion times its
    # weight is at its most: so the quotient is the weight. The first column, the owner, weighs nothing.
    # CROSS JOIN keeps the planner from asking the full text anew for every row of the user.
    index, table = f"{kind}_search", TABLES[kind]
    one = (
        f"SELECT {{place}}, t.seq, bm25({index}, 0.0, 1.0) / bm25({index}, 0.0, 1e9) "
        f"FROM {index} CROSS JOIN {table} t ON t.seq = {index}.rowid "
        f"WHERE {index} MATCH :word{{place}} AND t.tenant_id = :tenant AND t.user_id = :user"
    )
    given = {"tenant": scope.tenant, "user": scope.user}
    owner = f"u{scope.tenant.encode().hex()}x{scope.user.encode().hex()}0"
    given |= {
        f"word{place}": f'owner : "{owner}" AND document : "{word}"' for place, word in enumerate(wanted)
    }
    statement = " UNION ALL ".join(one.format(place=place) for place in range(len(wanted)))
    return session.execute(text(statement), given)


def _postgresql(session: Session, scope: Scope, wanted: Sequence[str], kind: str) -> Iterable[Any]:
    table = TABLES[kind]
    split = text("SELECT tsvector_to_array(to_tsvector('english', :words))")
    lexemes = session.execute(split, {"words": " ".join(wanted)}).scalar_one()
    # As lexemes in quotes, whatever the words are, they are words and never operators.
    any_of = " | ".join("'{}'".format(one.replace("\\", "\\\\").replace("'", "''")) for one in lexemes)
    given = {"tenant": scope.tenant, "user": scope.user, "any": any_of, "lexemes": lexemes}
    mine = "t.tenant_id = :tenant AND t.user_id = :user"
    statement = (
        "SELECT u.lexeme, t.seq, said / (said + 1.2 * (0.25 + 0.75 * length(t.document) / usual)) "
        f"FROM {table} t CROSS JOIN LATERAL unnest(t.document) u CROSS JOIN LATERAL cardinality(u.positions) said "
        f"CROSS JOIN (SELECT avg(length(t.document)) AS usual FROM {table} t WHERE {mine}) mine "
        f"WHERE t.document @@ CAST(:any AS tsquery) AND u.lexeme = ANY(:lexemes) AND {mine}"
    )
    return session.execute(text(statement), given) if lexemes else ()
