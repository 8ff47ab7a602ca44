"""How is logging set up?

Messages of users are never logged: only ids, counts, names and times are.
"""

from __future__ import annotations

import logging
import sys

from .errors import SettingError
from .settings import setting

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to whatever stderr is at that moment, so that a replaced stderr is respected."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def configure_logging(level: str | None = None) -> logging.Logger:
    """Sends turngraph's log to stderr at a level; asked again, only the level changes."""
    wanted = (setting("log_level", level) or "WARNING").strip().upper()
    if wanted not in LEVELS:
        raise SettingError(
            f"There is no log level {wanted!r}. Levels are: {', '.join(LEVELS)}. Set LOG_LEVEL to one."
        )
    logger = logging.getLogger("turngraph")
    logger.setLevel(wanted)
    if not any(isinstance(handler, _Handler) for handler in logger.handlers):
        logger.addHandler(_Handler())
        logger.propagate = False
    return logger
