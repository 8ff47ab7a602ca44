"""How does a text read when its disguise is taken off?

Only for telling where something comes from: nothing is allowed by what is found here.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

_ALIKE = {
    ord(alike): plain
    for plain, many in {
        "a": "аᴀɑα4@", "b": "вβЬь8", "c": "сϲⅽ", "d": "ԁⅾ", "e": "еёεє3", "g": "ɡԍ9", "h": "һнη", "i": "іїıιӏlｌ|1!", "j": "ј",
        "k": "кκ", "m": "мⅿμ", "n": "пո", "o": "оοօσ0", "p": "рρ", "q": "ԛ", "r": "гᴦ", "s": "ѕ5$", "t": "тτ7", "u": "υսµ",
        "v": "νѵⅴ", "w": "ѡωԝ", "x": "хχⅹ", "y": "уγү", "z": "ᴢ2",
    }.items()
    for alike in many
}  # fmt: skip
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[ :]?){5,}")
_MOST_RUNS = 200


def fold(text: str) -> str:
    """The letters and digits of a text, lower, without accents, look-alikes and all that does not show."""
    decomposed = unicodedata.normalize("NFKD", text).lower().translate(_ALIKE)
    return "".join(character for character in decomposed if character.isalnum())


def views(text: str) -> list[str]:
    """The text folded as it stands, and as it reads decoded, turned round and shifted."""
    decoded = [text, html.unescape(text), unquote(text), *_decoded(text)]
    unescaped = (
        text.encode("ascii", "backslashreplace").decode("unicode_escape", "replace") if "\\" in text else ""
    )
    found = [fold(one) for one in (*decoded, unescaped, codecs.encode(text, "rot13"))]
    found.append(found[0][::-1])
    return list(dict.fromkeys(one for one in found if one))


def _decoded(text: str) -> Iterator[str]:
    for match in [*_BASE64.finditer(text)][:_MOST_RUNS]:
        run = match[0].rstrip("=")
        try:
            raw = base64.b64decode(run + "=" * (-len(run) % 4), b"-_" if "-" in run or "_" in run else b"+/")
            yield raw.decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            continue
    for match in [*_HEX.finditer(text)][:_MOST_RUNS]:
        try:
            yield bytes.fromhex(re.sub(r"[ :]", "", match[0])).decode("utf-8")
        except ValueError:
            continue
