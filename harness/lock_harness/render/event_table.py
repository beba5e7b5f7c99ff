"""The example of a run as a table: a row for each event, in the order of time, and a column for each actor."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from lock_harness.analysis.calls import Call
from lock_harness.analysis.session_states import describe_change
from lock_harness.analysis.view import View
from lock_harness.core.clock import format_ms
from lock_harness.core.fault import FAULTS, Fault, Point
from lock_harness.core.history import Event, History, SessionAge
from lock_harness.core.program import Program
from lock_harness.core.run import Run
from lock_harness.render.text import clipped_sql

# of a longer example only the evidence is shown, with this number of rows before and after it
MAX_ROWS, CONTEXT_ROWS = 400, 8
# with more actors, one column names the actor of each row
MAX_ACTOR_COLUMNS = 12
MAX_SQL = 60
# from this time on the duration of a call is shown
LONG_NS = 10_000_000
POINTS: dict[Point, str] = {
    "before": " before the server receives the message",
    "after": " before the reply arrives",
    "half": " in the middle of the reply",
}


class _Row(NamedTuple):
    """`number` is the operation's, as in `Event`."""

    at_ns: int
    actor: int
    number: int
    text: str
    style: str


def event_table(run: Run) -> Table:
    """Return the events of the example, with a mark on those that prove a violation.

    Of a very long example only the evidence is shown, with the rows around it.
    """
    has_columns = run.program.actors <= MAX_ACTOR_COLUMNS
    table = _empty_table(run.program.actors, has_columns)
    evidence = {number for v in run.verdicts if v.status != "holds" for number in v.evidence}
    began_ns = run.history.events[0].at_ns if run.history.events else 0
    rows = sorted(_rows(run), key=lambda row: row.at_ns)
    rows = rows[: _count_without_final_releases(rows, run.program.total_steps, evidence)]
    for cells in _ages(run, evidence, has_columns):
        table.add_row("before", *(Text(cell, "dim") for cell in cells))
    following = 0
    for index in _around_evidence(rows, evidence) if len(rows) > MAX_ROWS else range(len(rows)):
        if index > following:
            table.add_row("⋮")
        following = index + 1
        row = rows[index]
        cells = _cells(row, run.program.actors) if has_columns else [str(row.actor), row.text]
        mark = Text("◀", "bold red") if row.number in evidence else Text()
        milliseconds = f"{(row.at_ns - began_ns) / 1e6:.1f}"
        table.add_row(milliseconds, *(Text(cell, row.style) for cell in cells), mark)
    if following < len(rows):
        table.add_row("⋮")
    return table


def _ages(run: Run, evidence: set[int], has_columns: bool) -> Iterator[list[str]]:
    """Yield the cells that show how old the sessions were when the program began; without columns for the evidence only."""
    began_ns = run.history.events[0].at_ns if run.history.events else 0
    ages = {age.actor: describe_age(age, began_ns) for age in run.history.sessions if age.incarnation == 0}
    if has_columns and ages:
        yield [ages.get(actor, "") for actor in range(run.program.actors)]
    elif ages:
        proving = {event.actor for event in run.history.events if event.number in evidence}
        yield from ([str(actor), age] for actor, age in ages.items() if actor in proving)


def describe_age(age: SessionAge, began_ns: int) -> str:
    """Return how long the session was open and idle before the program began, such as `open 3.2 s, idle 2.9 s`."""
    idle = "unused" if age.used_ns is None else f"idle {_seconds(began_ns - age.used_ns)}"
    return f"open {_seconds(began_ns - age.opened_ns)}, {idle}"


def _seconds(duration_ns: int) -> str:
    return f"{max(0, duration_ns) / 1e9:.1f} s"


def _empty_table(actors: int, has_columns: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("ms", justify="right", style="dim")
    for heading in [f"actor {actor}" for actor in range(actors)] if has_columns else ["actor", ""]:
        table.add_column(heading)
    table.add_column("")
    return table


def _cells(row: _Row, actors: int) -> list[str]:
    return [row.text if row.actor == actor else "" for actor in range(actors)]


def _around_evidence(rows: Sequence[_Row], evidence: set[int]) -> Sequence[int]:
    """Return the indexes of the rows of the evidence and of their neighbours; without evidence, of the last rows."""
    proving = [index for index, row in enumerate(rows) if row.number in evidence][:MAX_ROWS]
    near = {index + step for index in proving for step in range(-CONTEXT_ROWS, CONTEXT_ROWS + 1)}
    return sorted(near & {*range(len(rows))}) or range(len(rows) - MAX_ROWS, len(rows))


def _count_without_final_releases(rows: Sequence[_Row], steps: int, evidence: set[int]) -> int:
    """Return how many rows to show: those after the program's steps are shown only up to the last evidence."""
    wanted = [count for count, row in enumerate(rows, 1) if row.number < steps or row.number in evidence]
    return max(wanted, default=len(rows))


def _rows(run: Run) -> Iterator[_Row]:
    times = _Times(
        events_ns=[event.at_ns for event in run.history.events],
        messages_ns=sorted(move.at_ns for move in run.history.moves if move.text),
    )
    for call in View(run.history, run.bounds, run.contract).calls:
        style = "dim" if call.number >= run.program.total_steps else ""
        yield from _call_rows(call, style, is_alone=_is_alone(call, run.history, times))
    for move in run.history.moves:
        if move.text:
            error = f" → {clipped_sql(move.error, MAX_SQL)}" if move.error else ""
            text = f"  {clipped_sql(move.text, MAX_SQL)}{error}"
            yield _Row(move.at_ns, move.actor, move.number, text, "dim")
    for event in run.history.events:
        if what := _describe_fault(event, run.program):
            yield _Row(event.at_ns, event.actor, event.number, what, "bold magenta")


def _call_rows(call: Call, style: str, is_alone: bool) -> Iterator[_Row]:
    """Yield one row for the call and its result, or two if something else happened in between."""
    actor, number = call.session.actor, call.number
    if is_alone:
        took_ns = call.until_ns - call.invoked_ns
        took = f", after {format_ms(took_ns)}" if took_ns >= LONG_NS else ""
        text = f"{describe_call(call)} → {describe_result(call)}{took}"
        yield _Row(call.invoked_ns, actor, number, text, style)
        return
    yield _Row(call.invoked_ns, actor, number, f"{describe_call(call)} …", style)
    if call.returned_ns is not None:
        took = format_ms(call.returned_ns - call.invoked_ns)
        text = f"… {call.verb} → {describe_result(call)}, after {took}"
        yield _Row(call.returned_ns, actor, number, text, style)


class _Times(NamedTuple):
    """The times of all events, and of all messages to the server, each in order."""

    events_ns: list[int]
    messages_ns: list[int]


def _is_alone(call: Call, history: History, times: _Times) -> bool:
    """Return whether nothing else happened between the call and its result."""
    if call.returned_ns is None:
        return False
    between = history.events[
        bisect_right(times.events_ns, call.invoked_ns) : bisect_left(times.events_ns, call.returned_ns)
    ]
    first_message = bisect_right(times.messages_ns, call.invoked_ns)
    has_messages = first_message < bisect_left(times.messages_ns, call.returned_ns)
    return not has_messages and all(event.session == call.session for event in between)


def _describe_fault(event: Event, program: Program) -> str | None:
    if event.kind == "died":
        return f"its process ended by itself: {event.error}"
    if event.kind == "lingers":
        return "its session is still open at the server"
    if event.fault is None:
        return None
    traits = FAULTS[event.fault]
    if event.kind == "heal":
        return traits.healed_phrase
    fault = program.steps[event.number]
    if program.mode != "gate" or traits.needs_gate or not isinstance(fault, Fault):
        return traits.phrase
    return traits.phrase + POINTS[fault.point]


def describe_call(call: Call) -> str:
    """Return the call as `acquire 2090-01 ≤200 ms`."""
    words: list[str] = [call.verb]
    if call.month:
        words.append(str(call.month))
    if call.verb in ("acquire", "hold"):
        words.append(f"≤{call.timeout_ms} ms")
    if call.raises:
        words.append("(body fails in SQL)" if call.sql_error else "(body raises)")
    return " ".join(words)


def describe_result(call: Call) -> str:
    """Return the result as `True`, or the error that was raised."""
    if call.error or call.refused_by:
        return call.error or f"refused by {call.refused_by}"
    if call.verb == "count":
        return "done"
    if call.inspected is not None:
        return describe_change(*call.inspected)
    if call.listed is not None:
        return ", ".join(str(month) for month in call.listed) or "nothing"
    if call.verb in ("reopen", "spawn"):
        return {"reopen": "new session", "spawn": "started"}[call.verb]
    if call.verb == "release" and call.answer is None and call.returned_ns is not None:
        return "done"
    return f"{call.answer}, the error of its body was raised" if call.own_error else str(call.answer)
