"""What the workers of `run -n` tell the command that started them, and the variables by which it tells them."""

import msgspec

from lock_harness.exploration.search import Progress

SEED_VARIABLE = "LOCK_HARNESS_SEED"  # workers inherit it, so that all draw alike
SERVER_VARIABLE = "LOCK_HARNESS_SERVER"  # a server that is running already, for workers
PROGRESS_VARIABLE = "LOCK_HARNESS_PROGRESS"  # a Unix datagram socket that wants to know how it goes


class Saved(msgspec.Struct, frozen=True, tag=True):
    """A share of a scenario has ended; its run lies at `path`."""

    scenario: str
    path: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A share of a scenario could not be run."""

    scenario: str
    why: str
    exit_code: int


class Skipped(msgspec.Struct, frozen=True, tag=True):
    """The lock cannot do this scenario."""

    scenario: str
    why: str


WorkerMessage = Progress | Saved | Failed | Skipped
