"""Measurements that no check judges: pure functions from a history to numbers, and their sum over a run."""

from lock_harness.figures.tally import Tally, merge_figures

__all__ = ["Tally", "merge_figures"]
