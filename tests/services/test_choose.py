"""Which model answers when, and what costs nothing to import?"""

from __future__ import annotations

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from turngraph.services import (
    ClaudeAPIClient,
    ClaudeAPIError,
    ModelNotConfigured,
    ModelRejected,
    OfflineModel,
    ProviderModel,
    ServiceError,
    language_model,
)
from turngraph.services.llm.choose import Choice, model_choice, providers_found

from .provider.does import Does, fails
from .provider.server import ProviderServer

KEYS = {
    "ANTHROPIC_API_KEY": "anthropic:claude-sonnet-5-5",
    "Z_API_KEY": "zai:glm-4.6",
    "IOAI_API_KEY": "ionet:meta-llama/Llama-3.3-70B-Instruct",
    "IOINTELLIGENCE_API_KEY": "ionet:meta-llama/Llama-3.3-70B-Instruct",
    "OPENAI_API_KEY": "openai:gpt-5-mini",
    "GEMINI_API_KEY": "gemini:gemini-2.5-flash",
}


@pytest.fixture(autouse=True)
def no_ollama(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")


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


@pytest.mark.parametrize("variable", KEYS)
def test_whose_key_is_there_is_chosen_and_the_choice_says_why(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "k")
    assert language_model().name == KEYS[variable]
    assert model_choice() == Choice((KEYS[variable],), f"{variable} is set")


def test_with_two_keys_the_first_of_the_table_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("Z_API_KEY", "k")
    monkeypatch.setenv("IOAI_API_KEY", "k")
    assert language_model().name == "zai:glm-4.6"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    assert language_model().name == "anthropic:claude-sonnet-5-5"


def test_a_provider_whose_package_is_missing_is_passed_over_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert language_model().name == "offline:rules"
    (why,) = [found.why for found in providers_found() if found.provider.name == "openai"]
    assert 'pip install "turngraph[openai]"' in why


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("z.ai:glm-5", "zai:glm-5"),
        ("io.net", "ionet:open-model"),
        (" OpenAI : gpt-x ", "openai:gpt-x"),
        ("vllm:org/model:tag", "vllm:org/model:tag"),
        ("llama.cpp", "llamacpp:default"),
    ],
)
def test_names_are_taken_as_people_write_them(
    written: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IOAI_MODEL", "open-model")
    assert language_model(written).name == name


def test_several_names_are_a_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNGRAPH_MODEL", "zai:glm-5, openai:gpt-x")
    asked = language_model()
    assert isinstance(asked, ProviderModel)
    assert [connection.name for connection in asked.connections] == ["zai:glm-5", "openai:gpt-x"]
    assert model_choice().why == "TURNGRAPH_MODEL names it"
    with pytest.raises(ModelNotConfigured, match="alone"):
        language_model("zai:glm-5,offline")
    with pytest.raises(ModelNotConfigured):
        language_model(" , ")


def test_ollama_is_chosen_where_a_model_of_it_is_named_and_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ProviderServer() as server:
        monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{server.port}")
        assert language_model().name == "offline:rules"
        monkeypatch.setenv("OLLAMA_MODEL", "qwen3")
        assert model_choice() == Choice(("ollama:qwen3",), f"it answers on 127.0.0.1:{server.port}")
    assert model_choice().models == ("offline:rules",)


@pytest.mark.parametrize(
    ("told", "named"),
    [
        (b'{"object": "list", "data": [{"id": "qwen3:8b"}, {"id": "llama3.2"}]}', ": qwen3:8b, llama3.2"),
        (b'{"data": [{"id": "m0"}, {"id": "m1"}, {"id": "m2"}, {"id": "m3"}, {"id": "m4"}, {"id": "m5"}, {"id": "m6"}, '
         b'{"id": "m7"}, {"id": "m8"}]}', ": m0, m1, m2, m3, m4, m5, m6, m7, ..."),
        (b'{"data": [{"id": "\\u001b[31mred"}, {"id": 7}]}', ""),
        (b'{"data": null}', ""),
        (b"<html>", ""),
    ],
)  # fmt: skip
def test_ollama_without_a_model_is_told_with_those_it_has(
    told: bytes, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{server.server_port}")
        (ollama,) = [found for found in providers_found() if found.provider.name == "ollama"]
        server.shutdown()
    assert not ollama.ready and ollama.why.endswith(f"set OLLAMA_MODEL to choose a model of it{named}")
    assert asked == ["/v1/models"]


@pytest.mark.parametrize(
    ("provider", "key", "model", "url", "dialect"),
    [
        ("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_MODEL", "ANTHROPIC_BASE_URL", "anthropic"),
        ("z.ai", "Z_API_KEY", "Z_MODEL", "Z_BASE_URL", "anthropic"),
        ("io.net", "IOAI_API_KEY", "IOAI_MODEL", "IOAI_BASE_URL", "openai"),
        ("openai", "OPENAI_API_KEY", "OPENAI_MODEL", "OPENAI_BASE_URL", "openai"),
        ("gemini", "GEMINI_API_KEY", "GEMINI_MODEL", "GEMINI_BASE_URL", "openai"),
        ("ollama", None, "OLLAMA_MODEL", "OLLAMA_HOST", "anthropic"),
        ("llamacpp", None, "LLAMACPP_MODEL", "LLAMACPP_BASE_URL", "anthropic"),
        ("vllm", "VLLM_API_KEY", "VLLM_MODEL", "VLLM_BASE_URL", "openai"),
    ],
)
async def test_each_provider_is_asked_as_its_variables_say(
    provider: str, key: str | None, model: str, url: str, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ProviderServer(fails(529), fails(529), Does()) as server:
        if key:
            monkeypatch.setenv(key, "sk-from-the-environment")
        monkeypatch.setenv(model, "named-by-the-environment")
        monkeypatch.setenv(url, server.base_url(dialect))
        async with ClaudeAPIClient(provider=provider) as client:
            said = await client.call_claude("Analyze this...", max_retries=3, backoff_factor=0.01)
        assert said == "Biscuit." and len(server.seen) == 3
        seen = server.seen[-1]
    assert seen.body["model"] == "named-by-the-environment"
    assert seen.headers["authorization"] == f"Bearer {'sk-from-the-environment' if key else 'none'}"
    assert ("x-api-key" in seen.headers) is (dialect == "anthropic")
    assert seen.path == ("/v1/messages" if dialect == "anthropic" else "/v1/chat/completions")


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
