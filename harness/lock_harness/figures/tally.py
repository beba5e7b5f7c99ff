"""Add up the figures of the examples of a run, and of the workers that share a run."""

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate, zip_longest

import msgspec

from lock_harness.analysis.view import View
from lock_harness.core.history import Event, SessionId
from lock_harness.core.run import WAIT_BOUNDS_MS, Exercise, Figures, Spread
from lock_harness.core.verdict import Status
from lock_harness.figures.beliefs import beliefs
from lock_harness.figures.distribution import Distribution
from lock_harness.figures.exercise import exercise
from lock_harness.figures.waits import waits


class Tally:
    """The figures of a run, example by example."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.examples = self.violated = self.unknown = self._operations = self._faults = 0
        self._release, self._belief = Distribution(), Distribution()
        self._waits, self._uncontended = Distribution(), Distribution()
        self._shared_ns = self._overtaken = 0
        self._exercise = Exercise()

    def add(self, view: View, status: Status) -> None:
        """Count one example and the status of its verdicts."""
        events = view.history.events
        self.examples += 1
        self.violated += status == "violated"
        self.unknown += status == "unknown"
        self._operations += sum(event.kind == "invoke" for event in events)
        self._faults += sum(event.kind == "fault" for event in events)
        self._release.add(release_times(events))
        self._exercise += exercise(view)
        self._add_beliefs(view)
        self._add_waits(view)

    def _add_beliefs(self, view: View) -> None:
        found = beliefs(view)
        self._belief.add(one.to_ns - one.from_ns for one in found)
        self._shared_ns = max([self._shared_ns, *(one.shared_ns for one in found)])

    def _add_waits(self, view: View) -> None:
        found = waits(view)
        self._waits.add(one.took_ns for one in found if one.took_ns is not None and one.met)
        self._uncontended.add(one.took_ns for one in found if one.took_ns is not None and one.alone)
        self._overtaken = max([self._overtaken, *(one.overtaken for one in found)])

    def counts(self) -> Figures:
        """Return the figures without the spreads, which is cheap enough to do after each example."""
        return Figures(
            examples=self.examples,
            violated=self.violated,
            unknown=self.unknown,
            operations=self._operations,
            faults=self._faults,
            seconds=time.monotonic() - self._began,
        )

    def figures(self) -> Figures:
        """Return all figures."""
        return msgspec.structs.replace(
            self.counts(),
            release=self._release.spread(),
            belief=self._belief.spread(),
            shared_ms=round(self._shared_ns / 1e6, 3),
            uncontended=self._uncontended.spread(),
            waits=self._waits.spread(),
            wait_buckets=self._waits.buckets(WAIT_BOUNDS_MS),
            overtaken=self._overtaken,
            exercise=self._exercise,
        )


def release_times(events: Sequence[Event]) -> Iterator[int]:
    """Return, for each session that ended, the nanoseconds until the server was seen to have released it."""
    ended: dict[SessionId, int] = {}
    for event in events:
        if event.ends_session:
            # a lasting fault has two events: the time of its healing replaces that of its start
            ended[event.session] = event.at_ns
        elif event.kind == "gone" and event.session in ended:
            yield event.at_ns - ended[event.session]


def merge_figures(parts: Sequence[Figures]) -> Figures:
    """Return the figures of several parts of one run as one; their seconds add up."""
    return Figures(
        examples=sum(part.examples for part in parts),
        violated=sum(part.violated for part in parts),
        unknown=sum(part.unknown for part in parts),
        operations=sum(part.operations for part in parts),
        faults=sum(part.faults for part in parts),
        seconds=sum(part.seconds for part in parts),
        release=_widest([part.release for part in parts]),
        belief=_widest([part.belief for part in parts]),
        shared_ms=max(part.shared_ms for part in parts),
        uncontended=_widest([part.uncontended for part in parts]),
        waits=_widest([part.waits for part in parts]),
        wait_buckets=tuple(map(sum, zip_longest(*(part.wait_buckets for part in parts), fillvalue=0))),
        overtaken=max(part.overtaken for part in parts),
        exercise=sum((part.exercise for part in parts), Exercise()),
    )


def _widest(spreads: Sequence[Spread | None]) -> Spread | None:
    """Return the sum of the counts, the weighted median of the medians, and the largest p99 and maximum."""
    given = sorted((one for one in spreads if one), key=lambda one: one.median_ms)
    if not given:
        return None
    counts = list(accumulate(one.count for one in given))
    middle = given[bisect_left(counts, counts[-1] / 2)]
    return Spread(
        count=counts[-1],
        median_ms=middle.median_ms,
        p99_ms=max(one.p99_ms for one in given),
        max_ms=max(one.max_ms for one in given),
    )
