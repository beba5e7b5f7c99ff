"""The server of a pytest session: passed on by the command that started the session, or opened when first needed."""

import contextlib
import os

import msgspec
import pytest

from lock_harness.core.errors import MachineError, UserError
from lock_harness.servers.providers import NONE, open_server
from lock_harness.servers.server import Server

# An encoded `Server` that is running already; `run -n` passes it to its workers.
SERVER_VARIABLE = "LOCK_HARNESS_SERVER"

_server = pytest.StashKey[Server]()
_why_none = pytest.StashKey[str]()


def session_server(config: pytest.Config) -> Server:
    """Return the server of this session; skip the test if there is none."""
    if _server not in config.stash:
        if running := os.environ.get(SERVER_VARIABLE):
            config.stash[_server] = msgspec.json.decode(running, type=Server)
        else:
            config.stash[_server] = _open_server(config)
    return config.stash[_server]


def _open_server(config: pytest.Config) -> Server:
    if config.getoption("lock_pg") == NONE:
        pytest.skip("--lock-pg none: no server to test on; leave it out to have one started")
    if _why_none in config.stash:
        pytest.skip(config.stash[_why_none])
    cleanup = contextlib.ExitStack()
    config.add_cleanup(cleanup.close)
    try:
        return cleanup.enter_context(open_server(config.getoption("lock_pg")))
    except MachineError as error:
        config.stash[_why_none] = f"no server to test on: {error}"
        pytest.skip(config.stash[_why_none])
    except UserError as error:
        pytest.exit(str(error), returncode=error.exit_code)
