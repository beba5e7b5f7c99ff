"""Many runs in few lines, and the exit code for all of them."""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from math import ceil
from operator import add

import msgspec
from rich.text import Text

from lock_harness.core.run import WAIT_BOUNDS_MS, Figures, Run
from lock_harness.core.verdict import SEVERITY
from lock_harness.figures import merge_figures
from lock_harness.render.sentences import describe_orders, describe_pct_guarantee, describe_scope
from lock_harness.render.text import STYLES, plural

BARS = " ▁▂▃▄▅▆▇█"
# fewer waits are no distribution
MIN_WAITS = 20


def succeeded(run: Run) -> bool:
    """Return whether the lock holds, or the planted lock was caught."""
    return run.status == ("violated" if run.expects else "holds")


def exit_code(runs: Iterable[Run]) -> int:
    """Return 0 if all runs succeeded, 1 after a violation or a planted lock that was not caught, and otherwise 3."""
    failed = [run for run in runs if not succeeded(run)]
    if any(run.status != "unknown" or run.expects for run in failed):
        return 1
    return 3 if failed else 0


def line(run: Run, thin: str = "") -> Text:
    """Return one run as a mark, its name and its figures; further figures are indented below.

    `thin`: why too little was tried, if that is so.
    """
    good = succeeded(run)
    mark = (
        ("~", "yellow")
        if thin
        else ("✓", "green")
        if good
        else ("?", "yellow")
        if run.status == "unknown"
        else ("✗", "bold red")
    )
    result = "caught" if run.expects and good else "not caught" if run.expects else run.status
    style = "green" if good else STYLES[run.status]
    return Text.assemble(
        mark,
        f" {run.scenario:<34}",
        (f"{result:<10}", style),
        describe_examples(run.figures),
        *_below(run, thin),
    )


def _below(run: Run, thin: str) -> Iterator[tuple[str, str]]:
    first = run.shrinking.first_program if run.shrinking else run.program
    coverage = run.coverage
    further = (
        thin,
        describe_beliefs(run.figures),
        # in lockstep the program decides how long an actor waits
        describe_waits(run.figures) if first.mode == "race" else "",
        describe_orders(coverage.orders) if coverage.orders else "",
        describe_scope(run, coverage.scope) if coverage.scope and not thin else "",
        describe_pct_guarantee(coverage.pct_guarantee) if coverage.pct_guarantee else "",
    )
    for text in further:
        if text:
            yield f"\n      {text}", "dim"


def describe_examples(figures: Figures) -> str:
    """Return the number of examples and their rate, the unknown ones, and release times after faults."""
    noun = "example " if figures.examples == 1 else "examples"
    parts = [f"{figures.examples:>6,} {noun} {figures.seconds:6.1f} s"]
    if figures.examples > 1 and figures.seconds > 0 and not figures.violated:
        parts.append(f"{figures.examples / figures.seconds:5.0f}/s")
    if figures.unknown:
        parts.append(f"{figures.unknown} unknown")
    if release := figures.release:
        parts.append(f"released {release.median_ms:.1f} ms after a fault (max {release.max_ms:.0f})")
    return "  ".join(parts)


def describe_beliefs(figures: Figures) -> str:
    """Return how long clients believed that they held a month after losing their session; empty if none did."""
    if not figures.belief:
        return ""
    text = f"believed in a lost lock for {figures.belief.median_ms:.1f} ms (max {figures.belief.max_ms:.0f})"
    if not figures.shared_ms:
        return text
    return f"{text}, while another session held it for up to {figures.shared_ms:.1f} ms"


def describe_waits(figures: Figures) -> str:
    """Return how long granted calls waited for a month that was held; empty if there are too few for a distribution."""
    waits = figures.waits
    if not waits or waits.count < MIN_WAITS:
        return ""
    times = f"up to {plural(figures.overtaken, 'time')}" if figures.overtaken else "never"
    return (
        f"waited {waits.median_ms:.1f} ms for a taken month (p99 {waits.p99_ms:.0f}, max {waits.max_ms:.0f}), "
        f"overtaken {times}  {histogram(figures.wait_buckets)}"
    )


def histogram(buckets: Sequence[int]) -> str:
    """Return wait buckets as a row of bars.  `2 ms ▁▂█▃ 50 ms` has waits of more than 2 and at most 50 ms."""
    filled = [index for index, count in enumerate(buckets) if count]
    first, last = filled[0], filled[-1]
    bars = "".join(BARS[ceil(8 * count / max(buckets))] for count in buckets[first : last + 1])
    low = WAIT_BOUNDS_MS[first - 1] if first else 0
    high = f"{WAIT_BOUNDS_MS[last]} ms" if last < len(WAIT_BOUNDS_MS) else "more"
    return f"{low} ms {bars} {high}"


def merged(runs: Sequence[Run]) -> Run:
    """Return the runs of workers that shared one scenario as one run: the most severe, with the figures of all."""
    worst = max(runs, key=lambda run: (SEVERITY.index(run.status), bool(run.violated_checks)))
    coverage = worst.coverage
    if coverage.scope:
        scopes = [run.coverage.scope for run in runs if run.coverage.scope]
        orders = [run.coverage.orders for run in runs if run.coverage.orders]
        coverage = msgspec.structs.replace(
            coverage, scope=reduce(add, scopes), orders=reduce(add, orders) if orders else None
        )
    return msgspec.structs.replace(
        worst, figures=merge_figures([run.figures for run in runs]), coverage=coverage
    )
