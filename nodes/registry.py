"""The names by which YAML and the command line find the nodes that come with turngraph."""

from __future__ import annotations

from ..engine import Node, Registry
from . import conversation

registry = Registry()

for _name in conversation.__all__:
    _thing = getattr(conversation, _name)
    if issubclass(_thing, Node):
        registry.add(_thing)
    else:
        registry.type(_thing)
