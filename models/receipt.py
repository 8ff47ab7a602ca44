"""The receipt of an erasure: what went, how thoroughly, and what is left to the operator; signed, without a text.

A receipt holds ids, counts and keyed hashes. Who has a text and the key can prove that it was among what went;
nobody can guess a short one from its hash.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ..engine import ValidationError
from ..services import SettingError
from ..services.settings import setting
from .base import Base, UtcTime, new_id, now
from .scope import Scope

VERSION: Final = 1
SHORTEST_KEY: Final = 16
GRADES: Final = ("unreachable", "files")


class ReceiptRow(Base):
    """One receipt as it was signed."""

    __tablename__ = "receipts"
    __table_args__ = (Index("ix_receipts_target", "tenant_id", "user_id", "kind", "target"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True, default=new_id)
    tenant_id: Mapped[str] = mapped_column(String(200))
    user_id: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    target: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)


class ReceiptKey(Base):
    """A key that receipts are signed with, made on first use where none is set from outside."""

    __tablename__ = "receipt_keys"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    secret: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)


@dataclass(frozen=True, slots=True)
class Key:
    """A secret, and the id by which a receipt names it."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """The beginning of a hash of the secret."""
        return hashlib.sha256(b"turngraph receipt key " + self.secret).hexdigest()[:16]

    def digest(self, text: str) -> str:
        """The keyed hash of a text that went."""
        return self._mac("content " + text)[:32]

    def sign(self, receipt: Receipt) -> Receipt:
        """The receipt with its signature."""
        named = replace(receipt, key=self.id)
        return replace(named, signature=self._mac("receipt " + named.unsigned()))

    def signed(self, receipt: Receipt) -> bool:
        """Whether the receipt is as it was when this key signed it."""
        return hmac.compare_digest(self._mac("receipt " + receipt.unsigned()), receipt.signature)

    def seal(self, text: str) -> str:
        """The signature of any other record, as text."""
        return self._mac("seal " + text)

    def sealed(self, text: str, signature: str) -> bool:
        """Whether a record is as it was when this key sealed it."""
        return hmac.compare_digest(self.seal(text), signature)

    def _mac(self, text: str) -> str:
        return hmac.new(self.secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an erasure did. `grade` is what was reached, `wanted` what was asked for.

    `erased` has for each table the rows that went, as id and keyed hash, `changed` how many others were rewritten.
    `answers` are messages that replied to what went, and stay. `walked` are runs that another process was walking,
    and its owner id. `attempts` counts how often the files were begun with.
    """

    tenant: str
    user: str
    kind: str
    target: str | None
    grade: str
    wanted: str
    erased_at: str
    database: str
    erased: dict[str, list[list[str]]]
    changed: dict[str, int]
    answers: list[str]
    left_to_the_operator: list[str]
    walked: list[list[str]] = field(default_factory=list)
    attempts: int = 0
    files_at: str | None = None
    id: str = field(default_factory=new_id)
    receipt: int = VERSION
    key: str = ""
    signature: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many rows of each table went."""
        return {table: len(rows) for table, rows in self.erased.items()}

    @property
    def pending(self) -> bool:
        """Whether less was reached than was asked for."""
        return GRADES.index(self.grade) < GRADES.index(self.wanted)

    def to_dict(self) -> dict[str, Any]:
        """The receipt as JSON values."""
        return {**asdict(self), "counts": self.counts}

    def unsigned(self) -> str:
        """The text that is signed: all but the signature, always in the same form."""
        values = self.to_dict()
        del values["signature"]
        return json.dumps(values, sort_keys=True, separators=(",", ":"))


def receipt_of(values: object) -> Receipt:
    """The receipt that JSON values stand for; ValidationError where they are none."""
    if not isinstance(values, Mapping) or values.get("receipt") != VERSION:
        raise ValidationError(
            f"receipt: expected a receipt of version {VERSION}, as `turngraph memory forget --json` prints it",
            ["receipt"],
        )
    known = {one.name for one in fields(Receipt)}
    if odd := sorted((known | {"counts"}) ^ set(values)):
        raise ValidationError(
            f"receipt: expected the fields of a receipt, and these differ: {', '.join(odd)}", odd
        )
    made = Receipt(**{name: values[name] for name in known})
    if not isinstance(made.signature, str) or not isinstance(made.erased, dict):
        raise ValidationError("receipt: its signature or its rows are not of the right type", ["receipt"])
    if made.counts != values["counts"]:
        raise ValidationError("receipt: its counts are not those of its rows, so it was changed", ["counts"])
    return made


def current_key(session: Session) -> Key:
    """The key to sign with: the one that is set, else the database's own, made now if it has none."""
    if (given := _given()) is not None:
        return given
    row = session.scalar(select(ReceiptKey).order_by(ReceiptKey.created_at.desc()).limit(1))
    if row is None:
        made = Key(secrets.token_hex(32).encode())
        row = ReceiptKey(id=made.id, secret=made.secret.decode())
        session.add(row)
        session.flush()
    return Key(row.secret.encode())


def key_of(session: Session, key_id: str) -> Key | None:
    """The key of that id, if it is the one that is set or one of this database."""
    given = _given()
    if given is not None and given.id == key_id:
        return given
    row = session.get(ReceiptKey, key_id)
    return None if row is None else Key(row.secret.encode())


def newest(session: Session, scope: Scope, kind: str, target: str | None) -> Receipt | None:
    """The last receipt of the scope for that very thing."""
    query = select(ReceiptRow.body).where(
        ReceiptRow.tenant_id == scope.tenant, ReceiptRow.user_id == scope.user, ReceiptRow.kind == kind
    )
    query = query.where(ReceiptRow.target.is_(None) if target is None else ReceiptRow.target == target)
    body = session.scalar(query.order_by(ReceiptRow.created_at.desc(), ReceiptRow.id).limit(1))
    return None if body is None else receipt_of(json.loads(body))


def listed(session: Session, scope: Scope) -> list[Receipt]:
    """The scope's receipts, the newest first."""
    mine = (ReceiptRow.tenant_id == scope.tenant, ReceiptRow.user_id == scope.user)
    query = select(ReceiptRow.body).where(*mine).order_by(ReceiptRow.created_at.desc(), ReceiptRow.id)
    return [receipt_of(json.loads(body)) for body in session.scalars(query)]


def store(session: Session, receipt: Receipt) -> Receipt:
    """Signs a receipt and keeps it in place of an earlier state of it."""
    signed = current_key(session).sign(receipt)
    row = session.get(ReceiptRow, signed.id)
    if row is None:
        row = ReceiptRow(
            id=signed.id, tenant_id=signed.tenant, user_id=signed.user, kind=signed.kind, target=signed.target
        )
        session.add(row)
    row.body = json.dumps(signed.to_dict(), sort_keys=True)
    session.flush()
    return signed


def _given() -> Key | None:
    text = setting("receipt_key")
    if text is None:
        return None
    if len(text) < SHORTEST_KEY:
        raise SettingError(
            f"Setting 'receipt_key' must have at least {SHORTEST_KEY} characters; found {len(text)}. "
            f"Set TURNGRAPH_RECEIPT_KEY to a long random text, or leave it unset."
        )
    return Key(text.encode())
