"""Does the LoCoMo benchmark read, ask and count as it says?"""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
SAMPLE = {
    "sample_id": "conv-1",
    "conversation": {
        "speaker_a": "Ada",
        "speaker_b": "Ben",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            {"dia_id": "D1:1", "speaker": "Ada", "text": "I adopted a grey cat."},
            {"dia_id": "D1:2", "speaker": "Ben", "text": "Look at this!", "blip_caption": "a red kayak"},
        ],
        "session_10_date_time": "9:00 am on 1 June, 2023",
        "session_10": [{"dia_id": "D10:1", "speaker": "Ada", "text": "I moved to Lisbon."}],
        "session_11_date_time": "9:00 am on 2 June, 2023",
    },
    "qa": [
        {"question": "Which pet did Ada adopt?", "category": 4, "evidence": ["D1:1"]},
        {"question": "What do they own?", "category": 1, "evidence": ["D1:01; D:1:2"]},
        {"question": "Where does Ada live?", "category": 2, "evidence": ["D10:1", "D99:1"]},
        {"question": "Who is Eve?", "category": 5, "evidence": []},
    ],
}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sample.json"
    path.write_text(json.dumps([SAMPLE]), encoding="utf-8")
    return path


def test_conversations_are_read_in_order_and_their_evidence_is_mended(sample: Path) -> None:
    [told] = runpy.run_path(str(FOLDER / "dialogues.py"))["read"](sample)
    assert [turn.id for turn in told.turns] == ["D1:1", "D1:2", "D10:1"]
    assert told.turns[1].text == "Look at this! [shares a photo: a red kayak]"
    assert told.turns[2].at.isoformat() == "2023-06-01T09:00:00+00:00"
    assert [question.evidence for question in told.questions] == [{0}, {0, 1}, {2}]
    named, only_roles = told.messages(roles=False), told.messages(roles=True)
    assert [(one["role"], one["name"]) for one in named[:2]] == [("user", "Ada"), ("user", "Ben")]
    assert [(one["role"], one.get("name")) for one in only_roles[:2]] == [
        ("user", None),
        ("assistant", None),
    ]


def test_a_ranking_is_scored() -> None:
    score = runpy.run_path(str(FOLDER / "recall.py"))["score"]([9, 3, 8, 7, 6, 5, 4], {3, 4})
    assert (score.recall, score.complete, score.mrr) == ({5: 0.5, 10: 1.0, 20: 1.0}, 1.0, 0.5)
    assert score.ndcg == pytest.approx((1 / 1.584963 + 1 / 3) / (1 + 1 / 1.584963), abs=1e-5)


@pytest.mark.parametrize("speakers", ["names", "roles"])
def test_every_question_is_asked(
    script: Callable[..., str], sample: Path, tmp_path: Path, speakers: str
) -> None:
    told = script("locomo.py", sample, "--speakers", speakers, "--json", tmp_path / "found.json")
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert f"3 turns, 3 questions of categories 1-4, speakers as {speakers}" in told
    assert found["recall"] == {"5": 1.0, "10": 1.0, "20": 1.0}  # there are but three to be found


def test_without_the_data_nothing_is_measured(script: Callable[..., str], tmp_path: Path) -> None:
    told = script("locomo.py", tmp_path / "nowhere.json")
    assert told.startswith("nothing measured") and str(tmp_path / "nowhere.json") in told
