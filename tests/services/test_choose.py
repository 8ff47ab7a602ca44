"""Which model answers when, and what costs nothing to import?"""

from __future__ import annotations

import subprocess
import sys

import pytest

from turngraph.services import (
    ClaudeAPIError,
    ModelNotConfigured,
    ModelRejected,
    OfflineModel,
    ProviderModel,
    ServiceError,
    language_model,
)


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "TURNGRAPH_MODEL", "ANTHROPIC_MODEL"):
        monkeypatch.delenv(name, raising=False)


def test_without_anything_it_is_offline() -> None:
    assert isinstance(language_model(), OfflineModel)


def test_a_key_makes_it_anthropic_and_the_setting_or_an_argument_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    assert language_model().name == "anthropic:claude-sonnet-5-5"
    monkeypatch.setenv("TURNGRAPH_MODEL", "offline:rules")
    assert language_model().name == "offline:rules"
    assert language_model("anthropic:claude-haiku-5-5").name == "anthropic:claude-haiku-5-5"
    assert isinstance(language_model("Anthropic"), ProviderModel)


def test_an_unknown_provider_names_the_nearest_and_the_choices() -> None:
    with pytest.raises(ModelNotConfigured, match=r"'anthropic'\? .*anthropic, zai"):
        language_model("antropic:x")


def test_a_model_that_offline_does_not_have_is_no_model() -> None:
    with pytest.raises(ModelNotConfigured, match="offline:rules"):
        language_model("offline:gpt")


def test_errors_have_one_root_and_say_something_by_themselves() -> None:
    assert issubclass(ModelRejected, ClaudeAPIError)
    assert issubclass(ClaudeAPIError, ServiceError)
    assert "rejected" in str(ModelRejected())


def test_importing_the_services_imports_nothing_heavy() -> None:
    code = "import sys, turngraph.services; print([m for m in ('anthropic', 'numpy', 'wordllama', 'tenacity') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment()
    )
    assert done.stdout.strip() == "[]"


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
