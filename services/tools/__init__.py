"""Which tools may a model call, and with what?"""

from .builtin import (
    Fetcher,
    calculate,
    calculator_tool,
    default_toolbox,
    fetch_tool,
    weather_tool,
    web_search_tool,
)
from .call import Call, Outcome, notice
from .decide import Decision, Situation, decide
from .grant import Allowance, Grant
from .origin import Origin, Piece, Sources, pieces
from .own import tool
from .protocol import Asking, ToolModel
from .running import Ended, Ending, Progress, ToolEvent, ToolFinished, ToolProgress, ToolStarted, run_tool
from .said import Said, choice, code, number, text, words
from .toolbox import Tool, Toolbox

__all__ = [
    "Allowance",
    "Asking",
    "calculate",
    "calculator_tool",
    "Call",
    "choice",
    "code",
    "decide",
    "Decision",
    "default_toolbox",
    "Ended",
    "Ending",
    "fetch_tool",
    "Fetcher",
    "Grant",
    "notice",
    "number",
    "Origin",
    "Outcome",
    "Piece",
    "pieces",
    "Progress",
    "run_tool",
    "Said",
    "Situation",
    "Sources",
    "text",
    "Tool",
    "tool",
    "Toolbox",
    "ToolEvent",
    "ToolFinished",
    "ToolModel",
    "ToolProgress",
    "ToolStarted",
    "weather_tool",
    "web_search_tool",
    "words",
]
