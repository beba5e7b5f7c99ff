"""What is measured rather than judged: pure functions from a history to numbers, and a tally of a run."""

from lock_harness.figures.tally import Tally, together

__all__ = ["Tally", "together"]
