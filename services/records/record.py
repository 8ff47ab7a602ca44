"""What is read of a list: a record and its line, or why that line holds none."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

LARGEST: Final = 4 * 1024 * 1024


@dataclass(slots=True)
class Read:
    """One record of a list: its line, its value, and how many bytes it had; or the reason why it is none.

    `raw` stands in for the value of one that is none, so that it is the same one the next time.
    """

    line: int
    value: dict[str, Any] | None = None
    reason: str | None = None
    size: int = 0
    raw: bytes = b""


def parsed(line: int, raw: bytes) -> Read:
    """The record that some bytes are: one JSON object in UTF-8."""
    if len(raw) > LARGEST:
        return too_large(line, raw, len(raw))
    try:
        value = json.loads(raw.decode(), parse_constant=_constant)
    except UnicodeDecodeError as error:
        return poison(
            line, raw, f"not UTF-8 at byte {error.start + 1}: {raw[error.start : error.end].hex(' ')}"
        )
    except RecursionError:
        return poison(line, raw, "not JSON that can be read: it is nested too deep")
    except ValueError as error:
        return poison(line, raw, f"not JSON: {error}")
    return checked(line, value, len(raw), raw)


def checked(line: int, value: Any, size: int, raw: bytes = b"") -> Read:
    """The value as a record, if it is an object."""
    if not isinstance(value, dict):
        return poison(line, raw, f"a record is an object, found a {type(value).__name__}")
    return Read(line, value, size=size)


def too_large(line: int, raw: bytes, size: int) -> Read:
    """What is said of a record that is longer than is read."""
    return poison(line, raw[:LARGEST], f"has {size:,} bytes; a record has at most {LARGEST:,}")


def poison(line: int, raw: bytes, reason: str) -> Read:
    """A line that holds no record."""
    return Read(line, None, reason, min(len(raw), LARGEST), hashlib.blake2b(raw, digest_size=16).digest())


def digest(*parts: Any) -> str:
    """A text that is equal where the parts are equal JSON values, whatever the order of their keys."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
