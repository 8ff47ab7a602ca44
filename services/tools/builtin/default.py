"""Which tools come with turngraph?"""

from __future__ import annotations

from ..toolbox import Tool, Toolbox
from .calculator import calculator_tool
from .fetch import fetch_tool
from .search import web_search_tool
from .weather import weather_tool


def default_toolbox(*own: Tool) -> Toolbox:
    """The tools that come with turngraph, and those that are given; one of the same name takes the place of ours."""
    ours = (calculator_tool(), fetch_tool(), weather_tool(), web_search_tool())
    named = {one.name for one in own}
    return Toolbox(*(one for one in ours if one.name not in named), *own)
