"""Which batches only prepare: they change nothing that another session can see."""

from lock_harness.wire.parts import Batch, Part

# a batch without any of these messages only prepares
RUNS = frozenset({"Query", "Execute", "FunctionCall"})


class PreparationDetector:
    """Distinguishes batches that only prepare, in the order in which a client sends its batches.

    A statement before a Flush is complete only after the Sync that follows, so that Sync belongs to its move.
    """

    def __init__(self) -> None:
        self._run_before_flush = False

    def only_prepares(self, part: Part) -> bool:
        runs, flushes = isinstance(part, Batch) and _runs(part), part.names[-1] == "Flush"
        completes_run = self._run_before_flush and not flushes
        self._run_before_flush = (self._run_before_flush or runs) and flushes
        return isinstance(part, Batch) and not runs and not completes_run


def _runs(batch: Batch) -> bool:
    """Whether the batch runs something other than DEALLOCATE, which a client library sends at arbitrary times."""
    deallocates = batch.text.upper().startswith("DEALLOCATE") and ";" not in batch.text
    return not RUNS.isdisjoint(batch.names) and not deallocates
