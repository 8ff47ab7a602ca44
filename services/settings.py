"""What can be set from outside, under which name, and which value holds?

An argument wins, then the environment, then `.env` in the current folder, then the default.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .errors import SettingError


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set: its name, its environment variables (first wins), its default, what it does."""

    name: str
    variables: tuple[str, ...]
    default: str | None
    purpose: str


def _provider(
    name: str,
    title: str,
    keys: tuple[str, ...],
    model: str,
    default_model: str | None,
    base_url: str,
    default_url: str | None,
) -> list[Setting]:
    """The settings that each provider of language models has."""
    key = [Setting(f"{name}_api_key", keys, None, f"The key for {title}.")] if keys else []
    return [
        *key,
        Setting(f"{name}_model", (model,), default_model, f"Which model of {title} answers."),
        Setting(f"{name}_base_url", (base_url,), default_url, f"The address of {title}."),
    ]


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "database",
        ("TURNGRAPH_DB", "DATABASE_URL"),
        "sqlite:///conversation_memory.db",
        "Where conversations are kept: a SQLAlchemy URL, SQLite or PostgreSQL.",
    ),
    Setting(
        "replica",
        ("TURNGRAPH_REPLICA",),
        None,
        "A PostgreSQL replica of that database, which reads may go to.",
    ),
    Setting(
        "model",
        ("TURNGRAPH_MODEL",),
        None,
        "The language model as provider:model, or several to fail over between, with commas. Unset: whose key is there, else offline.",
    ),
    Setting("anthropic_api_key", ("ANTHROPIC_API_KEY",), None, "The key for the Anthropic API."),
    Setting(
        "anthropic_base_url",
        ("ANTHROPIC_BASE_URL",),
        "https://api.anthropic.com",
        "Another server that speaks Anthropic Messages, such as a proxy.",
    ),
    Setting(
        "anthropic_model", ("ANTHROPIC_MODEL",), "claude-sonnet-5-5", "Which model of that server answers."
    ),
    *_provider(
        "zai", "z.ai", ("Z_API_KEY",), "Z_MODEL", "glm-4.6", "Z_BASE_URL", "https://api.z.ai/api/anthropic"
    ),
    *_provider(
        "ionet",
        "io.net",
        ("IOAI_API_KEY", "IOINTELLIGENCE_API_KEY"),
        "IOAI_MODEL",
        "meta-llama/Llama-3.3-70B-Instruct",
        "IOAI_BASE_URL",
        "https://api.intelligence.io.solutions/api/v1",
    ),
    *_provider(
        "openai",
        "OpenAI",
        ("OPENAI_API_KEY",),
        "OPENAI_MODEL",
        "gpt-5-mini",
        "OPENAI_BASE_URL",
        "https://api.openai.com/v1",
    ),
    *_provider(
        "gemini",
        "Google Gemini",
        ("GEMINI_API_KEY",),
        "GEMINI_MODEL",
        "gemini-2.5-flash",
        "GEMINI_BASE_URL",
        "https://generativelanguage.googleapis.com/v1beta/openai",
    ),
    *_provider("ollama", "Ollama", (), "OLLAMA_MODEL", None, "OLLAMA_HOST", "http://127.0.0.1:11434"),
    *_provider("llamacpp", "llama.cpp", (), "LLAMACPP_MODEL", "default", "LLAMACPP_BASE_URL", None),
    *_provider("vllm", "vLLM", ("VLLM_API_KEY",), "VLLM_MODEL", None, "VLLM_BASE_URL", None),
    Setting(
        "limits",
        ("TURNGRAPH_LIMITS",),
        None,
        "What a provider is asked at most in any 60 seconds and at once: anthropic: requests=50 tokens=40000; *: concurrent=8.",
    ),
    Setting(
        "budgets",
        ("TURNGRAPH_BUDGETS",),
        None,
        "What a tenant, user, conversation or run may cost: user: cost=5 per=month; run: tokens=50000.",
    ),
    Setting(
        "prices",
        ("TURNGRAPH_PRICES",),
        None,
        "Dollars for a million tokens, where the table of providers does not know them: openai:gpt-5: input=1.25 output=10.",
    ),
    Setting(
        "extraction",
        ("TURNGRAPH_EXTRACTION",),
        "model",
        "Who reads messages for facts: model, the one that answers (the offline one reads by rule), or rules, which cost no call.",
    ),
    Setting(
        "embedder",
        ("TURNGRAPH_EMBEDDER",),
        "wordllama",
        "What turns text into vectors: wordllama, minilm (an extra), or openai:MODEL.",
    ),
    Setting(
        "embedding_base_url",
        ("TURNGRAPH_EMBEDDING_BASE_URL", "OPENAI_BASE_URL"),
        "https://api.openai.com/v1",
        "The server of openai:MODEL; Ollama's is http://localhost:11434/v1.",
    ),
    Setting(
        "embedding_api_key",
        ("TURNGRAPH_EMBEDDING_API_KEY", "OPENAI_API_KEY"),
        None,
        "The key for that server, where it wants one.",
    ),
    Setting(
        "app", ("TURNGRAPH_APP",), None, "The module that holds your own nodes and graphs: package.module."
    ),
    Setting(
        "broker",
        ("TURNGRAPH_BROKER", "CELERY_BROKER_URL", "REDIS_URL"),
        "redis://127.0.0.1:6379/0",
        "Where the chunks of a batch wait for workers: a URL of Redis or RabbitMQ.",
    ),
    Setting(
        "log_level", ("LOG_LEVEL",), "WARNING", "How much is logged: DEBUG, INFO, WARNING, ERROR, CRITICAL."
    ),
    Setting(
        "weather_api_key",
        ("WEATHER_API_KEY",),
        None,
        "The key of OpenWeatherMap, for the tool weather. Unset: a stand-in that says that it is one.",
    ),
    Setting(
        "weather_base_url",
        ("WEATHER_BASE_URL",),
        "https://api.openweathermap.org/data/2.5",
        "Another server that answers as OpenWeatherMap does.",
    ),
    Setting(
        "search_api_key",
        ("TAVILY_API_KEY",),
        None,
        "The key of Tavily, for the tool web_search. Unset: a stand-in that says that it is one.",
    ),
    Setting(
        "search_base_url",
        ("TAVILY_BASE_URL",),
        "https://api.tavily.com",
        "Another server that answers as Tavily does.",
    ),
    Setting(
        "fetch_allow",
        ("TURNGRAPH_FETCH_ALLOW",),
        None,
        "Networks of one's own that the tool fetch may enter, such as 10.1.0.0/16; unset: public addresses only.",
    ),
    Setting(
        "recent_conversations",
        ("TURNGRAPH_RECENT_CONVERSATIONS",),
        "3",
        "How many other conversations retrieval looks back into; 0 turns it off.",
    ),
    Setting(
        "max_context_size",
        ("TURNGRAPH_MAX_CONTEXT",),
        "4000",
        "How many tokens of context a language model is given at most.",
    ),
    Setting(
        "archive_after",
        ("TURNGRAPH_ARCHIVE_AFTER",),
        "0",
        "After how many days without a message a conversation is archived by itself; 0 turns it off.",
    ),
    Setting(
        "receipt_key",
        ("TURNGRAPH_RECEIPT_KEY",),
        None,
        "The secret that receipts of forgetting are signed with. Unset: one that the database keeps.",
    ),
)

_BY_NAME = {entry.name: entry for entry in SETTINGS}


def setting(name: str, given: str | None = None) -> str | None:
    """The value that holds for a setting: `given`, else the environment, else `.env`, else the default."""
    entry = _find(name)
    if given is not None:
        return given
    return _first(entry, os.environ) or _first(entry, _dotenv(Path.cwd() / ".env")) or entry.default


def set_by(name: str) -> str | None:
    """The variable that a setting has its value from; None where it is at its default."""
    entry = _find(name)
    for values in (os.environ, _dotenv(Path.cwd() / ".env")):
        for variable in entry.variables:
            if values.get(variable, "").strip():
                return variable
    return None


def integer_setting(name: str, given: int | str | None = None) -> int:
    """The value of a setting that is a whole number, zero or more."""
    value = setting(name, None if given is None else str(given))
    try:
        number = int(value or "")
    except ValueError:
        number = -1
    if number < 0:
        raise SettingError(
            f"Setting {name!r} must be a whole number, zero or more; found {value!r}. "
            f"Set {' or '.join(_find(name).variables)}, for instance to {_find(name).default or '10'}."
        )
    return number


def env_template() -> str:
    """The text of a `.env` file that names every setting, each commented out at its default."""
    lines = ["# turngraph reads this file from the current folder; the environment wins over it.", ""]
    for entry in SETTINGS:
        lines.append(f"# {entry.purpose}")
        first, *others = entry.variables
        if others:
            lines.append(f"# ({', '.join(others)} is read when this is not set.)")
        lines += [f"# {first}={entry.default or ''}", ""]
    return "\n".join(lines)


def _first(entry: Setting, values: Mapping[str, str]) -> str | None:
    # An empty variable is how a shell or a compose file says "unset".
    found = (values.get(variable, "").strip() for variable in entry.variables)
    return next((value for value in found if value), None)


def _find(name: str) -> Setting:
    if name in _BY_NAME:
        return _BY_NAME[name]
    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise SettingError(f"There is no setting {name!r}.{hint} Settings are: {', '.join(sorted(_BY_NAME))}.")


def _dotenv(path: Path) -> dict[str, str]:
    try:
        found = path.stat()
    except OSError:
        return {}
    return _parsed(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)
def _parsed(path: Path, changed: int, size: int) -> dict[str, str]:
    from dotenv import dotenv_values

    try:
        return {key: value for key, value in dotenv_values(path).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"{path} cannot be read as a .env file in UTF-8: {error}. Mend or remove it."
        ) from error
