"""The sum of a run: what was exercised, and what is thin, skipped or missing."""

from collections.abc import Collection, Mapping, Sequence

from lock_harness.core.run import Exercise, Run
from lock_harness.render.sentences import describe_scope
from lock_harness.render.summary import succeeded


def thin(run: Run, minimum: int) -> str:
    """Return why too little was tried for the result to mean much; empty if enough was."""
    if run.status != "holds":
        return ""
    orders, points = run.coverage.orders, run.coverage.crash_points
    if orders and run.coverage.cut_short:
        return f"thin: {orders.runs:,} orders were run, and more are left; a longer --for runs them"
    if points and run.coverage.cut_short:
        tried = sum(point.was_tried for point in points)
        return f"thin: {tried} of {len(points)} crash points were run; a longer --for runs the others"
    if (scope := run.coverage.scope) and not scope.complete:
        return f"thin: {describe_scope(run, scope)}; a longer --for runs the rest"
    if run.figures.examples < minimum:
        return f"thin: {run.figures.examples} of at least {minimum} examples; a longer --for runs them"
    return ""


def describe_exercise(runs: Sequence[Run]) -> str:
    """Return what all runs together exercised."""
    figures = [run.figures for run in runs]
    total = sum((one.exercise for one in figures), Exercise())
    orders = sum(run.coverage.orders.runs for run in runs if run.coverage.orders)
    points = sum(len(run.coverage.crash_points) for run in runs)
    parts = [
        _many(sum(one.operations for one in figures), "operation"),
        _many(total.handovers, "handover"),
        _many(total.overlaps, "overlapping call"),
        f"{_many(total.timeouts, 'timeout')} while the month was held",
        *([_many(orders, "statement order")] if orders else []),
        *([_many(points, "crash point")] if points else []),
    ]
    faults = ", ".join(f"{count:,} {kind}" for kind, count in sorted(total.faults.items()))
    return f"exercised {', '.join(parts)}" + (f"; faults: {faults}" if faults else "")


def describe_outcome(
    runs: Sequence[Run],
    minimums: Mapping[str, int],
    skipped: Sequence[str],
    not_run: Sequence[str],
    known: Collection[str] = (),
) -> str:
    """Return how many scenarios held, and how many did not, as in `27 held, 2 thin, 2 skipped: no PgBouncer`.

    Args:
        runs: The result of each scenario that was run.
        minimums: How many examples each scenario must have, by its name.
        skipped: Why scenarios were skipped.
        not_run: The scenarios for which there was no time.
        known: The scenarios whose violations the user accepts.
    """
    good = [run for run in runs if succeeded(run)]
    held = [run for run in good if not run.expects]
    violated = [run for run in runs if run.status == "violated" and not run.expects]
    accepted = [run for run in violated if run.scenario in known]
    narrow = [run for run in held if thin(run, minimums[run.scenario])]
    counts = {
        "held": len(held) - len(narrow),
        "thin": len(narrow),
        "caught": len(good) - len(held),
        "violated": len(violated) - len(accepted),
        "violated as known": len(accepted),
        "unknown": sum(run.status == "unknown" for run in runs),
        "not caught": sum(bool(run.expects) and run.status == "holds" for run in runs),
        "not run for lack of time": len(not_run),
    }
    parts = [f"{count} {what}" for what, count in counts.items() if count]
    if skipped:
        parts.append(f"{len(skipped)} skipped: {'; '.join(dict.fromkeys(skipped))}")
    examples = sum(run.figures.examples for run in runs)
    return f"{', '.join(parts)}; {examples:,} example{'' if examples == 1 else 's'}"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
