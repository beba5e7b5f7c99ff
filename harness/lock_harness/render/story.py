"""A failure as a person wants to read it: what is wrong, who did what when, how to see it again.

Pure: from a `Run` to something that rich can print.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from lock_harness.analysis.calls import Call
from lock_harness.analysis.view import View
from lock_harness.core.clock import format_ms
from lock_harness.core.fault import FAULTS, Fault, Point
from lock_harness.core.history import Event, History
from lock_harness.core.program import Program
from lock_harness.core.run import OrderCoverage, PctGuarantee, Run
from lock_harness.core.verdict import Verdict
from lock_harness.figures.beliefs import beliefs

_Row = tuple[int, int, int, str, str]
POINTS: dict[Point, str] = {
    "before": " before the server gets that",
    "after": " before the answer comes",
    "half": " in the midst of the answer",
}
AT_GATE = "Found in a race: in the order in which its statements were recorded it fails at the gate too, and was shrunk there."
MANY_ROWS, AROUND = 400, 8
MANY_COLUMNS = 12
SQL_SHOWN = 60  # characters of a statement
STYLES = {"holds": "green", "violated": "bold red", "unknown": "yellow"}


def story(run: Run, replay: str) -> RenderableType:
    """The failing example, or the last one.  `replay` is the command that shows it again."""
    parts: list[RenderableType] = [_headline(run)]
    parts += [_verdict_line(verdict) for verdict in run.verdicts if verdict.status != "holds"]
    parts += [Text(), table(run), Text()]
    parts += [_line(text) for text in _stale(run)]
    if run.repeats:
        failed, tried = run.repeats
        parts.append(Text(f"The program above failed {failed} of {tried} times when it was run again."))
    coverage, shrinking = run.coverage, run.shrinking
    if coverage.orders:
        parts.append(_line(orders(coverage.orders)))
    if coverage.pct_guarantee:
        parts.append(_line(guarantee_text(coverage.pct_guarantee)))
    if diverged := shrinking.divergence if shrinking else coverage.divergence:
        parts.append(_line(f"Not gone into: {diverged}."))
    parts += [_line(f"Unknown: {_missed(fault, run.program)}.") for fault in coverage.faults_not_injected]
    if shrinking:
        first = shrinking.first_program
        if first.mode == "race" and run.program.mode == "gate":
            parts.append(_line(AT_GATE))
        if shrinking.why_as_race:
            parts.append(_line(f"Shrunk as a race, whose order is chance: {shrinking.why_as_race}."))
        parts.append(Text(f"Found with {_measure(first)}, shrunk to {_measure(run.program)}."))
    if run.leaked_locks:
        parts.append(
            _line("The lock left months locked on the server: 'lock-harness locks' shows who holds them.")
        )
    parts.append(_line("See it again: ", (replay, "bold cyan")))
    return Group(*parts)


def reasons(run: Run) -> Iterator[str]:
    """Why it does not hold, what counts most first."""
    yield from (one.why for one in run.verdicts if one.status != "holds")
    yield from (one.why for one in run.coverage.crash_points if one.status != "holds")
    if diverged := run.shrinking.divergence if run.shrinking else run.coverage.divergence:
        yield diverged
    yield from (_missed(fault, run.program) for fault in run.coverage.faults_not_injected)


def _missed(fault: Fault, program: Program) -> str:
    when = {"gate": f" at message {fault.message}", "race": f" at {fault.at_ms} ms", "lockstep": ""}
    return (
        f"the {fault.kind} of actor {fault.actor}{when[program.mode]} did not strike, so this was not tried"
    )


def _stale(run: Run) -> list[str]:
    """The longest stale belief of the example, if there is one."""
    found = beliefs(View(run.history, run.bounds))
    if not found:
        return []
    longest = max(found, key=lambda one: (one.beside_ns, one.to_ns - one.from_ns))
    text = f"Actor {longest.session.actor} believed that it held {longest.month} for {format_ms(longest.to_ns - longest.from_ns)} after its session was ended"
    return [
        text
        + (f", {format_ms(longest.beside_ns)} of that beside another holder." if longest.beside_ns else ".")
    ]


def orders(search: OrderCoverage) -> str:
    """How far every order was tried."""
    bound = "" if search.switches is None else f" with up to {search.switches} context switches"
    found = search.runs - search.redundant
    count = f"{found} order{'s' * (found != 1)} of the messages to the server"
    if not search.complete:
        return f"Not every order was tried{bound}: {count} were run, and more are left."
    more = f" ({search.redundant} more runs led only where these had led)" if search.redundant else ""
    return f"Every order was tried{bound}: {count}{more}."


def guarantee_text(guarantee: PctGuarantee) -> str:
    """The bound of PCT, and whether it held for all moves."""
    pct, actors = guarantee.pct, guarantee.actors
    text = (
        f"PCT: an example whose program has a fault of depth {pct.depth} finds it with a probability of "
        f"{pct.bound(actors):.1g} or more (1/(n k^(d-1)), {actors} actors, {pct.length} moves)"
    )
    beyond = f"; but one had {guarantee.moves} moves, of which those beyond {pct.length} are not covered"
    return text + (beyond if guarantee.moves > pct.length else "") + "."


def _measure(program: Program) -> str:
    steps, actors, rounds = len(program.steps), program.actors, program.rounds
    repeated = f", {rounds} rounds" if rounds > 1 else ""
    return f"{steps} step{'s' * (steps != 1)} of {actors} actor{'s' * (actors != 1)}{repeated}"


def _headline(run: Run) -> Text:
    figures = run.figures
    planted = {"violated": "caught, as planted", "holds": f"{run.expects} was not violated"}
    status = planted.get(run.status, run.status) if run.expects else run.status
    return _line(
        (f"{run.scenario}: {status}", STYLES[run.status]),
        f"   lock {run.lock}, seed {run.seed}, example {figures.examples}",
    )


def _verdict_line(verdict: Verdict) -> Text:
    return _line((f"  {verdict.check}  ", STYLES[verdict.status]), verdict.why)


def _line(*parts: str | tuple[str, str]) -> Text:
    """A line that the terminal may wrap, but not we: it has to survive being copied."""
    return Text.assemble(*parts, no_wrap=True, overflow="ignore")


def table(run: Run) -> Table:
    """A row for each thing that happened, a column for each actor unless they are many, time going down.

    Of very many rows only those that prove something, with what was around them.
    """
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    grid.add_column("ms", justify="right", style="dim")
    actors, few = run.program.actors, run.program.actors <= MANY_COLUMNS
    for heading in [f"actor {actor}" for actor in range(actors)] if few else ["actor", ""]:
        grid.add_column(heading)
    grid.add_column("")
    proof = {number for v in run.verdicts if v.status != "holds" for number in v.evidence}
    began = run.history.events[0].at_ns if run.history.events else 0
    rows = sorted(_rows(run), key=lambda row: row[0])
    rows = rows[: _last_of_interest(rows, run.program.total_steps, proof)]
    after = 0
    for place in _around(rows, proof) if len(rows) > MANY_ROWS else range(len(rows)):
        if place > after:
            grid.add_row("⋮")
        after = place + 1
        at_ns, actor, number, text, style = rows[place]
        what = [text if actor == column else "" for column in range(actors)] if few else [str(actor), text]
        mark = Text("◀", "bold red") if number in proof else Text()
        grid.add_row(f"{(at_ns - began) / 1e6:.1f}", *(Text(cell, style) for cell in what), mark)
    if after < len(rows):
        grid.add_row("⋮")
    return grid


def _around(rows: Sequence[_Row], proof: set[int]) -> Sequence[int]:
    """The places of the rows that prove something and of those next to them; without any, of the last rows."""
    telling = [place for place, row in enumerate(rows) if row[2] in proof][:MANY_ROWS]
    near = {place + step for place in telling for step in range(-AROUND, AROUND + 1)}
    return sorted(near & {*range(len(rows))}) or range(len(rows) - MANY_ROWS, len(rows))


def _last_of_interest(rows: Sequence[_Row], steps: int, proof: set[int]) -> int:
    """How many rows to show: giving everything back in the end is of interest only if it proves something."""
    wanted = [place for place, row in enumerate(rows, 1) if row[2] < steps or row[2] in proof]
    return max(wanted, default=len(rows))


def _rows(run: Run) -> list[_Row]:
    """When, who, which number, what, and in what style."""
    rows: list[_Row] = []
    view = View(run.history, run.bounds)
    times = [event.at_ns for event in run.history.events]
    for call in view.calls:
        style = "dim" if call.number >= run.program.total_steps else ""
        actor = call.session.actor
        if _alone(call, run.history, times):
            rows.append((call.invoked_ns, actor, call.number, f"{asked(call)} → {answered(call)}", style))
        else:
            rows.append((call.invoked_ns, actor, call.number, f"{asked(call)} …", style))
            if call.returned_ns is not None:
                took = (call.returned_ns - call.invoked_ns) / 1e6
                text = f"… {call.verb} → {answered(call)}, after {took:.1f} ms"
                rows.append((call.returned_ns, actor, call.number, text, style))
    rows += [
        (one.at_ns, one.actor, one.number, f"  {clipped(one.text)}", "dim")
        for one in run.history.moves
        if one.text
    ]
    told = [(event, _told(event, run.program)) for event in run.history.events]
    rows += [(one.at_ns, one.actor, one.number, text, "bold magenta") for one, text in told if text]
    return rows


def clipped(sql: str, most: int = SQL_SHOWN) -> str:
    """What matters of a statement, in so many characters."""
    text = sql.replace("pg_catalog.", "")
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _told(event: Event, program: Program) -> str | None:
    if event.kind == "lingers":
        return "its session lives on at the server"
    if event.fault is None:
        return None
    if event.kind == "heal":
        return FAULTS[event.fault].healed_phrase
    fault = program.steps[event.number]
    if program.mode != "gate" or FAULTS[event.fault].needs_gate or not isinstance(fault, Fault):
        return FAULTS[event.fault].phrase
    return FAULTS[event.fault].phrase + POINTS[fault.point]


def _alone(call: Call, history: History, times: Sequence[int]) -> bool:
    """Whether nothing else happened between the call and its answer, so that one row tells both.

    `times` are those of the events.
    """
    if call.returned_ns is None:
        return False
    between = history.events[bisect_right(times, call.invoked_ns) : bisect_left(times, call.returned_ns)]
    moves = (one.at_ns for one in history.moves if one.text)
    return all(event.session == call.session for event in between) and not any(
        call.invoked_ns < at_ns < call.returned_ns for at_ns in moves
    )


def asked(call: Call) -> str:
    """The call, as `acquire 2090-01 ≤200 ms`."""
    words: list[str] = [call.verb]
    if call.month:
        words.append(str(call.month))
    if call.verb in ("acquire", "hold"):
        words.append(f"≤{call.timeout_ms} ms")
    if call.raises:
        words.append("(body raises)")
    return " ".join(words)


def answered(call: Call) -> str:
    """The answer, as `True`, or what was raised."""
    if call.error:
        return call.error
    if call.verb == "count":
        return "done"
    if call.listed is not None:
        return ", ".join(str(month) for month in call.listed) or "nothing"
    if call.verb in ("reopen", "spawn"):
        return {"reopen": "new session", "spawn": "runs"}[call.verb]
    return f"{call.answer}, its error came out" if call.own_error else str(call.answer)


def plain(renderable: RenderableType, width: int = 110) -> str:
    """The same as text without colours."""
    console = Console(file=StringIO(), width=width, color_system=None, force_terminal=False)
    console.print(renderable, crop=False)
    assert isinstance(console.file, StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())
