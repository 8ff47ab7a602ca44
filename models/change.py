"""What changed of a user's messages and memories: counted by triggers, so that whoever searches knows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Base
from .prepared import columns, fetch, mine
from .scope import Scope


class SearchChange(Base):
    """How many rows of a kind were added to a user's, and how many changed or went.

    Only sums count. On PostgreSQL each transaction has a row of its own (`txn`), so that nobody waits for
    another; they are added up under 0 later. Counting starts at the time of day, so that a user who was
    forgotten and comes again is not taken for the one before.
    """

    __tablename__ = "search_changes"
    __table_args__ = ({"sqlite_with_rowid": False},)

    tenant_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    txn: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    added: Mapped[int] = mapped_column(BigInteger)
    edited: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True)
class Version:
    """How much was ever added and edited of each kind; equal ones mean that nothing changed in between."""

    added: dict[str, int]
    edited: dict[str, int]

    def since(self, before: Version) -> dict[str, int]:
        """How many rows of each kind were added after another version."""
        return {kind: count - before.added.get(kind, 0) for kind, count in self.added.items()}


_C: Final = columns(SearchChange)
_COUNTS: Final = select(_C.kind, func.sum(_C.added), func.sum(_C.edited)).where(*mine(_C)).group_by(_C.kind)


def version(session: Session, scope: Scope) -> Version:
    """Where a user's rows stand now."""
    found = fetch(session, _COUNTS, scope.mine)
    return Version(
        {kind: int(added) for kind, added, _ in found}, {kind: int(edited) for kind, _, edited in found}
    )
