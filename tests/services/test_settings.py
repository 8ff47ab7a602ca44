"""Which value of a setting holds?"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from turngraph.services import SettingError, setting
from turngraph.services.log import configure_logging
from turngraph.services.settings import SETTINGS, env_template, integer_setting, set_by

VARIABLES = [name for entry in SETTINGS for name in entry.variables]


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_argument_then_environment_then_file_then_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert setting("database") == "sqlite:///conversation_memory.db"
    Path(".env").write_text("DATABASE_URL=sqlite:///file.db\n")
    assert setting("database") == "sqlite:///file.db"
    monkeypatch.setenv("DATABASE_URL", "sqlite:///environment.db")
    assert setting("database") == "sqlite:///environment.db"
    assert setting("database", "sqlite:///given.db") == "sqlite:///given.db"


def test_the_variable_that_holds_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set_by("ionet_api_key") is None
    Path(".env").write_text("IOAI_API_KEY=k\n")
    assert set_by("ionet_api_key") == "IOAI_API_KEY"
    monkeypatch.setenv("IOINTELLIGENCE_API_KEY", "k")
    assert set_by("ionet_api_key") == "IOINTELLIGENCE_API_KEY"


def test_the_first_variable_wins_and_an_empty_one_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "second")
    monkeypatch.setenv("TURNGRAPH_DB", "first")
    assert setting("database") == "first"
    monkeypatch.setenv("TURNGRAPH_DB", " ")
    assert setting("database") == "second"


def test_a_changed_file_is_read_again() -> None:
    file = Path(".env")
    file.write_text("LOG_LEVEL=INFO\n")
    assert setting("log_level") == "INFO"
    file.write_text("LOG_LEVEL=DEBUG\n")
    os.utime(file, ns=(1, 1))
    assert setting("log_level") == "DEBUG"
    file.unlink()
    assert setting("log_level") == "WARNING"


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(SettingError, match="Did you mean 'database'"):
        setting("databse")


def test_a_number_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert integer_setting("recent_conversations") == 3
    assert integer_setting("max_context_size", 10) == 10
    for wrong in ("many", "-1", "1.5"):
        monkeypatch.setenv("TURNGRAPH_RECENT_CONVERSATIONS", wrong)
        with pytest.raises(SettingError, match="TURNGRAPH_RECENT_CONVERSATIONS"):
            integer_setting("recent_conversations")


def test_a_file_that_is_no_text_is_named() -> None:
    Path(".env").write_bytes(b"\xff\xfe\x00\xff")
    with pytest.raises(SettingError, match=r"\.env"):
        setting("database")


def test_the_template_names_every_variable_and_sets_none() -> None:
    text = env_template()
    assert [name for name in VARIABLES if name not in text] == []
    assert [line for line in text.splitlines() if line and not line.startswith("#")] == []


def test_logging_is_set_up_once(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("turngraph")
    before = (logger.level, list(logger.handlers), logger.propagate)
    try:
        assert configure_logging("info") is configure_logging("INFO") is logger
        logger.info("one line")
        logger.debug("nothing")
        assert capsys.readouterr().err.count("one line") == 1
        with pytest.raises(SettingError, match="LOUD"):
            configure_logging("loud")
    finally:
        logger.setLevel(before[0])
        logger.handlers[:] = before[1]
        logger.propagate = before[2]
