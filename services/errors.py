"""What can go wrong in the services, and how is each failure mended?

ServiceError                 anything below
├── SettingError             a setting holds what it cannot mean
├── RecordsUnreadable        a list of records cannot be opened
├── EmbeddingError           text could not be turned into vectors
├── ToolError                a tool could not do what it was called for
│   └── AddressRefused       the fetcher does not go to that address
└── ClaudeAPIError           a language model gave no usable answer
    ├── ModelNotConfigured   no such provider, or no key for it
    ├── ModelUnavailable     connection, timeout, overload: worth trying later
    ├── ModelRejected        the request itself is wrong: trying again does not help
    ├── ModelRefused         the model declined to answer
    ├── BudgetExceeded       the call could cost more than a budget has left: it was not made
    ├── RateLimited          our own limit lets no call through in time: it was not made
    └── ModelReplyInvalid    the answer is not of the form that was asked for
"""

from __future__ import annotations

from datetime import datetime


class ServiceError(Exception):
    """A service could not do what it was asked."""


class SettingError(ServiceError):
    """A setting holds a value it cannot mean."""


class RecordsUnreadable(ServiceError):
    """A list of records cannot be opened, or what would read it is not installed."""


class EmbeddingError(ServiceError):
    """Text could not be turned into vectors."""


class ToolError(ServiceError):
    """A tool could not do what it was called for: the model and the user are told this text."""


class AddressRefused(ToolError):
    """The fetcher goes to public addresses only, over http and https."""


class ClaudeAPIError(ServiceError):
    """A language model gave no usable answer."""

    def __init__(
        self,
        message: str = "",
        *,
        provider: str = "anthropic",
        model: str = "",
        status: int | None = None,
        attempts: int = 0,
        retryable: bool = False,
    ) -> None:
        super().__init__(message or type(self).__doc__ or "")
        self.provider = provider
        self.model = model
        self.status = status
        self.attempts = attempts
        self.retryable = retryable


class ModelNotConfigured(ClaudeAPIError):
    """No such language model is set up: name one as provider:model, or set its key."""


class ModelUnavailable(ClaudeAPIError):
    """The language model could not be reached, or is overloaded: try again later."""


class ModelRejected(ClaudeAPIError):
    """The language model rejected the request: it must be changed before it is sent again."""


class ModelRefused(ClaudeAPIError):
    """The language model declined to answer: put the request differently."""


class BudgetExceeded(ClaudeAPIError):
    """The call could cost more than the budget has left, and was not made: raise the budget, or ask for less."""

    of: str = ""
    """Whose budget it is: that of the tenant, user, conversation or run."""
    unit: str = ""
    """What it is counted in: tokens or cost."""
    renewed: datetime | None = None
    """When it begins anew, if it does."""


class RateLimited(ClaudeAPIError):
    """Our own limit lets no call through before the deadline, and none was made: wait, or raise the limit."""


class ModelReplyInvalid(ClaudeAPIError):
    """The language model's reply has not the form that was asked for."""
