"""Wall clocks that can be wrong: actors run under libfaketime, which reads the offset of each actor from a file.

The monotonic clock stays right.  Not every libfaketime supports that: with version 0.9.10, which Debian ships,
every sleep of Python fails.  So each library is tried out before it is used.
"""

import functools
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FILE = "FAKETIME_TIMESTAMP_FILE"
HOUR_S = 3600
_TRIAL = """
import time
wall, monotonic = time.time(), time.monotonic()
time.sleep(0.001)
print(round(wall), round(monotonic))
"""


@functools.cache
def library() -> Path | None:
    """Return a libfaketime that works on this machine; None if there is none."""
    return next((path for path in _candidates() if _works(path)), None)


def environment(library: Path, file: Path) -> dict[str, str]:
    """Return the variables that make a process read the offset of its wall clock from `file`."""
    return {
        "LD_PRELOAD": str(library),
        FILE: str(file),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


def clock_file(directory: Path, name: str) -> Path:
    return directory / f"{name}.clock"


def step(file: Path, by_s: int) -> None:
    """Set the offset of the wall clock that reads `file` to `by_s` seconds."""
    # replaced as a whole: a reader never sees half of it
    new = file.with_suffix(".new")
    new.write_text(f"{by_s:+d}\n")
    new.replace(file)


def _candidates() -> Iterator[Path]:
    # the package is not imported, since it would restart this process
    package = importlib.util.find_spec("libfaketime")
    if package is not None and package.origin is not None:
        yield from Path(package.origin).parent.glob("vendor/*/src/libfaketime.so.1")
    yield from Path("/usr").glob("lib*/**/faketime/libfaketime.so.1")


def _works(path: Path) -> bool:
    def clocks(variables: dict[str, str]) -> list[int]:
        command = [sys.executable, "-S", "-c", _TRIAL]
        done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, check=False)
        return [int(word) for word in done.stdout.split()]

    fake = {"LD_PRELOAD": str(path), "FAKETIME": f"+{10 * HOUR_S}", "DONT_FAKE_MONOTONIC": "1"}
    right, wrong = clocks({}), clocks(fake)
    if len(right) != 2 or len(wrong) != 2:
        return False
    ahead = [there - here for here, there in zip(right, wrong, strict=True)]
    return abs(ahead[0] - 10 * HOUR_S) < HOUR_S and 0 <= ahead[1] < HOUR_S
