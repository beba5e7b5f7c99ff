"""The parts of a run in words, one function for each."""

from collections.abc import Iterator

from lock_harness.analysis.calls import calls_of
from lock_harness.analysis.view import View
from lock_harness.core.clock import format_ms
from lock_harness.core.fault import Fault
from lock_harness.core.program import Pooler, Program, Settings
from lock_harness.core.run import OrderCoverage, PctGuarantee, Run, ScopeCoverage, Shrinking
from lock_harness.figures.beliefs import beliefs
from lock_harness.render.text import plural

POOLERS: dict[Pooler, str] = {
    "session": (
        "in session mode: after a client has ended, its server session may live on with its locks until the pooler "
        "notices that and resets it."
    ),
    "transaction": "in transaction mode: each transaction may run in another server session.",
    "unreset": (
        "in session mode without a reset: the next client gets a server session with all the locks of the last one."
    ),
}
ELSEWHERE = "the same schedule led elsewhere (uncontrolled nondeterminism)"


def reasons(run: Run) -> Iterator[str]:
    """Yield why the run does not hold, the most important reason first."""
    yield from (verdict.why for verdict in run.verdicts if verdict.status in ("violated", "unknown"))
    yield from (point.why for point in run.coverage.crash_points if point.status != "holds")
    if divergence := run.shrinking.divergence if run.shrinking else run.coverage.divergence:
        yield divergence
    yield from (describe_not_injected(fault, run.program) for fault in run.coverage.faults_not_injected)


def describe_longest_belief(run: Run) -> str:
    """Describe the longest time for which a client of the example believed in a lost lock; empty if none did."""
    found = beliefs(View(run.history, run.bounds, run.contract))
    if not found:
        return ""
    longest = max(found, key=lambda belief: (belief.shared_ns, belief.to_ns - belief.from_ns))
    believed = (
        f"After its session had ended, actor {longest.session.actor} believed for "
        f"{format_ms(longest.to_ns - longest.from_ns)} that it held {longest.month}"
    )
    if not longest.shared_ns:
        return f"{believed}."
    return f"{believed}; another session held it for {format_ms(longest.shared_ns)} of that time."


def describe_repeats(run: Run, repeats: tuple[int, int]) -> str:
    """Say how often the shown program failed again, and that a failure needs luck if it did not always fail."""
    failed, tried = repeats
    count = f"The program above failed {failed} of {tried} times when it was run again"
    if run.status != "violated" or failed == tried:
        return f"{count}."
    if failed:
        return f"{count}: the failure needs luck."
    return f"{count}: the failure needs much luck; the table shows the time when it occurred."


def describe_orders(coverage: OrderCoverage) -> str:
    """Say whether every order was run, and how many there were."""
    bound = "" if coverage.switches is None else f" with up to {coverage.switches} context switches"
    count = f"{plural(coverage.runs - coverage.redundant, 'order')} of the messages to the server"
    if not coverage.complete:
        return f"Not every order was run{bound}: {count} were run, and more are left."
    more = f" ({coverage.redundant} more runs were equivalent to these)" if coverage.redundant else ""
    return f"Every order was run{bound}: {count}{more}."


def describe_scope(run: Run, scope: ScopeCoverage) -> str:
    """Say up to which size all programs were run, how many of larger ones, and whether one violates."""
    steps, parts = scope.complete_steps, []
    if steps:
        parts.append(f"all {sum(scope.totals[:steps]):,} programs of up to {plural(steps, 'step')}")
    for size, (runs, total) in enumerate(zip(scope.runs, scope.totals, strict=True), start=1):
        if size > steps and runs:
            parts.append(f"{runs:,} of {total:,} with {size}")
    size = len(run.program.steps)
    if run.status != "violated":
        result = "none violates"
    elif steps >= size - 1:
        result = f"the smallest that violates has {plural(size, 'step')}"
    else:
        result = f"one that violates has {plural(size, 'step')}"
    return f"{', and '.join(parts) or 'no program'}: {result}"


def describe_pct_guarantee(guarantee: PctGuarantee) -> str:
    """State the probability bound of PCT, and whether it covers all moves."""
    pct, actors = guarantee.pct, guarantee.actors
    bound = (
        f"PCT: if a program has a bug of depth {pct.depth}, one example finds it with a probability of at least "
        f"{pct.bound(actors):.1g} (1/(n k^(d-1)), {actors} actors, {pct.length} moves)"
    )
    if guarantee.moves <= pct.length:
        return f"{bound}."
    return f"{bound}; the longest example had {guarantee.moves} moves, and those after the first {pct.length} are not covered."


def describe_not_injected(fault: Fault, program: Program) -> str:
    """Say which fault of a fixed program never took effect."""
    when = {"gate": f" at message {fault.message}", "race": f" at {fault.at_ms} ms", "lockstep": ""}
    return (
        f"the {fault.kind} of actor {fault.actor}{when[program.mode]} was not injected, "
        "so its effect was not checked"
    )


def describe_gaps(run: Run) -> Iterator[str]:
    """Yield a sentence for each part of the scenario that the search could not cover."""
    if run.coverage.divergence and not run.shrinking:
        yield f"Not every order could be run: {ELSEWHERE}: {run.coverage.divergence}."
    for fault in run.coverage.faults_not_injected:
        yield f"Unknown: {describe_not_injected(fault, run.program)}."


def describe_pooler(pooler: Pooler) -> str:
    """Say that a pooler stood between the lock and the server, and what that means for the lock."""
    return f"The lock was reached through a PgBouncer {POOLERS[pooler]}"


def describe_threads(program: Program) -> str:
    """Say which actors shared a process and a session; empty if none did."""
    if program.threads == 1:
        return ""
    shared = [
        " and ".join(map(str, range(first, min(first + program.threads, program.actors))))
        for first in range(0, program.actors, program.threads)
    ]
    return f"Actors that are threads of one process and share one session: {'; '.join(shared)}"


def describe_settings(settings: Settings) -> str:
    """Say which settings the database had."""
    return f"The database has {', '.join(f'{name} = {value}' for name, value in settings)}"


def describe_shrinking(run: Run, shrinking: Shrinking) -> Iterator[str]:
    """Yield how the violation was found and shrunk."""
    first, smallest = shrinking.first_program, run.program
    if shrinking.divergence:
        yield f"Not shrunk: {ELSEWHERE}: {shrinking.divergence}."
    if first.mode == "race" and smallest.mode == "gate":
        yield "Found in a race: with the recorded order of its messages it fails at the gate too, and was shrunk there."
    if shrinking.new_processes:
        yield "It fails only in new processes: it did not fail when its actors had used the lock before."
    if shrinking.why_as_race and smallest.actors > 1:
        yield f"Shrunk as a race, so timing may matter: {shrinking.why_as_race}."
    yield f"Found with {_size(first)}, shrunk to {_size(smallest, _closing_calls(run))}."


def _size(program: Program, closing_calls: int = 0) -> str:
    rounds = f", {program.rounds} rounds" if program.rounds > 1 else ""
    closing = f" and {plural(closing_calls, 'closing call')}" if closing_calls else ""
    return f"{plural(len(program.steps), 'step')}{closing} of {plural(program.actors, 'actor')}{rounds}"


def _closing_calls(run: Run) -> int:
    """Return how many calls after the steps of the program the proof needs: all up to the last one in the evidence."""
    evidence = {
        number for verdict in run.verdicts if verdict.status == "violated" for number in verdict.evidence
    }
    calls = [call for call in calls_of(run.history.events) if call.number >= run.program.total_steps]
    return max((count for count, call in enumerate(calls, 1) if call.number in evidence), default=0)
