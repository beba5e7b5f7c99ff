"""Saved runs of format 1, which were flat, as runs of format 2.  See `lock_harness.core.run`."""

from typing import Any

RENAMED_PACKAGES = {
    "harness.locks.": "lock_harness.locks.",
    "scenarios.planted.": "lock_harness.scenarios.planted.",
}
COVERAGE = {
    "search": "orders",
    "points": "crash_points",
    "promise": "pct_guarantee",
    "missed": "faults_not_injected",
}


def upgrade(old: dict[str, Any]) -> dict[str, Any]:
    """Return a decoded run of format 1 as a decoded run of format 2."""
    new = {key: value for key, value in old.items() if key not in _MOVED}
    divergence = old.get("diverged")
    new["format"] = 2
    new["leaked_locks"] = old.get("soiled", False)
    new["coverage"] = {key: old[old_key] for old_key, key in COVERAGE.items() if old_key in old}
    if old.get("first_program") is None:
        new["coverage"]["divergence"] = divergence
    else:
        new["shrinking"] = {
            "first_program": old["first_program"],
            "first_history": old.get("first_history"),
            "divergence": divergence,
            "why_as_race": old.get("why_race"),
        }
    if not old.get("lock_command") and isinstance(old.get("lock"), str):
        new["lock"] = _current_name(old["lock"])
    return new


_MOVED = {*COVERAGE, "soiled", "diverged", "first_program", "first_history", "why_race"}


def _current_name(lock: str) -> str:
    """Return where a lock of the harness can be imported from today."""
    for old, new in RENAMED_PACKAGES.items():
        if lock.startswith(old):
            return new + lock.removeprefix(old)
    return lock
