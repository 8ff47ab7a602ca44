"""How are language models asked?"""

from .call import Policy
from .choose import language_model, model_choice, providers_found
from .client import ProviderModel
from .connection import Connection
from .gate import Account, Attempt, Gate, OpenGate, Ticket, charged
from .offline import OfflineModel
from .prompt import PreferenceNote, Prompt, Recalled, Turn
from .protocol import Extraction, Fact, LanguageModel, Reply, StatedPreference, Usage
from .providers import PROVIDERS, Price, Provider, price_of, provider_named

__all__ = [
    "Account",
    "Attempt",
    "charged",
    "Connection",
    "Extraction",
    "Fact",
    "Gate",
    "language_model",
    "LanguageModel",
    "model_choice",
    "OfflineModel",
    "OpenGate",
    "Policy",
    "PreferenceNote",
    "Price",
    "price_of",
    "Prompt",
    "Provider",
    "provider_named",
    "ProviderModel",
    "PROVIDERS",
    "providers_found",
    "Recalled",
    "Reply",
    "StatedPreference",
    "Ticket",
    "Turn",
    "Usage",
]
