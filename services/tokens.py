"""About how many tokens is a text, without asking anyone? And how is a text shortened to a number of them?

The estimate is meant to be too high rather than too low: a context that overflows is refused by the
model, one that is a little short is not. Each kind of run has a weight of its own, fitted to the least
favourable of five tokenizers; a fixed four characters a token undercounts JSON by half and Chinese by more. A sign
that no tokenizer has a token for, as most emoji, costs a token a byte, and the space before it one more.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

MESSAGE_OVERHEAD = 4
"""Tokens that a message costs beside its text."""

_REPEATED = re.compile("([!-/:-~\u2500])\\1{7,}")
_LAUGHTER = re.compile("([\u3400-\u9fff\uac00-\ud7af])\\1{3,}")
_RULES, _LINES = "#*-./=_", "%)~─"
_ALWAYS_ALONE = "JKOQRUVWZjuvz"
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_HEX = re.compile(r"[0-9a-f]+")
_WORD = re.compile(r"[A-Z]?[a-z]+")
_CAPITALS = re.compile(r"[A-Z]+(?![a-z])")
_CLUSTER = re.compile(r"[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ]{4,}")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
# Signs that every tokenizer has a token for; and those for which some need two.
_USUAL = "–—‘’“”„•…€→−"
_KNOWN = (
    "\u200b-\u200f‐-‒―‖‚†‡\u202c\u202d‰′″‹›‾⁄⁰⁴-⁹⁻ⁿ₀-₉ₗℂℓℕ№ℚℝℤ™←↑↓↔↳↵∀∂∃∅-∇∈∉∑∗-√∞∣∥∧-∫∷∼≃≈≠≡≤≥≫"
    "─━│┃┈┌┐└┘├┤┬┴┼╌═║╔╗╚╝╠╣╦╩╬▀▁▄█▇░▒▓■□▲▶▸►▼◄○●◦★☆☉☺♀♂♠♣♥♦♭♯⠀✅✓✔✿❯➖➜"
)
_ANY_SIGN = [chr(code) for code in range(0x2000, 0x2C00)]
_OTHER_SIGNS = "".join(sign for sign in _ANY_SIGN if not re.match(f"[{_USUAL}{_KNOWN}]", sign))
_WIDE = "\uff0f-\uff19\uff20-\uff3a\uff40-\uff5a\uff5f-\uffef"
_BEFORE_SIGN = re.compile(f" (?=[{_KNOWN}{_OTHER_SIGNS}{_WIDE}\u3030\u303d\U00010000-\U0010ffff])")
_BEYOND_ASCII = re.compile("[^\x00-\x7f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")

# A pattern, and the tokens that each of its matches and each of their characters is worth.
_RUNS: tuple[tuple[re.Pattern[str], float, float], ...] = (
    (_CLUSTER, 0.0, 0.25),
    (re.compile(r"\d+"), 0.0, 1.02),
    (re.compile(r"[ ](?=\d)"), 1.08, 0.0),
    (re.compile(r"[!-/:-@\[-`{-~]+"), 0.3, 0.54),
)
# The same for what stands only in a text of several lines, or that is laid out by spaces.
_LAYOUT: tuple[tuple[re.Pattern[str], float, float], ...] = (
    (re.compile(r"\n+"), 0.0, 1.2),
    (re.compile(r"[\t\v\f\r]+"), 0.0, 1.5),
    (re.compile(r" {2,}| (?=[\n\t])|(?<=[\n\t]) |(?<=\S) \Z"), 1.5, 0.06),
    (re.compile("[\x00-\x08\x0e-\x1f\x7f]+"), 0.0, 1.2),
)
_SCRIPTS: tuple[tuple[re.Pattern[str], float], ...] = (
    (re.compile("[\u00a1-\u024f]+"), 2.35),  # Latin with marks, which cut a word apart
    (re.compile("[\u0370-\u03ff]+"), 1.7),  # Greek
    (re.compile("[\u0400-\u052f]+"), 0.75),  # Cyrillic
    (re.compile("[\u0590-\u06ff]+"), 1.25),  # Hebrew, Arabic
    (re.compile("[\u0900-\u097f]+"), 1.3),  # Devanagari
    (re.compile("[\u1e00-\u1eff]+"), 1.2),  # Vietnamese
    (re.compile(f"[{_USUAL}]+"), 1.45),  # typography
    (re.compile(f"[{_KNOWN}]+"), 2.0),  # arrows, boxes, common signs
    (
        re.compile(f"[{_OTHER_SIGNS}{_WIDE}\u1100-\u11ff\u3130-\u318f]+"),
        3.0,
    ),  # signs, wide letters, single jamo
    (
        re.compile("[\u3000-\u303f\uff00-\uff0e\uff1a-\uff1f\uff3b-\uff3f\uff5b-\uff5e]+"),
        1.6,
    ),  # Chinese and Japanese punctuation
    (re.compile("[\u3040-\u30ff]+"), 1.05),  # kana
    (re.compile("[\uac00-\ud7af]+"), 2.2),  # Hangul
    (re.compile("[\U00010000-\U0010ffff]+"), 4.0),  # emoji
)
_PER_OTHER = 3.2
_PER_RULE, _PER_LINE, _PER_SAME, _PER_LAUGH = (2.0, 0.1), (3.0, 0.25), 0.6, 3.0
_PER_ENCODED, _PER_CAPITAL = 1.0, 0.47
_PER_COMMON_HAN, _PER_RARE_HAN = 1.6, 2.75
_WORD_OF_LENGTH = (0.0, 1.1, 1.2, 1.2, 1.25, 1.25, 1.8, 1.8, 2.7, 3.0)
_PER_FURTHER_LETTER = 1.0

_ENOUGH_TOLD = 200
_MOST_CORRECTION = 2.0
_PER_MARK = 28


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` is, rather too many than too few."""
    if not text:
        return 0
    found = 0.0 if text[0].isascii() and text[0].isalpha() else 1.0
    if _REPEATED.search(text):
        for run in _REPEATED.finditer(text):
            found += _repeated(run[1], len(run[0]))
        text = _REPEATED.sub("", text)
    if _LONG.search(text):
        rest = _LONG.sub(lambda run: " " if _is_encoded(run[0]) else run[0], text)
        found += _PER_ENCODED * (len(text) - len(rest))
        text = rest
    for length, times in Counter(map(len, _WORD.findall(text))).items():
        further = max(0, length - 9)
        found += times * (_WORD_OF_LENGTH[length - further] + _PER_FURTHER_LETTER * further)
    capitals = _CAPITALS.findall(text)
    found += _PER_CAPITAL * (len(capitals) + sum(map(len, capitals)))
    laid_out = "  " in text or text.endswith(" ") or not text.isprintable()
    for pattern, each, per_character in _RUNS + _LAYOUT if laid_out else _RUNS:
        runs = pattern.findall(text)
        found += each * len(runs) + per_character * sum(map(len, runs))
    return max(1, math.ceil(found + (0.0 if text.isascii() else _beyond_ascii(text)) - 0.2))


def _repeated(char: str, times: int) -> float:
    for marks, (whole, each) in ((_RULES, _PER_RULE), (_LINES, _PER_LINE)):
        if char in marks:
            return whole + each * times
    return times * (1.0 if char in _ALWAYS_ALONE else _PER_SAME)


def _is_encoded(run: str) -> bool:
    """Whether a long run is no word: base64, a key, a hash."""
    mixed = not run.islower() and not run.isupper() and any(map(str.isdigit, run))
    return mixed or _HEX.fullmatch(run) is not None


def _beyond_ascii(text: str) -> float:
    found = float(len(_BEFORE_SIGN.findall(text)))
    laughter = sum(len(run[0]) for run in _LAUGHTER.finditer(text))
    if laughter:
        found += _PER_LAUGH * laughter
        text = _LAUGHTER.sub("", text)
    han = "".join(_HAN.findall(text))
    # The common half of the characters stands first in GB 2312; the others cost up to a token a byte.
    common = sum(0xB0 <= byte <= 0xD7 for byte in han.encode("gb2312", "ignore")[::2])
    found += common * _PER_COMMON_HAN + (len(han) - common) * _PER_RARE_HAN
    rest = "".join(_BEYOND_ASCII.findall(text))
    others = len(rest)
    for pattern, weight in _SCRIPTS if rest else ():
        here = sum(map(len, pattern.findall(rest)))
        found += weight * here
        others -= here
    return found + others * _PER_OTHER


def correction(told: Iterable[tuple[str, int]]) -> float:
    """By how much a model counts more than the estimate, from texts and the tokens it told for them; at least 1."""
    texts = [(estimate_tokens(text), tokens) for text, tokens in told if text and tokens > 0]
    estimated, counted = sum(one for one, _ in texts), sum(two for _, two in texts)
    if estimated < _ENOUGH_TOLD:
        return 1.0
    return min(_MOST_CORRECTION, max(1.0, counted / estimated))


def cut_middle(text: str, tokens: int) -> str:
    """The text within about that many tokens: its beginning and its end, and a mark that says how much is missing."""
    whole = estimate_tokens(text)
    if whole <= tokens:
        return text
    kept = len(text) * max(1, tokens - _PER_MARK) // whole
    while True:
        shortened = _without_middle(text, kept, whole)
        found = estimate_tokens(shortened)
        if found <= tokens or kept <= 0:
            return shortened
        # What the cut leaves may be denser than the text is in the mean.
        kept = min(kept - 1, kept * max(1, tokens - _PER_MARK) // max(1, found - _PER_MARK))


def _without_middle(text: str, kept: int, whole: int) -> str:
    head = kept * 2 // 3
    end = len(text) - (kept - head)
    missing = max(1, whole - estimate_tokens(text[:head]) - estimate_tokens(text[end:]))
    mark = f"[… {end - head:,} characters, about {missing:,} tokens, left out …]"
    return " ".join(part for part in (text[:head].rstrip(), mark, text[end:].lstrip()) if part)
