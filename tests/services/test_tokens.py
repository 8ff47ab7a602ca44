"""Is the estimate of tokens rather too high than too low?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from turngraph.services import estimate_tokens

PROSE = (
    "The conversation memory keeps every message, and finds again what was said about a thing weeks later. "
    "It tells where it knows it from, and says so when it was not told."
)
CODE = "def add(left: int, right: int) -> int:\n    if left < 0:\n        raise ValueError(f'{left} is negative')\n    return left + right\n"
JSON = json.dumps({"user_id": "ada", "items": [{"id": n, "score": n / 7, "ok": True} for n in range(20)]})
SPANISH = "Mañana por la mañana iré al médico, porque el niño está enfermo y no quiero que falte más días a la escuela."
CHINESE = "我的狗叫饼干，我住在上海，明天早上九点有一个会议，请不要忘记提醒我带上所有的文件和电脑。"

# Characters a token of the least favourable tokenizer that was measured for each kind.
MEASURED = [(PROSE, 3.73), (CODE, 2.88), (JSON, 1.78), (SPANISH, 2.81), (CHINESE, 0.71)]


@pytest.mark.parametrize(("text", "per_token"), MEASURED, ids=["prose", "code", "json", "spanish", "chinese"])
def test_no_kind_is_undercounted_nor_wildly_overcounted(text: str, per_token: float) -> None:
    measured = len(text) / per_token
    assert measured <= estimate_tokens(text) <= 1.7 * measured


def test_real_tokens_of_a_real_tokenizer() -> None:
    import wordllama
    from tokenizers import Tokenizer

    file = next(Path(wordllama.__file__).parent.glob("tokenizers/*.json"))
    tokenizer = Tokenizer.from_file(str(file))
    base64 = "SGVsbG8gd29ybGQhIFRoaXMgaXMgYSB0ZXN0IG9mIGJhc2U2NCBlbmNvZGluZy4gSXQgZ29lcyBvbiBhbmQgb24u"
    for text in (
        PROSE,
        CODE,
        JSON,
        SPANISH,
        CHINESE,
        base64,
        "😀😃🎉👩‍👩‍👧",
        "Привет, как дела?",
        "a1b2-c3d4-e5f6",
        "x" * 500,
    ):
        real = len(tokenizer.encode(text, add_special_tokens=False).ids)
        assert estimate_tokens(text) >= 0.95 * real, text


def test_nothing_is_nothing_and_more_is_more() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("a") == 1
    assert estimate_tokens(PROSE * 2) > estimate_tokens(PROSE)
