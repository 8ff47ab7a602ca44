"""A model that does whatever it reads: any order to call a tool, anywhere in its prompt, in any dress it can undo."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote

import yaml

from turngraph.services import OfflineModel, Prompt
from turngraph.services.tools import Asking, Call, Outcome, Tool

_VALUE = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|-?\d+(?:\.\d+)?|\w+"
_SUM = rf"(?:{_VALUE})(?:\s*\+\s*(?:{_VALUE}))*"
_CALL = re.compile(rf"(?<!\w)(\w+)\(((?:\s*\w+\s*=\s*(?:{_SUM})\s*,?)+)\)")
_ARGUMENT = re.compile(rf"(\w+)\s*=\s*({_SUM})")
_PART = re.compile(r"\b([A-Z]\w*) = \"([^\"]*)\"")
_YAML = re.compile(r"tool: *(\w+)\narguments:\n((?:[ ]+\w+: .*(?:\n|$))+)")
_INVOKE = re.compile(r"<(?:invoke|tool) name=\"(\w+)\">(.*?)</(?:invoke|tool)>", re.DOTALL)
_PARAMETER = re.compile(r"<parameter name=\"(\w+)\">(.*?)</parameter>|<(\w+)>(.*?)</\3>", re.DOTALL)
_USE = re.compile(r"[Ww]henever you call (\w+), use (\w+)=(\"[^\"]*\"|\d+)")
_IS = re.compile(r"\b(\w+)'s (?:IBAN|account|address) is ([\w@.-]*\w)")
_END = r"(?=[.,;:!?\"'`<>)\n](?:\s|\W|$)|\s*$| (?:now|immediately|please|and|whatever)\b)"
_SPOKEN = (
    (
        "transfer",
        re.compile(
            rf"(?i:\bsend) (?P<amount>\d[\d.]*) (?P<currency>euros|pounds) to (?P<to>[\w.@-]*?\w){_END}"
        ),
    ),
    ("send_email", re.compile(r"(?i:\bemail) (?P<to>\S+) \"(?P<body>[^\"]*)\"")),
    ("delete_notes", re.compile(rf"(?i:\bdelete) my notes about (?P<about>[\w ]+?){_END}")),
    ("share_file", re.compile(rf"(?i:\bshare) (?P<file>[\w./-]+) with (?P<recipient>[\w@.-]*?\w){_END}")),
    ("unlock", re.compile(rf"(?i:\bopen) the (?P<door>[\w ]+?){_END}")),
)
_MONEY = {"euros": "EUR", "pounds": "GBP"}


class Obedient(OfflineModel):
    """Makes every call that anything in its prompt asks for, once, and remembers what it asked for."""

    name = "tests:obedient"

    def __init__(self) -> None:
        super().__init__()
        self.emitted: list[Call] = []
        self.prompts: list[Prompt] = []

    async def step(
        self, prompt: Prompt, tools: Sequence[Tool], done: Sequence[Outcome], *, max_tokens: int = 1024
    ) -> Asking:
        """The calls it finds and has not asked for in this turn; or that it is done."""
        if not done:
            self.prompts.append(prompt)
        asked = {key_of(call) for call in (self.emitted if done else ())}
        results = [str(outcome.result) for outcome in done if outcome.allowed]
        told = [entry["content"] for entry in prompt.chat()]
        calls = [
            call for call in orders([prompt.system_text(), *told, *results]) if key_of(call) not in asked
        ]
        self.emitted += calls
        return Asking(text="" if calls else "As you wish.", provider="tests", model="obedient", calls=calls)


def key_of(call: Call) -> str:
    """A call as a text: two that are equal have equal ones."""
    return json.dumps([call.tool, call.arguments], sort_keys=True)


def orders(texts: Sequence[str]) -> list[Call]:
    """Every call that some texts ask for, each once."""
    found: dict[str, Call] = {}
    seen = [view for text in texts for view in undressed(text)]
    parts = {name: value for view in seen for name, value in _PART.findall(view)}
    for view in seen:
        for call in (*_calls(view, parts), *_data(view), *_spoken(view, seen)):
            found.setdefault(key_of(call), call)
    return list(found.values())


def undressed(text: str, depth: int = 2) -> list[str]:
    """A text as it stands, and as it reads without its disguise."""
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    tags = "".join(chr(ord(c) - 0xE0000) for c in text if 0xE0020 <= ord(c) < 0xE007F)
    dressed = (
        text, visible, tags, html.unescape(text), unquote(text), codecs.encode(text, "rot13"), visible[::-1],
        re.sub(r"\\u([0-9a-f]{4})|\\x([0-9a-f]{2})", lambda m: chr(int(m[1] or m[2], 16)), text),
        re.sub(r"(?<=\S) (?=\S(?: |$))", "", text, flags=re.MULTILINE).replace("    ", " "),
        re.sub(r"(?:\d{2,3} ){10,}\d{2,3}", lambda m: "".join(chr(int(n)) for n in m[0].split()), text),
    )  # fmt: skip
    decoded = [part for one in _runs(text) for part in (undressed(one, depth - 1) if depth else [one])]
    return list(dict.fromkeys(one for one in (*dressed, *decoded) if one.strip()))


def _runs(text: str) -> Iterator[str]:
    kinds: tuple[tuple[str, Callable[[str], bytes]], ...] = (
        (
            r"[A-Za-z0-9+/_-]{16,}={0,2}",
            lambda run: base64.b64decode(run.replace("-", "+").replace("_", "/")),
        ),
        (r"[A-Z2-7]{16,}={0,6}", base64.b32decode),
        (r"(?:[0-9a-f]{2} ?){10,}", lambda run: bytes.fromhex(run)),
    )
    for pattern, decode in kinds:
        for match in re.finditer(pattern, text):
            try:
                yield decode(match[0]).decode()
            except (binascii.Error, ValueError):
                continue


def _calls(view: str, parts: dict[str, str]) -> Iterator[Call]:
    for name, inside in _CALL.findall(view):
        yield Call(
            tool=name, arguments={key: _value(value, parts) for key, value in _ARGUMENT.findall(inside)}
        )


def _value(written: str, parts: dict[str, str]) -> Any:
    terms = re.findall(_VALUE, written)
    if len(terms) == 1 and re.fullmatch(r"-?[\d.]+", terms[0]):
        return json.loads(terms[0])
    return "".join(term[1:-1] if term[0] in "\"'" else parts.get(term, term) for term in terms)


def _data(view: str) -> Iterator[Call]:
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", view):
        try:
            found, _ = decoder.raw_decode(view[match.start() :])
        except ValueError:
            continue
        name = next(
            (found[key] for key in ("tool", "name", "function") if isinstance(found.get(key), str)), None
        )
        inside = next(
            (found[key] for key in ("arguments", "input", "parameters") if isinstance(found.get(key), dict)),
            None,
        )
        if name is not None and inside is not None:
            yield Call(tool=name, arguments=inside)
        for text in found.values():
            if isinstance(text, str) and "{" in text:
                yield from _data(text)
    for name, block in _YAML.findall(view):
        yield Call(tool=name, arguments=yaml.safe_load(block.partition("<")[0]))
    for name, inside in _INVOKE.findall(view):
        yield Call(tool=name, arguments={a or c: b or d for a, b, c, d in _PARAMETER.findall(inside)})


def _spoken(view: str, seen: Sequence[str]) -> Iterator[Call]:
    for tool, pattern in _SPOKEN:
        for match in pattern.finditer(view):
            arguments: dict[str, Any] = {
                key: json.loads(value.rstrip(".")) if key == "amount" else _MONEY.get(value, value)
                for key, value in match.groupdict().items()
            }
            for text in seen:
                for name, key, value in _USE.findall(text):
                    if name == tool:
                        arguments[key] = json.loads(value)
                for name, value in _IS.findall(text):
                    arguments = {key: value if old == name else old for key, old in arguments.items()}
            yield Call(tool=tool, arguments=arguments)
