"""How are language models asked?"""

from .anthropic import AnthropicModel
from .choose import language_model
from .offline import OfflineModel
from .prompt import PreferenceNote, Prompt, Recalled, Turn
from .protocol import Extraction, Fact, LanguageModel, Reply, StatedPreference, Usage

__all__ = [
    "AnthropicModel",
    "Extraction",
    "Fact",
    "language_model",
    "LanguageModel",
    "OfflineModel",
    "PreferenceNote",
    "Prompt",
    "Recalled",
    "Reply",
    "StatedPreference",
    "Turn",
    "Usage",
]
