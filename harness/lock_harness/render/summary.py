"""Many runs in few lines, and what they mean together."""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil

import msgspec
from rich.text import Text

from lock_harness.core.run import WAIT_BOUNDS_MS, Figures, Run
from lock_harness.figures import merge_figures
from lock_harness.render.story import STYLES, guarantee_text, orders

BARS = " ▁▂▃▄▅▆▇█"
FEW = 20
GRAVITY = ("holds", "unknown", "violated")


def succeeded(run: Run) -> bool:
    """Whether the run came out as it should: the lock holds, or the planted one was caught."""
    return run.status == ("violated" if run.expects else "holds")


def exit_code(runs: Iterable[Run]) -> int:
    """0: as it should be.  1: a violation, or a planted lock that was not caught.  3: unknown."""
    failed = [run for run in runs if not succeeded(run)]
    if any(run.status != "unknown" or run.expects for run in failed):
        return 1
    return 3 if failed else 0


def line(run: Run) -> Text:
    """One run: a mark, its name, its figures; indented below it what else there is to tell."""
    good = succeeded(run)
    mark = ("✓", "green") if good else ("?", "yellow") if run.status == "unknown" else ("✗", "bold red")
    word = "caught" if run.expects and good else "not caught" if run.expects else run.status
    style = "green" if good else STYLES[run.status]
    return Text.assemble(
        mark, f" {run.scenario:<34}", (f"{word:<10}", style), figures(run.figures), *_below(run)
    )


def _below(run: Run) -> Iterator[tuple[str, str]]:
    # in lockstep the program says how long somebody waits
    first = run.shrinking.first_program if run.shrinking else run.program
    racing = first.mode == "race"
    tried = orders(run.coverage.orders) if run.coverage.orders else ""
    bound = guarantee_text(run.coverage.pct_guarantee) if run.coverage.pct_guarantee else ""
    for one in (belief(run.figures), waiting(run.figures) if racing else "", tried, bound):
        if one:
            yield f"\n      {one}", "dim"


def figures(these: Figures) -> str:
    """Examples and their rate, doubts, and release times where there were crashes."""
    plural = "" if these.examples == 1 else "s"
    parts = [f"{these.examples:>6,} example{plural:<1} {these.seconds:6.1f} s"]
    if these.examples > 1 and these.seconds > 0 and not these.violated:
        parts.append(f"{these.examples / these.seconds:5.0f}/s")
    if these.unknown:
        parts.append(f"{these.unknown} unknown")
    if these.release:
        parts.append(
            f"released {these.release.median_ms:.1f} ms after a fault (max {these.release.max_ms:.0f})"
        )
    return "  ".join(parts)


def belief(these: Figures) -> str:
    """How long clients believed what was not so any more; empty if none did."""
    if not these.belief:
        return ""
    text = f"believed on for {these.belief.median_ms:.1f} ms after losing a session (max {these.belief.max_ms:.0f})"
    return text + (
        f", at most {these.shared_ms:.1f} ms of it beside another holder" if these.shared_ms else ""
    )


def waiting(these: Figures) -> str:
    """How long those waited who got a month that was taken; empty if they are too few for a distribution."""
    if not these.waits or these.waits.count < FEW:
        return ""
    waits = these.waits
    text = (
        f"waited {waits.median_ms:.1f} ms for a taken month (p99 {waits.p99_ms:.0f}, max {waits.max_ms:.0f})"
    )
    times = f"up to {these.overtaken} time{'s' * (these.overtaken > 1)}" if these.overtaken else "never"
    return f"{text}, overtaken {times}  {histogram(these.wait_buckets)}"


def histogram(buckets: Sequence[int]) -> str:
    """Waits as a row of bars, as `2 ms ▁▂█▃ 50 ms`: more than 2, at most 50."""
    filled = [place for place, count in enumerate(buckets) if count]
    first, last = filled[0], filled[-1]
    bars = "".join(BARS[ceil(8 * count / max(buckets))] for count in buckets[first : last + 1])
    low = WAIT_BOUNDS_MS[first - 1] if first else 0
    high = f"{WAIT_BOUNDS_MS[last]} ms" if last < len(WAIT_BOUNDS_MS) else "more"
    return f"{low} ms {bars} {high}"


def merged(runs: Sequence[Run]) -> Run:
    """The runs of one scenario that several workers shared, as one: the worst, with the figures of all."""
    worst = max(runs, key=lambda run: (GRAVITY.index(run.status), bool(run.violated_checks)))
    return msgspec.structs.replace(worst, figures=merge_figures([run.figures for run in runs]))
