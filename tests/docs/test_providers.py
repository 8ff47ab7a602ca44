"""Is the table of docs/providers.md that of the code, and are prices given where the code has them?"""

from __future__ import annotations

from pathlib import Path

from turngraph.services import PROVIDERS, Provider, price_of, provider_named

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"


def row(provider: Provider) -> str:
    """The line of the table that says what the code says."""

    def variables(what: str) -> str:
        entry = provider.setting(what)
        return ", ".join(f"`{name}`" for name in entry.variables) if entry else ""

    model = provider.setting("model")
    default = f", {model.default}" if model and model.default else ""
    names = ", ".join(f"`{name}`" for name in (provider.name, *provider.aliases))
    cells = (
        names, provider.title, provider.speaks, variables("api_key"), variables("model") + default,
        variables("base_url"), provider.note,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |".replace("  ", " ")


def test_the_pages_table_is_the_codes() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index("|---|---|---|---|---|---|---|") + 1
    assert lines[start : start + len(PROVIDERS)] == [row(provider) for provider in PROVIDERS]
    assert not lines[start + len(PROVIDERS)]


def test_every_name_of_a_provider_is_its_own() -> None:
    names = [name for provider in PROVIDERS for name in (provider.name, *provider.aliases)]
    assert len(names) == len(set(names))
    assert all(provider_named(name.upper()) is not None for name in names)


def test_a_price_is_known_by_how_a_model_begins_or_not_at_all() -> None:
    assert price_of("anthropic", "claude-sonnet-5-5") == price_of("anthropic", "claude-sonnet-4-5")
    assert price_of("anthropic", "another") is None and price_of("nobody", "claude") is None
    free = price_of("ollama", "anything")
    assert free is not None and (free.input, free.output) == (0.0, 0.0)
