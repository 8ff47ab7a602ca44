"""Batches: lists of records, worked through with an outcome for each."""

from .report import BatchReport
from .run import compare, run_batch
from .stored import stored_conversations

__all__ = ["BatchReport", "compare", "run_batch", "stored_conversations"]
