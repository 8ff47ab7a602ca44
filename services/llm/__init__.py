"""How are language models asked?"""

from .accountant import Accountant
from .budget import Budget
from .call import Policy
from .choose import language_model, model_choice, providers_found
from .client import ProviderModel
from .connection import Connection
from .gate import Account, Attempt, Gate, OpenGate, Ticket, charged, gated
from .ledger import Booking, Ledger, MemoryLedger
from .limits import Limit, Limits
from .offline import OfflineModel
from .price import Price
from .prompt import NoLonger, PreferenceNote, Prompt, Recalled, Turn
from .protocol import Extraction, Fact, Known, LanguageModel, Reply, StatedPreference, Usage
from .providers import PROVIDERS, Provider, price_of, provider_named

__all__ = [
    "Account",
    "Accountant",
    "Attempt",
    "Booking",
    "Budget",
    "charged",
    "Connection",
    "Extraction",
    "Fact",
    "Gate",
    "gated",
    "Known",
    "language_model",
    "LanguageModel",
    "Ledger",
    "Limit",
    "Limits",
    "MemoryLedger",
    "model_choice",
    "NoLonger",
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
