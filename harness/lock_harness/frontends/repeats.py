"""Failures of earlier runs in a run: which are tried again, what became of them, and which are new."""

from datetime import date

from rich.text import Text

from lock_harness.campaign.messages import Repeat
from lock_harness.core.errors import MachineError
from lock_harness.core.run import Run
from lock_harness.exploration.again import enough_runs
from lock_harness.frontends.memory import FailureMemory, Remembered, RememberedFailure, repeat_tasks
from lock_harness.render.text import plural


class Repeats:
    """The remembered failures of the lock under test.

    Attributes:
        tasks: What the lanes have to run for them.
        runs: The results, by the identity of the failure.
        gone: The failures that were tried often enough without failing.
        notes: A line for each file that cannot be read or written.
    """

    def __init__(self, memory: FailureMemory, today: date, *, tries: bool = True) -> None:
        """Read the memory.  Without `tries` it is only written."""
        self._memory = memory
        self._today = today
        remembered = memory.load() if tries else Remembered()
        self._failures = {one.id: one for one in remembered.failures}
        self.notes = list(remembered.notes)
        self.tasks = repeat_tasks(remembered.failures)
        self.runs: dict[str, Run] = {}
        self.gone: set[str] = set()

    def add(self, task: Repeat, run: Run) -> Text:
        """Keep the result of a failure that was tried again, and return it as a line."""
        failure = self._failures[task.finding]
        self.runs[failure.id] = run
        try:
            if run.status == "violated":
                self._memory.note_failed(failure, self._today)
            elif run.status == "holds":
                self._memory.note_held(failure, self._today)
        except MachineError as error:
            self.notes.append(str(error))
        if run.status == "holds" and run.figures.examples >= enough_runs(failure.repeats):
            self.gone.add(failure.id)
        return describe_repeat(failure, run)

    @property
    def still_there(self) -> set[str]:
        """The failures that occurred again."""
        return {name for name, run in self.runs.items() if run.status == "violated"}

    def describe_skipped(self, task: Repeat, why: str) -> Text:
        """Return the line of a failure that was not tried."""
        failure = self._failures[task.finding]
        return Text.assemble(
            ("-", "dim"), f" failed on {failure.last_failed}, not tried: {why} {_name(failure)}"
        )

    def remember(self, run: Run) -> None:
        """Keep a new failure for later runs."""
        try:
            self._memory.remember(run, self._today)
        except MachineError as error:
            self.notes.append(str(error))


def describe_repeat(failure: RememberedFailure, run: Run) -> Text:
    """Return what became of a failure, as in `failed on 2026-11-26, holds now, 10 of 10 (3f9a1c2e, crashes)`."""
    count = run.figures.examples
    begin = f" failed on {failure.last_failed}, "
    if run.status == "violated":
        checks = ", ".join(run.violated_checks)
        return Text.assemble(("✗", "bold red"), f"{begin}still fails: {checks} {_name(failure)}")
    if run.status == "unknown":
        return Text.assemble(("?", "yellow"), f"{begin}unknown now {_name(failure)}")
    if count < enough_runs(failure.repeats):
        failed, tried = failure.repeats or (0, 0)
        rate = f"it failed {failed} of {tried} times" if tried else "it failed once"
        few = f"did not fail in {plural(count, 'run')}, too few to be sure: {rate}"
        return Text.assemble(("~", "yellow"), f"{begin}{few} {_name(failure)}")
    return Text.assemble(("✓", "green"), f"{begin}holds now, {count} of {count} {_name(failure)}")


def _name(failure: RememberedFailure) -> str:
    return f"({failure.id}, {failure.scenario})"
