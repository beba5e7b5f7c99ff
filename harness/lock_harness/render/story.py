"""The report of one run: the violation, the events of each actor in time, and the command that replays it."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from lock_harness.core.run import Run
from lock_harness.core.verdict import Verdict
from lock_harness.render.event_table import event_table
from lock_harness.render.hidden_errors import describe_hidden_errors
from lock_harness.render.sentences import (
    describe_gaps,
    describe_longest_belief,
    describe_orders,
    describe_pct_guarantee,
    describe_pooler,
    describe_repeats,
    describe_scope,
    describe_settings,
    describe_shrinking,
    describe_threads,
)
from lock_harness.render.text import STYLES, unbroken_line


def story(run: Run, replay: str) -> RenderableType:
    """Return the example of the run, and how it was reached.  `replay` is the command that shows it again."""
    contract = str(run.contract)
    return Group(
        _headline(run),
        *([unbroken_line((f"  contract  {contract}", "dim"))] if contract else []),
        *([unbroken_line(f"  {describe_pooler(run.program.pooler)}")] if run.program.pooler else []),
        *([unbroken_line(f"  {threads}")] if (threads := describe_threads(run.program)) else []),
        *([unbroken_line(f"  {describe_settings(run.program.settings)}")] if run.program.settings else []),
        *(_verdict_line(verdict) for verdict in run.verdicts if verdict.status in ("violated", "unknown")),
        *(unbroken_line(f"  {sentence}") for sentence in describe_hidden_errors(run)),
        Text(),
        event_table(run),
        Text(),
        *(unbroken_line(sentence) for sentence in _sentences(run)),
        unbroken_line("See it again: ", (replay, "bold cyan")),
    )


def _headline(run: Run) -> Text:
    planted = {"violated": "caught, as planted", "holds": f"{run.expects} was not violated"}
    status = planted.get(run.status, run.status) if run.expects else run.status
    return unbroken_line(
        (f"{run.scenario}: {status}", STYLES[run.status]),
        f"   lock {run.lock}, seed {run.seed}, example {run.figures.examples}",
    )


def _verdict_line(verdict: Verdict) -> Text:
    return unbroken_line((f"  {verdict.check}  ", STYLES[verdict.status]), verdict.why)


def _sentences(run: Run) -> Iterator[str]:
    """Yield the lines below the table."""
    if belief := describe_longest_belief(run):
        yield belief
    if run.repeats:
        yield describe_repeats(run, run.repeats)
    elif run.status == "violated":
        yield "The failure is not confirmed: the program above was not run again."
    if run.coverage.orders:
        yield describe_orders(run.coverage.orders)
    if run.coverage.scope:
        text = describe_scope(run, run.coverage.scope)
        yield f"{text[0].upper()}{text[1:]}."
    if run.coverage.pct_guarantee:
        yield describe_pct_guarantee(run.coverage.pct_guarantee)
    yield from describe_gaps(run)
    if run.shrinking:
        yield from describe_shrinking(run, run.shrinking)
    if run.lock_by_value:
        yield "The lock has no importable name: the actors got copies of one object, so what it contains is the same in all."
    if run.leaked_locks:
        yield "The lock left months locked on the server: 'lock-harness locks' shows which sessions hold them."
