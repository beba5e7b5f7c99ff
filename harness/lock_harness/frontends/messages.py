"""The messages that the workers of `run -n` send to the command that started them."""

import msgspec

from lock_harness.exploration.progress import Progress


class Saved(msgspec.Struct, frozen=True, tag=True):
    """A share of a scenario is finished; its run is saved at `path`."""

    scenario: str
    path: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A share of a scenario ended with an error of the user or the machine."""

    scenario: str
    why: str
    exit_code: int


class Skipped(msgspec.Struct, frozen=True, tag=True):
    """The scenario is not applicable to this lock or machine."""

    scenario: str
    why: str


WorkerMessage = Progress | Saved | Failed | Skipped
