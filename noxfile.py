"""`nox -s stress` runs the main job, `nox -s tests` our own tests, `nox -s lint` what a machine can criticise."""

import os

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
def tests(session: nox.Session) -> None:
    """Run our tests; `-- --lock-pg URL` for a server of your own, `-- --lock-pg none` for those that need none."""
    session.install("-e", ".", *DEV)
    workers = str(max(3, os.cpu_count() or 1))  # they wait more than they compute
    session.run("pytest", *(session.posargs or ("--numprocesses", workers, "--dist", "loadgroup")))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, and the layers."""
    session.install("-e", ".", *DEV)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure how fast examples run, with and without crashes, and how fast long races are judged, on this machine."""
    session.install("-e", ".")
    session.run("python", "-m", "benchmarks", *session.posargs)
