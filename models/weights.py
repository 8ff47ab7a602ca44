"""What each reason to find something weighs. Made by benchmarks/learn_weights.py; not edited by hand."""

from typing import Final

WEIGHTS: Final = {
    "words": 0.029,
    "covered": 2.515,
    "meaning": 0.351,
    "sitting": 0.458,
    "answers": 0.185,
    "speaker": 1.157,
    "length": 0.602,
    "question": -0.797,
    "when": 0.513,
    "count": 1.084,
    "named": 1.367,
    "date": 1.274,
}
