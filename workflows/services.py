"""What the workflows are bound to: a database, a language model and an embedder, found when first needed."""

from __future__ import annotations

from typing import Any

from ..engine import Graph, Lazy
from ..models import DatabaseManager, get_db_manager
from ..services import Accountant, Embedder, LanguageModel, default_embedder, gated, language_model


def bound(
    graph: Graph,
    db: DatabaseManager | None = None,
    llm: LanguageModel | None = None,
    embedder: Embedder | None = None,
) -> Graph:
    """The graph with its store and services: what is given, else what the settings say at the first run."""
    database: Any = db if db is not None else Lazy(get_db_manager)
    ready = graph.bind(
        db=database,
        llm=Lazy(lambda: accounted(llm, db)),
        embedder=embedder if embedder is not None else Lazy(default_embedder),
    )
    ready.store = database
    return ready


def accounted(llm: LanguageModel | None = None, db: DatabaseManager | None = None) -> LanguageModel:
    """The model, else that of the settings; limits, budgets and the ledger of the database hold for it, unless it
    came with a gate of its own."""
    model = llm if llm is not None else language_model()
    return gated(model, lambda: Accountant((db if db is not None else get_db_manager()).ledger))
