"""How are language models asked?"""

from .anthropic import AnthropicModel
from .choose import language_model
from .gate import Account, Attempt, Gate, OpenGate, Ticket, charged
from .offline import OfflineModel
from .prompt import PreferenceNote, Prompt, Recalled, Turn
from .protocol import Extraction, Fact, LanguageModel, Reply, StatedPreference, Usage

__all__ = [
    "Account",
    "AnthropicModel",
    "Attempt",
    "charged",
    "Extraction",
    "Fact",
    "Gate",
    "language_model",
    "LanguageModel",
    "OfflineModel",
    "OpenGate",
    "PreferenceNote",
    "Prompt",
    "Recalled",
    "Reply",
    "StatedPreference",
    "Ticket",
    "Turn",
    "Usage",
]
