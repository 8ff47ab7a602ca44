"""The names by which YAML and the command line find the nodes that come with turngraph."""

from __future__ import annotations

from ..engine import Node, Registry
from . import batch, conversation

registry = Registry()

for _folder in (conversation, batch):
    for _name in _folder.__all__:
        _thing = getattr(_folder, _name)
        if issubclass(_thing, Node):
            registry.add(_thing)
        else:
            registry.type(_thing)
