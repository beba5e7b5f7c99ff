"""The failing program of a run as a Python script that needs psycopg and the lock, and not the harness."""

from lock_harness.analysis.expected_answers import UNDETERMINED, Expectation, SequentialLock
from lock_harness.core.contract import Contract
from lock_harness.core.errors import UserError
from lock_harness.core.fault import Fault
from lock_harness.core.history import Event
from lock_harness.core.program import Operation
from lock_harness.core.run import Run
from lock_harness.render.script_frame import AFTER, BEFORE

VERBS = ("acquire", "release", "hold", "believes", "is_locked", "list", "reopen", "join")
FAULTS = {"kill": "crash", "terminate": "terminate"}
INDENT = "    "
USE_REPLAY = "run it again with lock-harness replay"


def script(run: Run) -> str:
    """Return the text of a script that takes the steps of the run's program up to its first wrong answer.

    Raises:
        UserError: A script cannot show this failure.
    """
    if why := _obstacle(run):
        raise UserError(f"a script cannot show this run: {why}; {USE_REPLAY}")
    writer = _ScriptWriter(run)
    writer.write()
    if not writer.done:
        raise UserError(
            "a script cannot show this run: no answer differs from that of a correct lock that is called "
            f"step by step; {USE_REPLAY}"
        )
    values = {
        "LOCK": repr(run.lock),
        "ACTORS": str(run.program.actors),
        "MONTHS": repr([tuple(month) for month in run.program.months]),
        "END_S": repr(run.bounds.release_ms / 1000),
    }
    frame = BEFORE
    for name, value in values.items():
        frame = frame.replace(f"@{name}@", value)
    body = "".join(f"{INDENT}{line}\n" for line in writer.lines)
    return f'"""{_doc(run)}"""\n{frame}{body}{AFTER}'


def _doc(run: Run) -> str:
    checks = ", ".join(run.violated_checks) or "nothing"
    text = (
        f"A failure of the lock {run.lock}: it violates {checks}.\n\n"
        "Usage: python SCRIPT [CONNECTION_STRING [MODULE:LOCK]]\n\n"
        "The default of CONNECTION_STRING is the variable DATABASE_URL. The exit code is 1 if the failure occurs, and 0 if not.\n"
    )
    return text.replace("\\", "/").replace('"', "'")


def _obstacle(run: Run) -> str | None:
    """Return why no script can run the program of a run; None if one can."""
    program = run.program
    if run.lock_command:
        return "its lock is a command"
    if run.lock_by_value:
        return "its lock has no name by which it can be imported"
    if program.mode != "lockstep":
        return "it is a race" if program.mode == "race" else "it was run at the gate"
    if program.pooler:
        return "it was run behind a pooler"
    if program.settings:
        return "it changes settings of the database"
    return _obstacle_of_contract(run.contract) or _obstacle_of_steps(run)


def _obstacle_of_contract(contract: Contract) -> str | None:
    if contract.release != "bool":
        return f"the release of its lock gives no answer (contract release={contract.release})"
    if contract.on_timeout != "false" or contract.reentrant == "raises":
        return "its lock refuses by exceptions, as its contract says"
    return "the holds of its lock end by time (contract lease_ms)" if contract.lease_ms else None


def _obstacle_of_steps(run: Run) -> str | None:
    for number, step in enumerate(run.program.steps):
        if isinstance(step, Fault):
            if step.kind not in FAULTS:
                return f"step {number} is the fault {step.kind!r}"
        elif step.verb not in VERBS:
            return f"step {number} is {step.verb!r}"
        elif step.sql_error or (step.pending and step.verb != "acquire"):
            return f"step {number} is a {step.verb} with {'sql_error' if step.sql_error else 'pending'}"
    return None


class _ScriptWriter:
    """Writes the lines of one program, and stops after the first answer that a correct lock would not give."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._lock = SequentialLock(run.program.months, run.contract, run.bounds.handover_ms)
        events = run.history.events
        self._invoked = {event.number: event for event in events if event.kind == "invoke"}
        self._returned = {event.number: event for event in events if event.kind in ("ok", "info", "died")}
        self._fault_ns = {event.number: event.at_ns for event in events if event.kind == "fault"}
        # the number of each actor's pending call, and what to expect of it if it did not have to wait
        self._pending: dict[int, tuple[int, Expectation]] = {}
        # actors that opened a new session after an error
        self._reopened: list[int] = []
        self.lines: list[str] = []
        self.done = False

    def write(self) -> None:
        """Write the steps, and if they show nothing, the closing calls of the harness."""
        for number, step in enumerate(self._run.program.steps):
            if self.done:
                return
            if isinstance(step, Fault):
                self._write_fault(number, step)
            else:
                self._write_step(number, step)
        for actor in [*self._pending]:
            self._join(actor)
        first_closing = len(self.lines)
        total = self._run.program.total_steps
        for number, invoke in self._invoked.items():
            if self.done:
                break
            if number >= total and not self._is_written(invoke):
                self._call(number, invoke)
        if len(self.lines) > first_closing:
            self.lines.insert(
                first_closing, "# At the end the months are released, and each is asked for again."
            )

    def _is_written(self, invoke: Event) -> bool:
        """Return whether this is the reopen after an error, which has been written behind the call that failed."""
        if invoke.verb == "reopen" and invoke.actor in self._reopened:
            self._reopened.remove(invoke.actor)
            return True
        return False

    def _write_fault(self, number: int, fault: Fault) -> None:
        at_ns = self._fault_ns.get(number)
        if at_ns is None:
            return
        self.lines.append(f"{FAULTS[fault.kind]}({fault.actor})")
        if fault.kind == "kill":
            self._pending.pop(fault.actor, None)
            self._lock.end_session(fault.actor, at_ns)
        else:
            self._lock.lose_session(fault.actor, at_ns)

    def _write_step(self, number: int, step: Operation) -> None:
        if step.actor in self._pending:
            self._join(step.actor)
        invoke = self._invoked.get(number)
        if self.done or invoke is None:
            return
        if step.pending:
            self.lines.append(f"start({_arguments(invoke)})")
            self._pending[step.actor] = number, self._lock.call(invoke, pending=True)
        else:
            self._call(number, invoke)

    def _call(self, number: int, invoke: Event) -> None:
        if invoke.verb == "reopen":
            self._lock.call(invoke)
            self.lines.append(f"reopen({invoke.actor})")
        else:
            self._compare(number, f"tell({_arguments(invoke)}", self._lock.call(invoke))

    def _join(self, actor: int) -> None:
        if self.done:
            return
        number, at_once = self._pending.pop(actor)
        waited = self._lock.join(self._invoked[number], self._returned.get(number))
        self._compare(number, f"join({actor}", waited if at_once == UNDETERMINED else at_once)

    def _compare(self, number: int, code: str, expected: Expectation) -> None:
        """Write a call with its expected answer, and mark it if the recorded answer is another one."""
        returned = self._returned.get(number)
        if expected.answer is None:
            self.lines.append(f"{code})")
        else:
            answer = expected.answer
            value = answer if isinstance(answer, bool) else [tuple(month) for month in answer]
            recorded = _answer(returned)
            self.done = recorded != answer
            if self.done:
                self.lines.append(
                    f"# When the failure was found, the answer was: {recorded}; expected {value}: {expected.why}"
                )
            self.lines.append(f"{code}, expect={value!r}, why={expected.why!r})")
        if returned is not None and returned.kind == "info" and not self.done:
            self.lines.append("# after an error a worker opens a new session")
            self.lines.append(f"reopen({returned.actor})")
            self._reopened.append(returned.actor)
            self._lock.end_session(returned.actor, returned.at_ns)


def _answer(returned: Event | None) -> object:
    if returned is None:
        return "none"
    if returned.kind != "ok":
        # an error may have several lines
        return " ".join((returned.error or "an error").split())
    return returned.listed if returned.verb == "list" else returned.answer


def _arguments(invoke: Event) -> str:
    parts = [str(invoke.actor), f'"{invoke.verb}"', *map(str, invoke.month or ())]
    if invoke.verb in ("acquire", "hold"):
        parts.append(str(invoke.timeout_ms))
    if invoke.verb == "hold":
        parts.append(str(invoke.raises))
    return ", ".join(parts)
