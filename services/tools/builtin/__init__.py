"""Which tools come with turngraph, and how does each keep to its bounds?"""

from .calculator import calculate, calculator_tool
from .default import default_toolbox
from .fetch import Fetcher, fetch_tool
from .search import web_search_tool
from .weather import weather_tool

__all__ = [
    "calculate",
    "calculator_tool",
    "default_toolbox",
    "fetch_tool",
    "Fetcher",
    "weather_tool",
    "web_search_tool",
]
