"""Saved runs of format 1, which were flat, as runs of format 2.  See `lock_harness.core.run`."""

from typing import Any

# The locks that came with the harness then.  Other names, such as of a user's own `scenarios/planted/`, still hold.
SHIPPED_LOCKS = frozenset(
    {
        "harness.locks.month_lock:MonthLock",
        "scenarios.planted.believes_on:BelievesOn",
        "scenarios.planted.check_then_act:CheckThenAct",
        "scenarios.planted.dies_unnoticed:DiesUnnoticed",
        "scenarios.planted.gives_up_early:GivesUpEarly",
        "scenarios.planted.inheritable:Inheritable",
        "scenarios.planted.inherited_by_child:ForksAWatch",
        "scenarios.planted.key_collision:KeyCollision",
        "scenarios.planted.lease_expires:Lease",
        "scenarios.planted.overlooks_late_grant:OverlooksLateGrant",
        "scenarios.planted.reconnects_silently:ReconnectsSilently",
        "scenarios.planted.release_forgets:ReleaseForgets",
        "scenarios.planted.release_frees_all:ReleaseFreesAll",
        "scenarios.planted.row_survives_crash:RowLock",
        "scenarios.planted.shared_mode:SharedMode",
        "scenarios.planted.timeout_raises:TimeoutRaises",
        "scenarios.planted.transaction_lock:TransactionLock",
        "scenarios.planted.unlock_before_commit:UnlockBeforeCommit",
        "scenarios.planted.unlocks_elsewhere:UnlocksElsewhere",
        "scenarios.planted.wall_clock:WallClock",
        "scenarios.planted.wrapper_frees_early:FreesEarly",
    }
)
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
    """Return the name by which a lock can be imported today."""
    if lock not in SHIPPED_LOCKS:
        return lock
    return f"lock_harness.{lock.removeprefix('harness.')}"
