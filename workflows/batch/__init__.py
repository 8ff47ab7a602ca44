"""Batches: lists of records, worked through with an outcome for each."""

from .report import BatchReport
from .run import compare, run_batch

__all__ = ["BatchReport", "compare", "run_batch"]
