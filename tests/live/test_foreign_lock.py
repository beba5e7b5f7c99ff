"""A lock in another language, with another client library, is tested like any other."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from lock_harness.core.run import Run
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.locks.loading import LockSpec, command_spec
from lock_harness.programs.discovery import find_scenarios
from lock_harness.programs.draw import Draw
from lock_harness.programs.loading import load_scenarios
from lock_harness.servers.server import Server

ROOT = Path(__file__).parents[2]
SCENARIOS = load_scenarios(find_scenarios([ROOT / "scenarios"]))
INSTALL_S = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lock's own folder, with the client library that it needs."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no node and npm on this machine")
    place = tmp_path_factory.mktemp("foreign") / "lock"
    shutil.copytree(ROOT / "tests" / "foreign", place)
    install = ["npm", "install", "--no-audit", "--no-fund", "--fetch-retries=1", "--loglevel=error"]
    try:
        done = subprocess.run(
            install, check=False, cwd=place, capture_output=True, text=True, timeout=INSTALL_S
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm install took more than {INSTALL_S} s: no network?")
    if done.returncode:
        pytest.skip(f"npm install failed, perhaps for lack of network: {done.stderr.strip()[-300:]}")
    return place


def explored(scenario: str, lock: LockSpec, server: Server, examples: int) -> Run:
    return run_job(Job(SCENARIOS[scenario], Plan(examples), lock), server, lambda _: None)


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


@pytest.mark.parametrize("scenario", ["concurrent_lock_acquisition", "crashes", "interleavings", "timeouts"])
def test_a_lock_in_typescript_holds(lock_server: Server, scenario: str) -> None:
    run = explored(scenario, command_spec("node --import tsx month_lock.mts"), lock_server, 12)
    not_holding = [verdict for verdict in run.verdicts if verdict.status != "holds"]
    assert all(one.status == "unknown" and one.timed for one in not_holding), not_holding
    assert run.lock_command


def test_a_broken_lock_in_typescript_is_caught(
    folder: Path, our_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # each try starts Node again
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 3.0)
    good = (folder / "month_lock.mts").read_text()
    (folder / "broken.mts").write_text(re.sub(r"(pg_\w*advisory_(?:un)?lock)\(", r"\1_shared(", good))
    run = explored("handover", command_spec("node --import tsx broken.mts"), our_server, 30)
    assert run.status == "violated"
    assert "mutual_exclusion" in [one.check for one in run.verdicts if one.status == "violated"]


BROKEN = ["check_then_act", "unlock_before_commit", "overlooks_late_grant", "dies_unnoticed"]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_lock_in_node_is_caught_at_the_gate(
    our_server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate needs no support by the client: it only needs its messages."""
    # each try that fails starts Node again
    monkeypatch.setattr("lock_harness.exploration.reduction.SHRINK_S", 60.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 60.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 3)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEAT_S", 60.0)
    planted = replace(SCENARIOS[f"planted/{name}"], lock=None)
    # Small programs need less shrinking.
    if isinstance(planted.what, Draw):
        small = replace(planted.what, scheduler="choices", actors=(2, 2), months=(1, 1), steps=(2, 3))
        planted = replace(planted, what=small, examples=400)
    run = run_job(Job(planted, Plan(seed=1), command_spec(f"node {name}.mjs")), our_server, lambda _: None)
    assert planted.expects in [one.check for one in run.verdicts if one.status == "violated"]
    assert run.shrinking is not None
    assert run.shrinking.divergence is None
    assert sum(choice > 0 for choice in run.program.choices) <= 2, run.program.choices
    assert run.repeats is not None
    assert run.repeats[0] == run.repeats[1]
