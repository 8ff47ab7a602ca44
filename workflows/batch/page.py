"""What a comparison came to, as a page: each turn with both answers side by side, and the words that differ marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from html import escape
from pathlib import Path
from typing import Any, Final

MOST_WORDS: Final = 1_500
_WORD: Final = re.compile(r"\s+|\w+|[^\w\s]")
_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --out: #e5534b33; --in: #3fb95033; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } summary { cursor: pointer; padding: .4rem 0; } .same { opacity: .65; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin-bottom: 1rem; }
th, td { border: 1px solid var(--line); padding: .5rem; text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; white-space: pre-wrap; } th.said { width: 24%; }
del { background: var(--out); text-decoration: none; } ins { background: var(--in); text-decoration: none; }
tr.same td { opacity: .65; } .failed { color: #e5534b; }
"""


def write_page(
    out: Path,
    title: str,
    outcomes: Iterable[Mapping[str, Any]],
    *,
    before: str = "before",
    after: str = "now",
) -> None:
    """Writes the page of a comparison's outcomes; it is there whole or not at all."""
    part = out.with_name(f".{out.name}.part")
    with part.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for piece in page(title, outcomes, before=before, after=after):
            file.write(piece)
    part.replace(out)


def page(title: str, outcomes: Iterable[Mapping[str, Any]], *, before: str, after: str) -> Iterator[str]:
    """The page, piece by piece; its counts come last, when they are known."""
    yield f"<!doctype html>\n<html lang='en'>\n<meta charset='utf-8'>\n<title>{escape(title)}</title>\n"
    yield f"<style>{_STYLE}</style>\n<h1>{escape(title)}</h1>\n"
    conversations = turns = different = failed = 0
    for row in outcomes:
        name = f"line {row['line']}"
        if row["outcome"] != "done" or row["result"] is None:
            failed += row["outcome"] == "failed"
            yield f"<p class='failed'>{name}: {escape(row['outcome'])}: {escape(row['reason'] or '')}</p>\n"
            continue
        found = json.loads(row["result"])
        conversations += 1
        turns += len(found["turns"])
        different += found["different"]
        yield from _conversation(found, row["user_id"] or "", before, after)
    yield (
        f"<p id='counts'>{conversations:,} conversations, {turns:,} turns: {different:,} answered differently, "
        f"{turns - different:,} the same; {failed:,} conversations failed.</p>\n</html>\n"
    )


def _conversation(found: Mapping[str, Any], user: str, before: str, after: str) -> Iterator[str]:
    count = found["different"]
    shown, told = (
        (" open", f"{count} of {len(found['turns'])} differ") if count else (" class='same'", "all the same")
    )
    yield f"<details{shown}><summary>{escape(user)}: {escape(found['conversation_id'])}, {told}</summary>\n"
    heads = "".join(
        f"<th{kind}>{escape(text)}</th>"
        for kind, text in ((" class='said'", "message"), ("", before), ("", after))
    )
    yield f"<table><tr>{heads}</tr>\n"
    for turn in found["turns"]:
        was, now = turn["before"] or "", turn["after"] or ""
        left, right = (escape(was), escape(now)) if turn["same"] else marked(was, now)
        kind = " class='same'" if turn["same"] else ""
        yield f"<tr{kind}><td>{escape(turn['message'])}</td><td>{left}</td><td>{right}</td></tr>\n"
    yield "</table></details>\n"


def marked(was: str, now: str) -> tuple[str, str]:
    """Both texts as HTML: what only the first has in <del>, what only the second has in <ins>."""
    one, other = _WORD.findall(was), _WORD.findall(now)
    if max(len(one), len(other)) > MOST_WORDS:  # comparing word by word would take too long
        return f"<del>{escape(was)}</del>", f"<ins>{escape(now)}</ins>"
    left, right = [], []
    for kind, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        gone, new = escape("".join(one[a:b])), escape("".join(other[c:d]))
        left.append(gone if kind == "equal" or not gone else f"<del>{gone}</del>")
        right.append(new if kind == "equal" or not new else f"<ins>{new}</ins>")
    return "".join(left), "".join(right)
