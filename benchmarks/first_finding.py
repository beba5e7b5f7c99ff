"""How long it takes from the command to the first finding, shrunk and printed, for each planted lock and the standard scenarios."""

import re
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import NamedTuple

from rich.table import Table

from lock_harness.locks.loading import LockSpec, spec_of
from lock_harness.programs.discovery import SHIPPED, find_scenarios
from lock_harness.programs.loading import pick_scenarios

# how long to look for a defect, in seconds
PATIENCE_S = 120


class FirstFinding(NamedTuple):
    """The first finding of a run.  `seconds` is None if there was none; `met` are the scenario and its checks."""

    lock: str
    seconds: float | None
    met: str


def table() -> Table:
    """Return a row for each planted lock, and the median and the 90th percentile of all."""
    found = [_first_finding(lock) for lock in planted_locks()]
    rows = Table(title="from the command to the first finding", title_justify="left")
    for title in ("planted lock", "seconds", "found by"):
        rows.add_column(title, justify="right" if title == "seconds" else "left")
    for one in sorted(found, key=lambda one: one.seconds or PATIENCE_S):
        rows.add_row(one.lock, "none" if one.seconds is None else f"{one.seconds:.1f}", one.met)
    times = sorted(one.seconds or float("inf") for one in found)
    rows.add_row("median", f"{median(times):.1f}", "")
    rows.add_row("90th percentile", f"{times[int(0.9 * len(times))]:.1f}", "")
    return rows


def planted_locks() -> list[LockSpec]:
    """Return the locks of the planted scenarios."""
    planted = pick_scenarios(find_scenarios([SHIPPED]), ["planted"])
    return list(dict.fromkeys(spec_of(one.lock) for one in planted if one.lock))


def _first_finding(lock: LockSpec) -> FirstFinding:
    """Run the standard scenarios until the first finding is printed."""
    contract = [part for name, value in lock.contract for part in ("--contract", f"{name}={value}")]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "lock_harness", "run", "-x", "--for", f"{PATIENCE_S}s"]
        command += ["--lock", str(lock), *contract, "--reports", folder]
        began = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            lines: list[str] = []
            seconds = None
            for line in process.stdout:
                lines.append(line)
                if line.startswith("See it again") and seconds is None:
                    seconds = time.monotonic() - began
    met = next((line for line in lines if re.match(r"\S+: violated", line)), "")
    return FirstFinding(str(lock).rpartition(".")[2], seconds, met.partition(":")[0])
