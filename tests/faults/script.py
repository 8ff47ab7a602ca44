"""What is said in a try: by users nobody has heard of, each message in words of its own."""

from __future__ import annotations

import itertools

Script = dict[str, list[str]]  # what each user says

TEXTS = (
    "My dog is called Rex.",
    "What is my dog called? Please keep it short.",
    "I live in Graz and I like green tea.",
)
_tries = itertools.count(1)


def script(users: int, turns: int) -> Script:
    """A new script."""
    number = next(_tries)
    return {
        f"u{number}-{user}": [f"{TEXTS[turn]} This is {user} in {number}." for turn in range(turns)]
        for user in range(users)
    }
