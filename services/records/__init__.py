"""Lists of records, read one at a time from whatever they are kept in, each with a key of its own."""

from .keys import Keyed, keyed, own_id
from .record import LARGEST, Read, digest
from .source import read_records, read_stream

__all__ = ["digest", "Keyed", "keyed", "LARGEST", "own_id", "Read", "read_records", "read_stream"]
