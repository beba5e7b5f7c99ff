"""What is measured rather than judged: from histories to lists of numbers, and a tally that adds them up.

Pure but for the tally's own stopwatch.
"""

import math
import statistics
import time
from collections.abc import Iterator, Sequence

from harness.checks.beliefs import Belief, beliefs
from harness.checks.view import View
from harness.model import Event, Figures, Spread, Status
from harness.sequential import ENDS


class Tally:
    """Adds up figures over the examples of a run."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.examples = self.violated = self.unknown = self._operations = self._faults = 0
        self._release_ms: list[float] = []
        self._beliefs: list[Belief] = []

    def add(self, view: View, status: Status) -> None:
        """Count one example: what happened in it, and what was thought of it."""
        events = view.history.events
        self.examples += 1
        self.violated += status == "violated"
        self.unknown += status == "unknown"
        self._operations += sum(event.kind == "invoke" for event in events)
        self._faults += sum(event.kind == "fault" for event in events)
        self._release_ms.extend(release_times(events))
        self._beliefs.extend(beliefs(view))

    def figures(self) -> Figures:
        return Figures(
            *(self.examples, self.violated, self.unknown, self._operations, self._faults),
            seconds=time.monotonic() - self._began,
            release=spread(self._release_ms),
            belief=spread([(one.to_ns - one.from_ns) / 1e6 for one in self._beliefs]),
            shared_ms=max((one.beside_ns / 1e6 for one in self._beliefs), default=0.0),
        )


def spread(values: Sequence[float]) -> Spread | None:
    """Median, 99th percentile (nearest rank) and maximum; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    p99 = ordered[math.ceil(0.99 * len(ordered)) - 1]
    return Spread(len(ordered), round(statistics.median(ordered), 3), round(p99, 3), round(ordered[-1], 3))


def release_times(events: Sequence[Event]) -> Iterator[float]:
    """How long after each end of a session the server was seen to have let go of it, in milliseconds."""
    ended: dict[tuple[int, int], int] = {}
    for event in events:
        owner = event.actor, event.life
        if event.fault in ENDS:
            ended[owner] = event.at_ns  # of a lasting one in the end the moment of its healing
        elif event.kind == "gone" and owner in ended:
            yield (event.at_ns - ended[owner]) / 1e6


def together(parts: Sequence[Figures]) -> Figures:
    """The figures of several workers that ran side by side, as one."""
    return Figures(
        examples=sum(part.examples for part in parts),
        violated=sum(part.violated for part in parts),
        unknown=sum(part.unknown for part in parts),
        operations=sum(part.operations for part in parts),
        faults=sum(part.faults for part in parts),
        seconds=max(part.seconds for part in parts),
        release=_widest([part.release for part in parts]),
        belief=_widest([part.belief for part in parts]),
        shared_ms=max(part.shared_ms for part in parts),
    )


def _widest(spreads: Sequence[Spread | None]) -> Spread | None:
    """Of several spreads the count of all, the largest p99 and maximum, and the median of the largest."""
    given = [one for one in spreads if one]
    if not given:
        return None
    largest = max(given, key=lambda one: one.count)
    count = sum(one.count for one in given)
    p99, top = max(one.p99_ms for one in given), max(one.max_ms for one in given)
    return Spread(count, largest.median_ms, p99, top)
