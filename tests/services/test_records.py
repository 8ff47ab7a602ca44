"""Is every record of a list read, whatever it is kept in, and every line that is none told with its reason?"""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from turngraph.services import RecordsUnreadable
from turngraph.services.records import LARGEST, Read, keyed, read_records, read_stream

RECORDS: list[dict[str, Any]] = [
    {"id": "1", "user_id": "ada", "message": 'She said "]},{[" and \\ left.'},
    {"user_id": "bo", "messages": [{"role": "user", "content": "Grüß\ndich\u2028!"}]},
    {"user_id": "cy", "message": "x" * 70_000},
]


def values(reads: Any) -> list[Any]:
    return [read.value if read.reason is None else (read.line, read.reason) for read in reads]


@pytest.mark.parametrize("ascii", [True, False])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_is_read_as_its_objects(tmp_path: Path, ascii: bool, indent: int | None):
    text = json.dumps(RECORDS * 20, ensure_ascii=ascii, indent=indent)
    (tmp_path / "a.json").write_text("\ufeff  " + text, encoding="utf-8")
    assert values(read_records("a.json")) == RECORDS * 20
    assert values(read_stream(io.BytesIO(text.encode()))) == RECORDS * 20


def test_the_empty_array_and_the_empty_file_have_no_records(tmp_path: Path):
    for text in ("[]", "[ \n ]", "", "\n\n"):
        (tmp_path / "a.json").write_text(text)
        assert values(read_records("a.json")) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_a_piece_may_end_anywhere(monkeypatch: pytest.MonkeyPatch, size: int):
    from turngraph.services.records import lines

    monkeypatch.setattr(lines, "PIECE", size)
    text = json.dumps([*RECORDS[:2], {"a": ["\\", "\\\\", '"', "]"], "b": {"c": [1, [2]]}}, {}], indent=1)
    assert values(lines.json_array(io.BytesIO(text.encode()))) == json.loads(text)


def test_what_is_wrong_in_an_array_costs_one_record():
    found = values(read_stream(io.BytesIO(b'[{"a": 1}, {bad}, 7, , {"a": 2}]')))
    assert found[0] == {"a": 1} and found[4] == {"a": 2}
    assert [line for line, _ in found[1:4]] == [2, 3, 4]
    assert "not JSON" in found[1][1] and "found a int" in found[2][1] and "between two commas" in found[3][1]
    assert values(read_stream(io.BytesIO(b'[{"a": 1}, {"a": 2'))) == [
        {"a": 1},
        (2, "not JSON: the array ends in the middle"),
    ]


def test_lines_are_read_whatever_ends_them(tmp_path: Path):
    lines = [json.dumps(record, ensure_ascii=False) for record in RECORDS]
    (tmp_path / "a.jsonl").write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    assert values(read_records("a.jsonl")) == RECORDS
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress("\n\n".join(lines).encode()))
    assert values(read_records("a.jsonl.gz")) == RECORDS


POISON = {
    b"{": "not JSON",
    b"[1]": "found a list",
    b"null": "found a NoneType",
    b'{"a": NaN}': "NaN is no JSON number",
    b'{"a": "\xff"}': "not UTF-8 at byte 8: ff",
    '{"a": "ü"}'.encode("latin-1"): "not UTF-8 at byte 8",
    b"[" * 100_000: "nested too deep",
    b'{"a": "' + b"x" * (5 * 1024 * 1024) + b'"}': "a record has at most 4,194,304",
    b'{"a": ' + b"9" * 5000 + b"}": "not JSON",
}


def test_every_poisoned_line_has_its_reason_and_the_others_are_read():
    good = b'{"a": 1}'
    lines = [line for poison in POISON for line in (poison, good)]
    found = values(read_stream(io.BytesIO(b"\n".join([good, *lines]))))
    assert found[0::2] == [{"a": 1}] * (len(POISON) + 1)
    for (line, reason), (number, says) in zip(found[1::2], enumerate(POISON.values()), strict=True):
        assert line == 2 * number + 2 and says in reason, reason


def test_a_line_that_never_ends_is_not_kept():
    class Endless(io.RawIOBase):
        left = 200 * 1024 * 1024

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            count = min(len(buffer), self.left)
            self.left -= count
            buffer[:count] = b"x" * count
            return count

    tracemalloc.start()
    (only,) = read_stream(io.BufferedReader(Endless()))  # type: ignore[arg-type]
    assert only.reason is not None and "209,715,200 bytes" in only.reason
    assert tracemalloc.get_traced_memory()[1] < 6 * LARGEST
    tracemalloc.stop()


def test_csv_names_its_fields_in_the_first_line(tmp_path: Path):
    text = 'id,user_id,message,messages\n1,ada,"two\nlines, and ""more""",\n2,bo,,"[{""content"": ""x""}]"\n3,cy\n4,d\u00e9,z,"["\n'
    (tmp_path / "a.csv").write_bytes(text.encode())
    assert values(read_records("a.csv")) == [
        {"id": "1", "user_id": "ada", "message": 'two\nlines, and "more"'},
        {"id": "2", "user_id": "bo", "messages": [{"content": "x"}]},
        (5, "has 2 fields; the first line names 4"),
        (6, "messages: not JSON: Expecting value: line 1 column 2 (char 1)"),
    ]
    (tmp_path / "b.tsv").write_bytes(b"id\tmessage\n1\tgr\xfc\xdf\n2\tfine\n")
    first, second = values(read_records("b.tsv"))
    assert "not UTF-8" in first[1] and second == {"id": "2", "message": "fine"}


def test_parquet_is_read_in_portions(tmp_path: Path):
    pyarrow = pytest.importorskip("pyarrow", reason="expected: pyarrow is an extra")
    from pyarrow import parquet

    rows = [{"user_id": f"u{n}", "message": f"m{n}"} for n in range(1000)]
    rows[3] = {"user_id": "u3", "messages": [{"role": "user", "content": "x"}]}  # type: ignore[dict-item]
    parquet.write_table(pyarrow.Table.from_pylist([*rows, {"messages": None}]), tmp_path / "a.parquet")
    found = values(read_records("a.parquet"))
    assert found[:3] == rows[:3] and found[4:1000] == rows[4:]
    (tmp_path / "b.parquet").write_bytes(b"no parquet")
    with pytest.raises(RecordsUnreadable, match="cannot be read as Parquet"):
        list(read_records("b.parquet"))


def test_a_folder_is_read_file_by_file(tmp_path: Path):
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "b.jsonl").write_text('{"n": 3}\nwrong\n')
    (folder / "a.json").write_text('[{"n": 1}, {"n": 2}]')
    (folder / "notes.txt").write_text("nothing")
    found = values(read_records(folder))
    assert found[:3] == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert found[3][0] == 4 and found[3][1].startswith("b.jsonl line 2: not JSON")


@pytest.mark.parametrize("name", ["gone.jsonl", "gone.parquet"])
def test_what_is_not_there_is_said(name: str):
    with pytest.raises(RecordsUnreadable, match="there is no file"):
        read_records(name)


# --- keys


def test_two_equal_records_are_two_and_each_has_the_same_key_the_next_time():
    records = [
        Read(1, {"a": 1, "b": 2}),
        Read(2, {"b": 2, "a": 1}),
        Read(3, {"a": 1}),
        Read(4, None, "bad", raw=b"x"),
    ]
    first, again = [[one.key for one in keyed(list(records))] for _ in range(2)]
    assert first == again and len(set(first)) == 4
    # What stands before a record does not change its key, unless it is equal.
    assert [one.key for one in keyed(records[1:3])] == [first[0], first[2]]


def test_an_id_is_the_key_whatever_the_record_holds():
    (one,) = keyed([Read(1, {"id": 7, "a": 1})])
    (other,) = keyed([Read(9, {"a": 2, "id": "7"})])
    assert one.key == other.key and one.content != other.content


def test_an_id_that_comes_twice_is_the_same_record_or_poison():
    reads = [Read(n, {"id": "x", "a": a}) for n, a in enumerate([1, 1, 2, 2, 1], 1)]
    first, same, other, other_again, same_again = keyed(reads)
    assert first.poison is first.repeated is None
    assert same.repeated == same_again.repeated == "the same record as on line 1"
    assert other.poison == other_again.poison == "the id 'x' is that of line 1, which holds something else"
    assert len({one.key for one in (first, same, other, other_again, same_again)}) == 5


@pytest.mark.parametrize("own", [None, "", True, 1.5, ["x"]])
def test_what_cannot_be_an_id_is_none(own: Any):
    (one,) = keyed([Read(1, {"id": own})])
    assert one.content is None
