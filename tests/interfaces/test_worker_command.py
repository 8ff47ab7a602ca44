"""Is the command that starts a worker the one for this batch, and without a password?"""

from __future__ import annotations

import pytest

pytest.importorskip("celery", reason="expected: the extra `workers` is not installed")

from turngraph.interfaces.worker import told_worker


def test_what_the_settings_say_needs_no_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNGRAPH_BROKER", "redis://broker:6379/0")
    assert told_worker(None, "turngraph", None, None) == ("redis://broker:6379/0", "turngraph worker")


def test_what_was_given_to_the_batch_is_given_to_the_worker() -> None:
    broker, start = told_worker("redis://broker:6379/0", "nightly", "sqlite:///my talk.db", "my.app")
    assert broker == "redis://broker:6379/0"
    assert start == (
        "turngraph worker --broker redis://broker:6379/0 --queue nightly --db 'sqlite:///my talk.db' --app my.app"
    )


def test_no_password_is_shown() -> None:
    broker, start = told_worker(
        "amqp://ada:canary@broker//", "turngraph", "postgresql://ada:canary@db/talk", None
    )
    assert "canary" not in broker + start and "ada:***@db/talk" in start
