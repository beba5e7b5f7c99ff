"""The progress of an exploration, as it is reported to a display."""

from collections.abc import Callable
from typing import Literal

import msgspec

from lock_harness.core.run import Figures

Phase = Literal["draw", "shrink", "repeat"]


class Progress(msgspec.Struct, frozen=True, tag=True):
    """The state of one exploration.  `seed` distinguishes the workers that share a scenario; `figures` has only counts."""

    scenario: str
    seed: int
    phase: Phase
    figures: Figures


ReportProgress = Callable[[Progress], None]
ReportPhase = Callable[[Phase], None]
