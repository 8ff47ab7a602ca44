"""Reads a list that has a record on each line, or one JSON array, a bounded piece at a time."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from .record import LARGEST, Read, checked, parsed, poison, too_large

PIECE: Final = 256 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_OUTSIDE: Final = re.compile(rb'["\[\]{},]')
_INSIDE: Final = re.compile(rb'["\\]')


def json_lines(stream: BinaryIO) -> Iterator[Read]:
    """The records of a stream that has one JSON object on each line."""
    for line, raw, size in bounded_lines(stream):
        if size > LARGEST:
            yield too_large(line, raw, size)
        elif raw.strip():
            yield parsed(line, raw.strip())


def bounded_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes, int]]:
    """The lines with their number and true size; of one that is too long only the beginning is kept."""
    number = 0
    while raw := stream.readline(LARGEST + 2):
        number += 1
        size = len(raw)
        if size > LARGEST and not raw.endswith(b"\n"):
            while more := stream.readline(PIECE):
                size += len(more)
                if more.endswith(b"\n"):
                    break
        yield number, raw.removeprefix(_BOM) if number == 1 else raw, size


def json_array(stream: BinaryIO) -> Iterator[Read]:
    """The objects of one JSON array, numbered from 1; what is wrong with one does not touch the next."""
    number, scan = 0, _Elements(stream)
    for raw, size in scan:
        number += 1
        if size > LARGEST:
            yield too_large(number, raw, size)
        elif not raw:
            yield poison(number, raw, "not JSON: nothing stands between two commas")
        else:
            yield parsed(number, raw)
    if scan.unfinished is not None:
        yield poison(number + 1, scan.unfinished, "not JSON: the array ends in the middle")


class _Elements:
    """The elements of an array as bytes. Brackets and quotes alone say where one ends."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.unfinished: bytes | None = None

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        depth, text, size, ended = 0, False, 0, False
        kept = bytearray()
        while piece := self._stream.read(PIECE):
            at = start = 0
            while found := (_INSIDE if text else _OUTSIDE).search(piece, at):
                mark, at = found.group(), found.end()
                if text:
                    if mark == b"\\":
                        if at == len(piece):
                            piece += self._stream.read(1)
                        at += 1
                    else:
                        text = False
                elif mark == b'"':
                    text = True
                elif mark in b"[{":
                    depth += 1
                    if depth == 1:
                        start = at
                elif mark in b"]}" or depth == 1:
                    depth -= mark != b","
                    if depth > 1 or (depth == 1 and mark != b","):
                        continue
                    size += found.start() - start
                    kept += piece[start : found.start()]
                    element, ended = bytes(kept).strip(), depth == 0
                    if element or not ended:
                        yield element, size
                    start, size = at, 0
                    kept.clear()
                    if ended:
                        return
            size += len(piece) - start
            if len(kept) <= LARGEST:
                kept += piece[start:]
        self.unfinished = bytes(kept[:LARGEST]) if depth else b""


def comma_lines(stream: BinaryIO, delimiter: str = ",") -> Iterator[Read]:
    """The rows of a CSV file, whose first line names the columns; a row's line is the one it begins on."""
    csv.field_size_limit(LARGEST)
    lines = _Texts(stream)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    columns: list[str] = []
    while True:
        first = lines.number + 1
        lines.wrong = None
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield poison(first, lines.last, f"not CSV: {error}")
            continue
        if row is None:
            return
        if not columns:
            columns = row
        elif lines.wrong is not None:
            yield poison(first, lines.last, lines.wrong)
        elif row:
            yield _row(first, columns, row)


def _row(line: int, columns: list[str], row: list[str]) -> Read:
    raw = json.dumps(row).encode()
    if len(row) != len(columns):
        return poison(line, raw, f"has {len(row)} fields; the first line names {len(columns)}")
    value: dict[str, Any] = {name: field for name, field in zip(columns, row, strict=True) if field != ""}
    for name in ("messages", "metadata"):
        if name in value:
            try:
                value[name] = json.loads(value[name])
            except (ValueError, RecursionError) as error:
                return poison(line, raw, f"{name}: not JSON: {error}")
    return checked(line, value, len(raw))


class _Texts:
    """Lines as text for the csv module, which wants no other; what was wrong with one is told beside."""

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = bounded_lines(stream)
        self.number, self.last = 0, b""
        self.wrong: str | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, self.last, size = next(self._lines)
        if size > LARGEST:
            self.wrong = too_large(self.number, self.last, size).reason
            return "-\n"
        try:
            return self.last.decode()
        except UnicodeDecodeError as error:
            self.wrong = f"not UTF-8 at byte {error.start + 1}: {self.last[error.start : error.end].hex(' ')}"
            return self.last.decode(errors="replace")


def begins_array(stream: io.BufferedReader) -> bool:
    """Whether the first thing in a stream is a bracket; nothing is taken out of it."""
    return stream.peek(PIECE).removeprefix(_BOM).lstrip()[:1] == b"["
