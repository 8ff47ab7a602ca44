"""Opens a list of records, whatever it is kept in: JSONL, a JSON array, CSV, Parquet, a folder of those, a stream."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..errors import RecordsUnreadable
from .lines import begins_array, comma_lines, json_array, json_lines
from .record import Read, checked, poison

PORTION: Final = 256
_KINDS: Final = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")


def read_records(path: str | Path) -> Iterator[Read]:
    """The records of a file or of all files in a folder, one at a time.

    The ending says how it is read: .jsonl, .ndjson, .json, .csv, .tsv, .parquet, each but the last also with .gz
    behind it. What has another ending is JSONL, or a JSON array where it begins with a bracket.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise RecordsUnreadable(f"there is no file {str(path)!r} here")
    return _file(path)


def read_stream(stream: BinaryIO) -> Iterator[Read]:
    """The records of an open stream: JSONL, or a JSON array where it begins with a bracket."""
    buffered: Any = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(_Raw(stream))
    yield from json_array(buffered) if begins_array(buffered) else json_lines(buffered)


def _file(path: Path) -> Iterator[Read]:
    endings = [ending.lower() for ending in path.suffixes]
    packed = endings[-1:] == [".gz"]
    kind = (endings[:-1] if packed else endings)[-1:]
    if kind == [".parquet"]:
        yield from _parquet(path)
        return
    with path.open("rb") as plain, gzip.open(plain) if packed else plain as opened:
        stream: Any = opened
        try:
            if kind == [".csv"] or kind == [".tsv"]:
                yield from comma_lines(stream, "," if kind == [".csv"] else "\t")
            else:
                yield from read_stream(stream)
        except (OSError, EOFError) as error:
            raise RecordsUnreadable(f"{path} cannot be read to its end: {error}") from error


def _folder(path: Path) -> Iterator[Read]:
    """The files of a folder by their names; a record's line counts on, and its reason names its file."""
    names = sorted(p.name for p in path.iterdir() if p.is_file() and p.suffix.lower() in (*_KINDS, ".gz"))
    if not names:
        raise RecordsUnreadable(f"the folder {str(path)!r} has no file that ends in {', '.join(_KINDS)}")
    number = 0
    for name in names:
        for read in _file(path / name):
            number += 1
            if read.reason is not None:
                read.reason = f"{name} line {read.line}: {read.reason}"
            read.line = number
            yield read


def _parquet(path: Path) -> Iterator[Read]:
    try:
        from pyarrow import parquet
    except ImportError:
        raise RecordsUnreadable(
            f"{path} is Parquet, and pyarrow is not installed: pip install 'turngraph[parquet]'"
        ) from None
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for portion in file.iter_batches(batch_size=PORTION):
                size = portion.nbytes // max(1, portion.num_rows)
                for value in portion.to_pylist():
                    number += 1
                    yield _parquet_row(number, value, size)
    except (OSError, ValueError) as error:
        raise RecordsUnreadable(f"{path} cannot be read as Parquet: {error}") from error


def _parquet_row(number: int, value: dict[str, Any], size: int) -> Read:
    kept = {name: _plain(found) for name, found in value.items() if found is not None}
    return checked(number, kept, size) if kept else poison(number, b"", "a row without any value")


def _plain(value: Any) -> Any:
    """A struct without its empty fields: in Parquet all have the same ones."""
    if isinstance(value, dict):
        return {name: _plain(found) for name, found in value.items() if found is not None}
    if isinstance(value, list):
        return [_plain(found) for found in value]
    return value


class _Raw(io.RawIOBase):
    """Any stream that can be read, as one that a buffer may stand before."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._stream.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)
