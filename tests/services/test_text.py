"""Is English taken apart rightly, and any text without harm?"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from turngraph.services import Prompt, Recalled, Turn, estimate_tokens
from turngraph.services.llm.answer import answer
from turngraph.services.llm.extract import extract
from turngraph.services.llm.preferences import stated_preferences
from turngraph.services.llm.question import understand
from turngraph.services.llm.summarise import summarise
from turngraph.services.text import (
    clauses,
    content_words,
    is_question,
    second_person,
    sentences,
    shortened,
    stem,
    words,
)


@pytest.mark.parametrize(
    ("said", "back"),
    [
        (
            "My dog is called Biscuit and I prefer dark mode",
            "Your dog is called Biscuit and you prefer dark mode",
        ),
        ("I'm Lena and I've two sons", "You're Lena and you've two sons"),
        ("I am tired, I was ill", "You are tired, you were ill"),
        ("I also am a nurse", "You also are a nurse"),
        ("She gave me a book of mine", "She gave you a book of yours"),
        ("I did it myself", "You did it yourself"),
        ("Our house is ours and we like it", "Your house is yours and you like it"),
        ("You told me your name", "I told you my name"),
        ("I'd rather walk", "You'd rather walk"),
        ("The cat was asleep", "The cat was asleep"),
        ("I’m here", "You're here"),
        ("My iPhone is mine.", "Your iPhone is yours."),
        ("", ""),
    ],
)
def test_second_person(said: str, back: str) -> None:
    assert second_person(said) == back


@pytest.mark.parametrize(
    "asked",
    [
        "What is my dog called?",
        "what's the name of my dog",
        "Do you remember my pet's name",
        "tell me about my sister",
        "Remind me where I live",
        "hey, where do I live",
        "is it raining",
        "Could you tell me my name",
        "I'm off. And you?",
    ],
)
def test_questions(asked: str) -> None:
    assert is_question(asked)


@pytest.mark.parametrize(
    "told",
    [
        "My dog is called Biscuit.",
        "When I was young I lived there.",
        "I prefer tea",
        "Hello",
        "",
        "Will is my brother.",
    ],
)
def test_no_questions(told: str) -> None:
    assert not is_question(told)


def test_sentences_keep_titles_numbers_and_addresses_whole() -> None:
    text = "Dr. Okafor is my dentist. The server is 10.0.4.17! It costs 3.50 euros\nNew line"
    assert sentences(text) == [
        "Dr. Okafor is my dentist.",
        "The server is 10.0.4.17!",
        "It costs 3.50 euros",
        "New line",
    ]


def test_clauses_stand_alone() -> None:
    assert clauses("My dog is called Biscuit and I prefer dark mode") == [
        "My dog is called Biscuit",
        "I prefer dark mode",
    ]
    assert clauses("I like bread and butter") == ["I like bread and butter"]


def test_words_and_stems() -> None:
    assert words("Kelp-Forest-9, at 06:40!") == ["kelp-forest-9", "at", "06:40"]
    assert content_words("What is the name of my sister's dog?") == ["name", "sister", "dog"]
    assert len({stem(word) for word in ("live", "lives", "living", "lived")}) == 1
    assert len({stem(word) for word in ("buy", "bought", "buying")}) == 1
    assert stem("class") == "class"


def test_shortened_cuts_between_words() -> None:
    assert shortened("one two three", 40) == "one two three"
    assert shortened("alpha beta gamma delta", 12) == "alpha beta …"


def _asked(text: str) -> object:
    return answer(
        Prompt(
            message=text, turns=[Turn(role="user", content=text)], memories=[Recalled(content=text, score=1)]
        )
    )


PURE: list[Callable[[str], object]] = [
    sentences,
    lambda text: [clauses(sentence) for sentence in sentences(text)],
    words,
    content_words,
    second_person,
    is_question,
    estimate_tokens,
    stated_preferences,
    understand,
    lambda text: extract([Turn(role="user", content=text)]),
    lambda text: summarise([Turn(role="user", content=text)], previous=text),
    lambda text: Prompt(message=text, summary=text, turns=[Turn(role="user", content=text)]).tokens(),
    _asked,
    lambda text: _asked("What is my dog called? " + text),
    lambda text: _asked(text + "?"),
]
PIECES = [
    "a", " ", "\n", ".", "?", "!.", "'", "-", ",", "<", "< / recalled", "<recalled>", "my ", "I am ", "and I ", "and ",
    "please ", "you ", "a.b.", "I prefer x and ", "what ", "my dog's dog's ", "\x00", "\ud800", "😀", "你好。", "1 ", "\u200b",
    "I like a", "call me ", "the a", "Hi, well, ", "\"", "use ", "(", "e\u0301", "0x1f", "what do you know ",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_a_megabyte_of_anything_is_read_in_linear_time(piece: str, slower: Callable[[], float]) -> None:
    text = piece * (1_000_000 // len(piece))
    for pure in PURE:
        started = time.process_time()
        pure(text)
        took = time.process_time() - started
        assert took < 5.0 or took < 5.0 * slower(), f"{pure} took {took:.1f} s"


def test_broken_text_never_fails() -> None:
    for text in (
        "",
        " ",
        "\x00",
        "\ud83d",
        "\udcff I am \ud800 called \x00",
        "‮my name is x",
        "\r\n\r\n",
        "?" * 50,
    ):
        for pure in PURE:
            pure(text)
