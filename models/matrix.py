"""What search holds in memory of one user: a row for each message and each memory, its words and its vector.

Rows are only ever added; where one was changed or deleted, the matrix is made anew.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..services.text import word_set
from .lexical import Words, tokens

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

SITTING_GAP: Final = 3600.0
SPREAD: Final = 0.06
"""The least spread of cosines: where all are nearly alike, a little likelier is not much likelier."""
NEVER: Final = float("inf")
_TIMES: Final = word_set(
    "yesterday last ago next tomorrow week month year weekend today tonight recently just"
)
_NUMBERS: Final = word_set("two three four five six seven eight nine ten once twice couple dozen")
_DIGIT: Final = re.compile(r"\d")
_NAME: Final = re.compile(r"[A-Z][a-z]+")
_NAME_ENDS: Final = re.compile(r"[!?.,;:]|$| [-–—]")
_CALLING: Final = re.compile(
    r"(?:,|(?:^|[^\w])(?:hey|hi|hello|thanks|thank you|wow|yeah|yep|bye|congrats|sure),?) $", re.IGNORECASE
)

COLUMNS: Final = {
    "seq": "q", "memory": "b", "conversation": "i", "speaker": "i", "previous": "i", "sitting": "i", "category": "i",
    "length": "i", "since": "d", "until": "d", "asks": "b", "times": "b", "numbers": "b", "named": "b",
}  # fmt: skip


@dataclass(slots=True)
class Row:
    """A message or a memory as it is read from the database."""

    seq: int
    content: str
    at: datetime
    conversation: str = ""
    position: int = 0
    speaker: str = "user"
    memory: bool = False
    category: str = ""
    until: datetime | None = None
    model: str | None = None
    vector: bytes | None = None


class Vectors:
    """The vectors of one model, of one dimension, and the rows that they are of."""

    def __init__(self, dimension: int) -> None:
        import numpy as np

        self._matrix: Numbers = np.zeros((16, dimension), np.float32)
        self._rows = array("i")
        self._lengths: Numbers | None = None

    def extend(self, rows: Sequence[int], vectors: Sequence[bytes]) -> None:
        """Adds vectors, given as float16 bytes."""
        import numpy as np

        there, needed = len(self._rows), len(self._rows) + len(rows)
        if needed > len(self._matrix):
            # A first load is taken as it is; what grows a little every turn is given room.
            grown = np.zeros((needed if not there else needed * 5 // 4, self._matrix.shape[1]), np.float32)
            grown[:there] = self._matrix[:there]
            self._matrix = grown
        block = np.frombuffer(b"".join(vectors), np.float16).reshape(len(rows), -1)
        self._matrix[there:needed] = (
            block if np.isfinite(block).all() else np.where(np.isfinite(block), block, 0)
        )
        self._rows.extend(rows)
        self._lengths = None

    def cosines(self, vector: Numbers) -> tuple[Any, Numbers]:
        """The rows that have a vector, and the cosine of each to a vector of length 1."""
        import numpy as np

        held = self._matrix[: len(self._rows)]
        lengths = self._lengths
        if lengths is None:
            self._lengths = lengths = np.sqrt(np.einsum("ij,ij->i", held, held)) + 1e-9
        return np.array(self._rows), held @ vector / lengths

    def likeness(self, vector: Numbers, size: int) -> Numbers:
        """How like each of the rows is to a vector, as a share of the spread; rows without a vector are as usual."""
        import numpy as np

        found = np.zeros(size, np.float32)
        if len(self._rows):
            cosines = self._matrix[: len(self._rows)] @ vector
            found[np.array(self._rows)] = (cosines - cosines.mean()) / max(float(cosines.std()), SPREAD)
        return found

    def of(self, rows: Sequence[int]) -> dict[int, Numbers]:
        """The vectors of some rows."""
        wanted = set(rows)
        return {row: self._matrix[place] for place, row in enumerate(self._rows) if row in wanted}

    @property
    def size(self) -> int:
        """How many bytes they take."""
        return self._matrix.nbytes + 4 * len(self._rows)


class Matrix:
    """The rows of one user, in the order they were added, with all that ranking asks of them."""

    def __init__(self) -> None:
        self.words = Words()
        self.vectors: dict[tuple[str, int], Vectors] = {}
        self.ties: list[tuple[int, int]] = []  # the row of a message, the row of a memory from it
        self.successions: list[
            tuple[int, int]
        ] = []  # the row of a memory, the row of the one that superseded it
        self.conversations: dict[str, int] = {}
        self.speakers: dict[str, int] = {}
        self.categories: dict[str, int] = {}
        self.newest_seq = {False: 0, True: 0}  # of messages, of memories
        self._places: dict[tuple[bool, int], int] = {}
        self._columns = {name: array(code) for name, code in COLUMNS.items()}
        self._ready: dict[str, Any] = {}
        self._last: dict[int, tuple[int, int]] = {}  # of a conversation: row and position
        self._addressed: dict[str, dict[int, int]] = {}
        self._sittings = 0

    def __len__(self) -> int:
        return len(self._places)

    def __getattr__(self, name: str) -> Any:
        """A column as an array, in the order of the rows."""
        if name not in COLUMNS:
            raise AttributeError(name)
        if name not in self._ready:
            import numpy as np

            self._ready[name] = np.array(self._columns[name])
        return self._ready[name]

    def extend(self, rows: Sequence[Row]) -> None:
        """Adds rows; those of a conversation come in their order."""
        embedded: dict[tuple[str, int], tuple[list[int], list[bytes]]] = {}
        for row in rows:
            place = self._add(row)
            if row.vector:
                key = (row.model or "", len(row.vector) // 2)
                places, vectors = embedded.setdefault(key, ([], []))
                places.append(place)
                vectors.append(row.vector)
        for key, (places, vectors) in embedded.items():
            self.vectors.setdefault(key, Vectors(key[1])).extend(places, vectors)
        self._ready.clear()

    def follows(self, rows: Iterable[Row]) -> bool:
        """Whether rows come after those that are here, each in its conversation."""
        for row in rows:
            last = self._last.get(self.conversations.get(row.conversation, -1))
            if not row.memory and last is not None and row.position <= last[1]:
                return False
        return True

    def tie(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Ties messages to memories, both by their row numbers in the database."""
        for message, memory in pairs:
            rows = self._places.get((False, message)), self._places.get((True, memory))
            if rows[0] is not None and rows[1] is not None:
                self.ties.append((rows[0], rows[1]))

    def succeed(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Notes which memory superseded which, both by their row numbers in the database."""
        for before, after in pairs:
            rows = self._places.get((True, before)), self._places.get((True, after))
            if rows[0] is not None and rows[1] is not None:
                self.successions.append((rows[0], rows[1]))

    def called(self) -> dict[str, int]:
        """By which names the speakers go: their own, and those by which the others address them."""
        found = {}
        for name, speakers in self._addressed.items():
            most = max(speakers, key=lambda one: speakers[one])
            if speakers[most] >= 3 and speakers[most] >= 5 * (sum(speakers.values()) - speakers[most]):
                found[name] = most
        return found | {
            name: one
            for name, one in self.speakers.items()
            if name not in ("user", "assistant", "system", "tool")
        }

    def by_sitting(self) -> tuple[Any, Any, Any]:
        """The rows in the order of their sittings, where each sitting begins in it, and how many rows it has."""
        if "by_sitting" not in self._ready:
            import numpy as np

            order = np.argsort(self.sitting, kind="stable")
            sittings = self.sitting[order]
            starts = np.flatnonzero(np.r_[True, sittings[1:] != sittings[:-1]])
            self._ready["by_sitting"] = (order, starts, np.diff(np.r_[starts, len(order)]))
        return self._ready["by_sitting"]  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        columns = sum(len(column) * column.itemsize for column in self._columns.values())
        return 2 * columns + 160 * len(self) + self.words.size + sum(v.size for v in self.vectors.values())

    def _add(self, row: Row) -> int:
        place = self._places[row.memory, row.seq] = len(self._places)
        self.newest_seq[row.memory] = max(self.newest_seq[row.memory], row.seq)
        columns = self._columns
        speaker = self.speakers.setdefault(row.speaker, len(self.speakers))
        conversation = self.conversations.setdefault(row.conversation, len(self.conversations))
        at = row.at.timestamp()
        before = -1 if row.memory else self._last.get(conversation, (-1, 0))[0]
        if before >= 0 and abs(at - columns["since"][before]) > SITTING_GAP:
            before = -1
        if before < 0:
            self._sittings += 1
        if not row.memory:
            self._last[conversation] = (place, row.position)
        called, named = _names(row.content)
        if before >= 0 and (addressee := columns["speaker"][before]) != speaker:
            for name in called:
                counts = self._addressed.setdefault(name, {})
                counts[addressee] = counts.get(addressee, 0) + 1
        words = tokens(row.content)
        self.words.add(place, words)
        values: dict[str, Any] = {
            "seq": row.seq, "memory": row.memory, "conversation": conversation, "speaker": speaker, "previous": before,
            "sitting": self._sittings if before < 0 else columns["sitting"][before],
            "category": self.categories.setdefault(row.category, len(self.categories)),
            "length": len(words), "since": at, "until": row.until.timestamp() if row.until else NEVER,
            "asks": row.content.rstrip().endswith(("?", "？")), "times": not _TIMES.isdisjoint(words),
            "numbers": not _NUMBERS.isdisjoint(words) or _DIGIT.search(row.content) is not None,
            "named": named,
        }  # fmt: skip
        for name, value in values.items():
            columns[name].append(value)
        return place


def _names(content: str) -> tuple[list[str], bool]:
    """The names by which somebody is addressed, and whether somebody or something else is named."""
    called, named = [], '"' in content
    for match in _NAME.finditer(content):
        start = match.start()
        if (
            start
            and _CALLING.search(content, max(0, start - 12), start)
            and _NAME_ENDS.match(content, match.end())
        ):
            called.append(match.group())
        elif not named and start > 1 and content[start - 1] == " ":
            named = content[start - 2].islower() or content[start - 2] == ","
    return called, named
