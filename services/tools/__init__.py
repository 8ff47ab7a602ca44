"""Which tools may a model call, and with what?"""

from .call import Call, Outcome, notice
from .decide import Decision, Situation, decide
from .grant import Allowance, Grant
from .origin import Origin, Piece, Sources, pieces
from .protocol import Asking, ToolModel
from .said import Said, choice, code, number, text, words
from .tool import Tool, Toolbox

__all__ = [
    "Allowance",
    "Asking",
    "Call",
    "choice",
    "code",
    "decide",
    "Decision",
    "Grant",
    "notice",
    "number",
    "Origin",
    "Outcome",
    "Piece",
    "pieces",
    "Said",
    "Situation",
    "Sources",
    "text",
    "Tool",
    "Toolbox",
    "ToolModel",
    "words",
]
