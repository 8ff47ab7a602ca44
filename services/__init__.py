"""What does the outside world offer: language models, embeddings, settings, tokens?"""

from .claude import ClaudeAPIClient
from .embeddings import Embedder, WordLlamaEmbedder, default_embedder
from .errors import (
    ClaudeAPIError,
    EmbeddingError,
    ModelNotConfigured,
    ModelRefused,
    ModelRejected,
    ModelReplyInvalid,
    ModelUnavailable,
    ServiceError,
    SettingError,
)
from .llm import (
    AnthropicModel,
    Extraction,
    Fact,
    LanguageModel,
    OfflineModel,
    PreferenceNote,
    Prompt,
    Recalled,
    Reply,
    StatedPreference,
    Turn,
    Usage,
    language_model,
)
from .settings import setting
from .tokens import estimate_tokens

__all__ = [
    "AnthropicModel",
    "ClaudeAPIClient",
    "ClaudeAPIError",
    "default_embedder",
    "Embedder",
    "EmbeddingError",
    "estimate_tokens",
    "Extraction",
    "Fact",
    "language_model",
    "LanguageModel",
    "ModelNotConfigured",
    "ModelRefused",
    "ModelRejected",
    "ModelReplyInvalid",
    "ModelUnavailable",
    "OfflineModel",
    "PreferenceNote",
    "Prompt",
    "Recalled",
    "Reply",
    "ServiceError",
    "setting",
    "SettingError",
    "StatedPreference",
    "Turn",
    "Usage",
    "WordLlamaEmbedder",
]
