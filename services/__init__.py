"""What does the outside world offer: language models, embeddings, settings, tokens?"""

from .claude import ClaudeAPIClient
from .embeddings import (
    Embedder,
    MiniLmEmbedder,
    RemoteEmbedder,
    WordLlamaEmbedder,
    default_embedder,
    embedder_named,
)
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
    "embedder_named",
    "EmbeddingError",
    "estimate_tokens",
    "Extraction",
    "Fact",
    "language_model",
    "LanguageModel",
    "MiniLmEmbedder",
    "ModelNotConfigured",
    "ModelRefused",
    "ModelRejected",
    "ModelReplyInvalid",
    "ModelUnavailable",
    "OfflineModel",
    "PreferenceNote",
    "Prompt",
    "Recalled",
    "RemoteEmbedder",
    "Reply",
    "ServiceError",
    "setting",
    "SettingError",
    "StatedPreference",
    "Turn",
    "Usage",
    "WordLlamaEmbedder",
]
