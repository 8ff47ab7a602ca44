"""Does the offline model answer from what it was told, and only from that?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from turngraph.services import (
    LanguageModel,
    NoLonger,
    OfflineModel,
    PreferenceNote,
    Prompt,
    Recalled,
    Reply,
    Turn,
    default_embedder,
)

CASES = yaml.safe_load((Path(__file__).parent / "data" / "offline_answers.yaml").read_text(encoding="utf-8"))
MODELS = {"rules": OfflineModel(), "rules and embedder": OfflineModel(default_embedder())}


def recalled(*texts: str | dict[str, str]) -> list[Recalled]:
    said = [{"role": "user", "text": text} if isinstance(text, str) else text for text in texts]
    return [
        Recalled(
            content=entry["text"],
            role=entry["role"],
            score=0.5,
            message_id=f"m{n}",
            position=n,
            at=datetime(2026, 3, 12, 9, n, tzinfo=UTC),
        )
        for n, entry in enumerate(said)
    ]


def conversation(*texts: str) -> list[Turn]:
    return [
        Turn.model_validate({"role": ("user", "assistant")[n % 2], "content": text, "message_id": f"t{n}"})
        for n, text in enumerate(texts)
    ]


def wish(key: str, value: str, category: str = "communication") -> PreferenceNote:
    return PreferenceNote(key=key, value=value, category=category)


async def asked(message: str, *, model: LanguageModel = MODELS["rules"], **known: Any) -> Reply:
    return await model.reply(Prompt(message=message, **known))


def cases(which: str) -> Iterator[tuple[list[Recalled], str, str]]:
    for person in CASES[which]:
        memories = recalled(*person["memories"])
        for case in person["cases"]:
            yield memories, case["question"], case["expect"]


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(
    ("which", "least"), [("dev", 0.95), ("heldout", 0.9), ("heldout_second", 0.9), ("heldout_third", 0.85)]
)
async def test_accuracy(which: str, least: float, model: OfflineModel) -> None:
    wrong: list[str] = []
    invented = total = 0
    for memories, question, expected in cases(which):
        reply = await asked(question, model=model, memories=memories)
        known = reply.metadata["answered"]
        if (expected == "unknown" and known) or (
            expected != "unknown" and not (known and expected.lower() in reply.text.lower())
        ):
            wrong.append(f"{question} -> {reply.text} (expected {expected})")
            invented += expected == "unknown"
        total += 1
    assert len(wrong) <= (1 - least) * total, "\n".join(wrong)
    assert invented <= 1


async def test_the_newest_statement_wins_in_a_conversation_over_memory() -> None:
    turns = conversation("Actually my dog is called Max now.", "Noted.")
    reply = await asked("What is my dog called?", turns=turns, memories=recalled("My dog is called Rex."))
    assert "Max" in reply.text
    assert "Rex" not in reply.text
    assert reply.sources == ["t0"]


async def test_what_adds_up_is_given_together() -> None:
    reply = await asked(
        "What am I allergic to?",
        memories=recalled("I'm allergic to nuts.", "I am also allergic to penicillin."),
    )
    assert "nuts" in reply.text
    assert "penicillin" in reply.text
    assert reply.sources == ["m1", "m0"]


async def test_an_answer_is_in_the_second_person_and_says_where_it_is_from() -> None:
    reply = await asked("What is my dog called?", memories=recalled("My dog is called Biscuit."))
    assert reply.text == "Your dog is called Biscuit. You told me on 12 March 2026."
    assert (reply.provider, reply.model, reply.stop_reason) == ("offline", "rules", "end_turn")
    assert reply.metadata == {"offline": True, "answered": True, "preferences_applied": []}
    assert reply.usage.estimated


async def test_preferences_shape_the_answer() -> None:
    memories = recalled("My dog is called Biscuit.")
    brief = await asked(
        "What is my dog called?", memories=memories, preferences=[wish("response_length", "brief")]
    )
    assert brief.text == "Your dog is called Biscuit."
    assert brief.metadata["preferences_applied"] == ["response_length"]
    formal = await asked("Where do I live?", preferences=[wish("response_style", "formal")])
    casual = await asked("My dog is called Biscuit.", preferences=[wish("response_style", "casual")])
    assert "I do not know" in formal.text
    assert casual.text.startswith("Got it")
    named = await asked("Hello!", preferences=[wish("name", "Al", "personal")])
    assert "Al" in named.text


async def test_a_wish_in_this_conversation_holds_at_once() -> None:
    turns = conversation(
        "Please keep your answers short.", "Understood.", "My dog is called Biscuit.", "Noted."
    )
    assert (await asked("What is my dog called?", turns=turns)).text == "Your dog is called Biscuit."


async def test_a_kept_preference_answers() -> None:
    reply = await asked("Which editor theme should I use?", preferences=[wish("theme", "dark mode", "ui")])
    assert "dark mode" in reply.text
    assert reply.metadata["preferences_applied"] == ["theme"]
    everything = await asked(
        "What are my preferences?", preferences=[wish("theme", "dark mode", "ui"), wish("units", "metric")]
    )
    assert "dark mode" in everything.text
    assert "metric" in everything.text


async def test_what_was_told_earlier_is_listed() -> None:
    turns = conversation("I'm writing a paper about tides.", "Noted.", "My dog is called Rex.", "Noted.")
    reply = await asked("What was I telling you about earlier?", turns=turns)
    assert "tides" in reply.text
    assert "Rex" in reply.text
    last = await asked(
        "What did we talk about last time?",
        recent=[Turn(role="user", content="I moved to Oslo.", message_id="r1")],
    )
    assert "Oslo" in last.text
    assert last.sources == ["r1"]
    about = await asked(
        "What did I tell you about my sister?", memories=recalled("My sister lives in Lisbon.", "I like tea.")
    )
    assert "Lisbon" in about.text
    assert "tea" not in about.text


async def test_a_pronoun_is_what_was_last_spoken_of() -> None:
    turns = conversation("My sister Petra lives in Lisbon.", "Noted.", "My brother works in Porto.", "Noted.")
    assert "Porto" in (await asked("And where does he work?", turns=turns)).text


async def test_a_name_given_with_the_prompt_is_known() -> None:
    assert "Ada" in (await asked("What is my name?", name="Ada")).text


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "My dog is called Biscuit and I prefer dark mode.",
            "Noted: your dog is called Biscuit. I will keep to dark mode.",
        ),
        ("Hello, I'm Ada.", "Noted: you're Ada."),
        ("call me Al", "Understood. I will call you Al."),
        ("Hello!", "Hello. What would you like to talk about?"),
        ("Thank you", "You are welcome."),
        ("My flight is on 3 May. When is my flight?", "Your flight is on 3 May."),
        ("Write me a poem.", "I can't do that without a language model"),
        ("", "I am here"),
    ],
)
async def test_what_is_told_is_acknowledged(message: str, said: str) -> None:
    assert said in (await asked(message)).text


async def test_nothing_known_is_said_plainly_and_the_models_own_words_are_no_evidence() -> None:
    turns = conversation("What is my cat called?", "I don't know: you have not told me that yet.")
    reply = await asked("What is my cat called?", turns=turns)
    assert reply.metadata["answered"] is False
    assert reply.text.startswith("I don't know")
    assert reply.sources == []


async def test_the_same_prompt_has_the_same_answer() -> None:
    memories = [memory for memories, _, _ in cases("dev") for memory in memories]
    texts = {(await asked("Where does my sister live?", memories=memories)).text for _ in range(5)}
    assert len(texts) == 1


async def test_a_stream_is_the_reply_in_pieces() -> None:
    prompt = Prompt(message="What is my dog called?", memories=recalled("My dog is called Biscuit."))
    got = [piece async for piece in MODELS["rules"].stream(prompt)]
    assert isinstance(got[-1], Reply)
    assert len(got) > 3
    assert "".join(piece for piece in got if isinstance(piece, str)) == got[-1].text


async def test_max_tokens_is_kept() -> None:
    reply = await asked(
        "What do you know about me?", memories=recalled(*(f"I like thing number {n}." for n in range(9)))
    )
    short = await MODELS["rules"].reply(
        Prompt(message="What do you know about me?", memories=recalled("I like hiking a lot.")), max_tokens=5
    )
    assert reply.stop_reason == "end_turn"
    assert short.stop_reason == "max_tokens"
    assert short.usage.output_tokens <= 5


def test_it_keeps_to_the_protocol() -> None:
    assert isinstance(OfflineModel(), LanguageModel)
    assert OfflineModel().name == "offline:rules"


async def test_said_again_is_as_new_as_when_it_was_said_last() -> None:
    memories = recalled("My dog is called Rex.", "My dog is called Max.", "My dog is called Rex.")
    assert "Rex" in (await asked("What is my dog called?", memories=memories)).text


async def test_a_kept_preference_outlives_what_was_once_said() -> None:
    memories = recalled("I prefer light mode.")
    reply = await asked(
        "Which theme should I use?", memories=memories, preferences=[wish("theme", "dark mode", "ui")]
    )
    assert "dark mode" in reply.text
    assert "light" not in reply.text


async def answered(question: str, *texts: str | dict[str, str], over: dict[str, str | None]) -> Reply:
    """The answer where some facts of the first message are over, each with what took its place."""
    until = datetime(2026, 5, 2, tzinfo=UTC)
    no_longer = [
        NoLonger(message_id="m0", content=content, until=until, instead=instead)
        for content, instead in over.items()
    ]
    return await OfflineModel().reply(
        Prompt(message=question, memories=recalled(*texts), no_longer=no_longer)
    )


async def test_what_is_over_is_told_with_until_when_and_what_is_so_now() -> None:
    said = ("I work as a nurse at Bupa and live in Leeds.", "I started at the new clinic.")
    over = {"I work as a nurse at Bupa.": "I started at the new clinic."}
    reply = await answered("Where do I work?", *said, over=over)
    assert reply.text.startswith(
        "Until 2 May 2026: you work as a nurse at Bupa. Now: you started at the new clinic."
    )
    assert reply.sources == ["m0", "m1"]
    assert "Leeds" not in reply.text
    still = await answered("Where do I live?", *said, over=over)
    assert still.text.startswith("You live in Leeds.")


async def test_of_the_past_what_is_over_is_told_and_nothing_newer() -> None:
    said = ("I live in Leeds with Ellen.", "We moved to York.")
    reply = await answered(
        "Where did I live before?", *said, over={"I live in Leeds with Ellen.": "We moved to York."}
    )
    assert (
        reply.text.startswith("Until 2 May 2026: you live in Leeds with Ellen.") and "York" not in reply.text
    )


async def test_what_the_assistant_said_back_is_over_with_it() -> None:
    back = {"role": "assistant", "text": "You live in Leeds with Ellen."}
    reply = await answered(
        "Where do I live?",
        "I live in Leeds with Ellen.",
        back,
        "I moved to York.",
        over={"I live in Leeds with Ellen.": None},
    )
    assert "York" in reply.text and "Leeds" not in reply.text


@pytest.mark.parametrize(
    "order", ["forget the wifi code", "Please delete my phone number.", "can you forget that"]
)
async def test_an_order_to_forget_is_answered_with_how_and_is_no_fact(order: str) -> None:
    reply = await OfflineModel().reply(Prompt(message=order, memories=recalled("The wifi code is hunter2.")))
    assert "turngraph memory forget" in reply.text
    assert (await OfflineModel().extract([Turn(role="user", content=order)])).facts == []


async def test_what_says_nothing_is_no_fact() -> None:
    for said in ("hm, not sure", "Not really."):
        assert (await OfflineModel().extract([Turn(role="user", content=said)])).facts == []
