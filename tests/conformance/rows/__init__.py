"""The rows of the table, by topic."""

from ..row import Row
from . import batch, branches, chains, cycles, durable, errors, nesting, parallel, retry, written

TOPICS = (chains, branches, cycles, nesting, batch, retry, parallel, errors, durable, written)
ALL: list[Row] = [row for topic in TOPICS for row in topic.ROWS]
