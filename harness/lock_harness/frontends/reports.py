"""Runs on disk: `reports/<scenario>/<run>/run.json` for each run, and one `junit.xml` for each command."""

import time
from collections.abc import Collection, Sequence
from itertools import chain, count
from pathlib import Path

import msgspec

from lock_harness.core import format_1
from lock_harness.core.errors import MachineError, UserError, one_line
from lock_harness.core.run import CURRENT_FORMAT, Run
from lock_harness.render.junit import junit

# in bytes; a larger run is not indented
LARGE = 1_000_000


def save(run: Run, root: Path) -> Path:
    """Write `run` below `root` and return the path of its run.json.  `MachineError` if that fails."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = root / (run.scenario or "unnamed")
    names = chain([f"{stamp}-{run.seed}"], (f"{stamp}-{run.seed}-{number}" for number in count(2)))
    path = next(folder / name for name in names if not (folder / name).exists()) / "run.json"
    _write(path, _formatted(msgspec.json.encode(run)))
    return path


def _formatted(text: bytes) -> bytes:
    """Return the JSON indented; if it is large, with a line for each event and each step instead."""
    if len(text) < LARGE:
        return msgspec.json.format(text, indent=1)
    # no JSON string can contain these, since its quotes would be escaped
    for beginning in (b'{"at_ns":', b'{"step":'):
        text = text.replace(b"," + beginning, b",\n" + beginning)
    return text


def save_junit(runs: Sequence[Run], paths: Sequence[Path], root: Path, known: Collection[str] = ()) -> Path:
    """Write junit.xml below `root` and return its path.  `MachineError` if that fails.

    `known`: scenarios whose violations the user accepts.
    """
    path = root / "junit.xml"
    _write(path, junit(runs, [replay_command(saved) for saved in paths], known).encode())
    return path


def load(path: Path) -> Run:
    """Return the run that was saved at `path`, or in the folder `path`.  `UserError` if there is none."""
    file = path / "run.json" if path.is_dir() else path
    try:
        return _decode(file.read_bytes())
    except _NewerFormat as newer:
        raise UserError(
            f"{file} was written by a newer version of lock-harness: its format is {newer}, and this version reads "
            f"formats up to {CURRENT_FORMAT}; upgrade lock-harness"
        ) from None
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}; give the path of a run.json") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(
            f"{file} is not a saved run, or is incomplete: {one_line(error)}; give a run.json as it was written"
        ) from None


class _Header(msgspec.Struct):
    """The part of a saved run that all formats have."""

    format: int


class _NewerFormat(Exception):
    """The run has a format that this version cannot read."""


def _decode(text: bytes) -> Run:
    header = msgspec.json.decode(text, type=_Header)
    if header.format > CURRENT_FORMAT:
        raise _NewerFormat(header.format)
    if header.format == 1:
        return msgspec.convert(format_1.upgrade(msgspec.json.decode(text)), Run)
    return msgspec.json.decode(text, type=Run)


def check_writable(root: Path) -> None:
    """Raise `MachineError` if reports cannot be written, before minutes of work depend on it."""
    probe = root / ".writable"
    _write(probe, b"." * 65536)
    probe.unlink()


def replay_command(path: Path) -> str:
    """Return the command that replays the run at `path`."""
    return f"lock-harness replay {path}"


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise MachineError(
            f"cannot write {path}: {error.strerror}; free some space or choose another folder with --reports"
        ) from None
