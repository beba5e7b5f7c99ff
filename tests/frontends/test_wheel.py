"""The wheel, installed in an environment of its own, in a project that uses some of the same names."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from lock_harness.servers.server import Server
from tests.frontends.command import Shell

# One worker builds the wheel for all tests here.
pytestmark = pytest.mark.xdist_group("wheel")

ROOT = Path(__file__).parents[2]
OWN_SCENARIO = '''
"""Two workers ask for one month."""

from lock_harness.programs import Month, Scenario, acquire, program
from scenarios.levels import TIMEOUT_MS

JAN = Month(2090, 1)
SCENARIO = Scenario(program(acquire(0, JAN, 0), acquire(1, JAN, TIMEOUT_MS)))
'''
CONFTEST = """
def pytest_addoption(parser):
    for option in ("--scenario", "--pg", "--lock"):
        parser.addoption(option, default="none")
"""
TESTS = """
import harness
import lock_harness


def test_the_options_are_those_of_the_project(request):
    values = [request.config.getoption(name) for name in ("--scenario", "--pg", "--lock")]
    assert values == ["rain", "a page", "a door"]


def test_the_harness_package_is_that_of_the_project():
    assert harness.HORSES == 2


def test_the_plugin_comes_from_the_wheel(request):
    plugin = request.config.pluginmanager.getplugin("lock_harness")
    assert plugin.__name__ == "lock_harness.frontends.pytest_plugin"
    assert lock_harness.__file__.startswith({environment!r})
"""
PROJECT = {
    "conftest.py": CONFTEST,
    "harness/__init__.py": "HORSES = 2\n",
    "scenarios/__init__.py": "",
    "scenarios/levels.py": "TIMEOUT_MS = 20\n",
    "scenarios/test_levels.py": (
        "from scenarios.levels import TIMEOUT_MS\n\ndef test_levels():\n    assert TIMEOUT_MS\n"
    ),
    "scenarios/two_ask.py": OWN_SCENARIO.lstrip(),
}


def run(*command: str | Path) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ".")
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; the dependencies come from the environment of this test."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin/python")
    run(*pip, "install", "--no-deps", "--no-index", wheel)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder


@pytest.fixture
def project(environment: Path, sh: Shell) -> Shell:
    """A shell in a project that has a `harness` package, a `scenarios` package, and options of its own."""
    tests = {"test_names.py": TESTS.format(environment=str(environment))}
    for name, text in {**PROJECT, **tests}.items():
        path = sh.cwd / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    sh.python = str(environment / "bin/python")
    # The harness must not come from this checkout.
    sh.variables["PYTHONPATH"] = ""
    return sh


def test_the_wheel_has_one_top_level_package_with_the_scenarios_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    packages = {name.split("/")[0] for name in names}
    assert {name for name in packages if not name.endswith(".dist-info")} == {"lock_harness"}
    shipped = {f"lock_harness/{path.relative_to(ROOT)}" for path in ROOT.glob("scenarios/**/*.py")}
    assert shipped <= {*names}


def test_the_tests_of_a_project_with_the_same_names_pass(project: Shell) -> None:
    outcome = project.pytest("--scenario", "rain", "--pg", "a page", "--lock", "a door")
    assert outcome.code == 0, outcome.out + outcome.err
    assert "4 passed" in outcome.out


def test_the_plugin_runs_the_scenario_of_the_project(project: Shell, lock_server: Server) -> None:
    outcome = project.pytest(
        "--lock-scenario", "two_ask", "--lock-pg", lock_server.url, "-v", "-k", "two_ask"
    )
    assert outcome.code == 0, outcome.out + outcome.err
    assert "::two_ask PASSED" in outcome.out


def test_the_command_runs_the_scenario_of_the_project_in_workers(project: Shell, lock_server: Server) -> None:
    outcome = project.run("run", "two_ask", "-n", "2", "--pg", lock_server.url)
    assert outcome.code == 0, outcome.out + outcome.err
    assert "✓ two_ask" in outcome.out


def test_the_list_has_the_scenario_of_the_project_and_notes_the_other_files(project: Shell) -> None:
    outcome = project.run("list")
    assert outcome.code == 0, outcome.err
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert "two_ask Two workers ask for one month." in lines
    assert [line for line in lines if line.startswith("skipped ")] == [
        "skipped scenarios/levels.py: defines no SCENARIO",
        "skipped scenarios/test_levels.py: defines no SCENARIO",
    ]
