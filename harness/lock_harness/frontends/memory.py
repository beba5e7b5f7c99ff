"""Failures that earlier runs found: one small file for each, so that the next run tries them first."""

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec

from lock_harness.campaign.messages import Repeat
from lock_harness.core.errors import MachineError, one_line
from lock_harness.core.program import Program
from lock_harness.core.run import Run
from lock_harness.core.verdict import Bounds
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.renaming import finding_id

# the format of a remembered failure; both lines change together
MemoryFormat = Literal[1]
CURRENT: MemoryFormat = 1

# how often a remembered failure is tried, if there is time
TIMES = 10
# the characters of a lock's name that are kept in the name of its folder
NAME_LENGTH = 60


class RememberedFailure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The smallest program of a finding, and when it failed.

    Attributes:
        id: The identity of the finding.
        lock, lock_command, contract_options: The lock, as in a saved run.
        scenario, about: The scenario that found it.
        checks: The violated checks.
        repeats: The program failed k of the n times that it was run again.
        new_processes: It fails only if its actors have never used the lock before.
        first_seen, last_failed: Dates of runs in which it failed.
        last_held: The date of the last run in which it did not fail.
        harness: The version of lock-harness that found it.
    """

    id: str
    lock: str
    lock_command: bool = False
    contract_options: dict[str, str] = {}
    scenario: str
    about: str
    checks: tuple[str, ...]
    program: Program
    bounds: Bounds
    repeats: tuple[int, int] | None = None
    new_processes: bool = False
    first_seen: date
    last_failed: date
    last_held: date | None = None
    harness: str = ""
    format: MemoryFormat = CURRENT

    @property
    def failed_last(self) -> bool:
        """Whether it failed when it was tried last."""
        return self.last_held is None or self.last_held < self.last_failed


@dataclass(frozen=True)
class Remembered:
    """The failures of a lock, the most recent one first, and a line for each file that cannot be read."""

    failures: tuple[RememberedFailure, ...] = ()
    notes: tuple[str, ...] = ()


class FailureMemory:
    """The remembered failures of one lock, in a folder below `root`.

    The folder is made when the first failure is remembered.  To forget a failure, delete its file.
    """

    def __init__(self, root: Path, lock: LockSpec) -> None:
        self._root = root
        self.folder = root / folder_name(lock)

    def load(self) -> Remembered:
        """Return all failures.  A file that cannot be read is skipped with a note."""
        found: list[RememberedFailure] = []
        notes: list[str] = []
        for path in sorted(self.folder.glob("*.json")):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=RememberedFailure))
            except OSError as error:
                notes.append(f"cannot read {path}: {error.strerror}; it is skipped")
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                notes.append(f"{path} is not a remembered failure: {one_line(error)}; delete it")
        found.sort(key=lambda one: (not one.failed_last, -one.last_failed.toordinal(), one.id))
        return Remembered(tuple(found), tuple(notes))

    def remember(self, run: Run, today: date) -> RememberedFailure:
        """Keep the program of a violation.  `MachineError` if it cannot be written.

        A failure that is remembered already keeps its program, and the date when it was seen first.
        """
        name = finding_id(run.violated_checks, run.program)
        with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            known = msgspec.json.decode((self.folder / f"{name}.json").read_bytes(), type=RememberedFailure)
            return self.note_failed(known, today)
        failure = RememberedFailure(
            id=name,
            lock=run.lock,
            lock_command=run.lock_command,
            contract_options=run.contract_options,
            scenario=run.scenario,
            about=run.about,
            checks=run.violated_checks,
            program=run.program,
            bounds=run.bounds,
            repeats=run.repeats,
            new_processes=run.shrinking is not None and run.shrinking.new_processes,
            first_seen=today,
            last_failed=today,
            harness=run.environment.harness,
        )
        self._write(failure)
        return failure

    def note_failed(self, failure: RememberedFailure, today: date) -> RememberedFailure:
        """Note that a failure occurred again.  `MachineError` if it cannot be written."""
        held = failure.last_held if failure.last_held and failure.last_held < today else None
        noted = msgspec.structs.replace(failure, last_failed=today, last_held=held)
        self._write(noted)
        return noted

    def note_held(self, failure: RememberedFailure, today: date) -> RememberedFailure:
        """Note that a failure did not occur.  `MachineError` if it cannot be written."""
        noted = msgspec.structs.replace(failure, last_held=today)
        self._write(noted)
        return noted

    def _write(self, failure: RememberedFailure) -> None:
        """Write a failure so that another process sees the old file or the new one, but no part of it."""
        content = msgspec.json.format(msgspec.json.encode(failure), indent=1)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            ignore = self._root / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
            number, name = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".tmp")
            with os.fdopen(number, "wb") as file:
                file.write(content)
            Path(name).replace(self.folder / f"{failure.id}.json")
        except OSError as error:
            raise MachineError(
                f"cannot write to {self.folder}: {error.strerror}; free some space or choose another folder with --memory"
            ) from None


def folder_name(lock: LockSpec) -> str:
    """Return the name of a lock's folder: readable, safe as a file name, and different for different locks."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", str(lock))[-NAME_LENGTH:].strip(".-")
    whole = msgspec.json.encode((lock.name, lock.command, sorted(lock.contract)))
    return f"{readable}-{hashlib.sha256(whole).hexdigest()[:8]}"


def repeat_tasks(failures: Sequence[RememberedFailure]) -> tuple[Repeat, ...]:
    """Return the tasks that try these failures again."""
    return tuple(
        Repeat(
            finding=failure.id,
            scenario=failure.scenario,
            about=failure.about,
            program=failure.program,
            checks=failure.checks,
            bounds=failure.bounds,
            times=TIMES,
            new_processes=failure.new_processes,
        )
        for failure in failures
    )
