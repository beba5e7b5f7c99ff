"""Sessions: `stress` runs the scenarios, `tests` the tests of the harness, `lint` the static checks.

`libraries` checks the findings about published libraries, `benchmarks` measures.
"""

import os
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["stress"]
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True

DEV = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "dev")


@nox.session
def stress(session: nox.Session) -> None:
    """Run the scenarios: `nox -s stress -- crashes --for 5m --lock my_package.my_lock:MyLock`."""
    session.install("-e", ".")
    session.run("lock-harness", "run", *session.posargs)


@nox.session
def designs(session: nox.Session) -> None:
    """Run the scenarios on each lock of tests/designs, none of which may be blamed: `nox -s designs -- --examples 20`."""
    session.install("-e", ".")
    for path in sorted(Path("tests/designs").glob("*.py")):
        if "class Lock(" in path.read_text():
            lock = f"tests.designs.{path.stem}:Lock"
            session.run("lock-harness", "run", "--lock", lock, *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests of the harness.

    `-- --lock-pg URL` runs them on your own server, `-- --lock-pg none` only those that need no server.
    """
    session.install("-e", ".", *DEV)
    # Tests wait more than they compute, so more workers than processors are useful.
    workers = str(max(3, os.cpu_count() or 1))
    # The tests start thousands of processes.  Each would compile the harness if bytecode files are switched off.
    bytecode = {"PYTHONDONTWRITEBYTECODE": ""}
    arguments = session.posargs or ("--numprocesses", workers, "--dist", "loadgroup")
    session.run("pytest", *arguments, env=bytecode)


@nox.session(python="3.13")
def libraries(session: nox.Session) -> None:
    """Install the libraries of examples/libraries, and check that each finding about them can be seen again."""
    session.install("-e", ".[clock]", "pytest-timeout>=2.3", "-r", "examples/libraries/requirements.txt")
    session.run("npm", "install", "--no-audit", "--no-fund", "--prefix", "examples/libraries", external=True)
    session.run("pytest", "examples/libraries/test_findings.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, and the layers of the imports."""
    session.install("-e", ".", *DEV)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure on this machine how fast examples run and how fast long races are checked."""
    session.install("-e", ".")
    session.run("python", "-m", "benchmarks", *session.posargs)
