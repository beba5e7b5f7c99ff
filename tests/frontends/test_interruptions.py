"""A start that is interrupted leaves nothing behind, whatever the server is doing at that moment."""

import signal
from pathlib import Path

import pytest

from tests.frontends.command import Shell, unused_shared_memory, within

# a file in the folder of the harness, whose existence shows how far the start has come
MOMENTS = {
    "the folder exists": "",
    "initdb begins": "data",
    "initdb creates the catalogue": "data/global/pg_control",
    "initdb creates template0": "data/base/4",
    "the server starts": "data/postmaster.opts",
}


@pytest.mark.skipif(not Path("/proc/sysvipc/shm").exists(), reason="needs /proc to find shared memory")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interrupted_start_leaves_nothing_behind(sh: Shell, moment: str, number: signal.Signals) -> None:
    cache = sh.cwd / "cache"
    sh.variables["XDG_CACHE_HOME"] = str(cache)
    before = unused_shared_memory()
    command = sh.start("run", "timeout_returns_false")
    reached = within(60, lambda: list(sh.temporary.glob(f"lock-harness-*/{MOMENTS[moment]}")))
    command.send_signal(number)
    command.communicate()
    assert reached
    assert command.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert within(60, lambda: not sh.left_behind())
    # that of a server which is starting or ending elsewhere is unused for a moment
    assert within(10, lambda: not unused_shared_memory() - before), unused_shared_memory() - before
    assert [path.suffix for path in cache.rglob("*") if path.is_file()] in ([], [".data"])


def test_a_complete_data_directory_is_cached_although_the_start_is_interrupted(sh: Shell) -> None:
    cache = sh.cwd / "cache"
    sh.variables["XDG_CACHE_HOME"] = str(cache)
    command = sh.start("run", "timeout_returns_false")
    assert within(60, lambda: list(sh.temporary.glob("lock-harness-*/data/postmaster.opts")))
    command.kill()
    command.communicate()
    assert len(list(cache.rglob("*.data"))) == 1
    assert within(60, lambda: not sh.left_behind())
    assert sh.run("run", "timeout_returns_false").without_violation
