"""Batches: lists of records, worked through with an outcome for each."""

from .report import BatchReport
from .run import run_batch

__all__ = ["BatchReport", "run_batch"]
