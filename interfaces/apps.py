"""Finds a user's own nodes and graphs: `--app`, TURNGRAPH_APP, or the entry point `turngraph.apps`."""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from ..engine import Graph, Registry, load
from ..engine.errors import did_you_mean
from ..services.settings import setting
from ..services.tools import Toolbox
from .output import Misused


def registry_of(app: str | None) -> Registry:
    """The user's registry with what comes with turngraph behind it."""
    from ..workflows import registry as built_in

    name = setting("app", app)
    own = [_registry(name, _imported(name))] if name else []
    own += [_registry(point.name, point.load()) for point in entry_points(group="turngraph.apps")]
    return Registry(*own, built_in)


def toolbox_of(app: str | None) -> Toolbox:
    """The service `toolbox` of the user's registry, else the tools that come with turngraph."""
    found = registry_of(app).services["toolbox"].get()
    if not isinstance(found, Toolbox):
        raise Misused(f"the service 'toolbox' of the app is to be a Toolbox, found {type(found).__name__}")
    return found


def find_graph(what: str, registry: Registry) -> Graph:
    """The graph in a YAML file, or the workflow of that name."""
    path = Path(what)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        if not path.is_file():
            raise Misused(f"there is no file {what!r} here")
        return load(path, registry)
    if what not in registry.graphs:
        raise Misused(
            f"no workflow is named {what!r}, and no file either; {did_you_mean(what, registry.graphs)}"
        )
    return registry.make_graph(what)


def _imported(name: str) -> Any:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise Misused(f"the app {name!r} cannot be imported from {folder}: {error}") from None


def _registry(name: str, found: Any) -> Registry:
    registry = found if isinstance(found, Registry) else getattr(found, "registry", None)
    if not isinstance(registry, Registry):
        raise Misused(f"the app {name!r} has no `registry = Registry()` in it")
    return registry
