"""The server of a pytest session: opened when it is needed first."""

import contextlib

import pytest

from lock_harness.core.errors import MachineError, UserError
from lock_harness.servers.providers import is_none, open_server
from lock_harness.servers.server import Server

_server = pytest.StashKey[Server]()
_why_none = pytest.StashKey[str]()


def session_server(config: pytest.Config) -> Server:
    """Return the server of this session; skip the test if there is none."""
    if _server not in config.stash:
        config.stash[_server] = _open_server(config)
    return config.stash[_server]


def _open_server(config: pytest.Config) -> Server:
    if is_none(config.getoption("lock_pg")):
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
