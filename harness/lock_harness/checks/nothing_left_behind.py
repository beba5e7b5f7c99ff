"""The server holds only the locks that the client of each session knows of, and in the end none.

At quiet points `pg_locks` is compared, session by session, with the answers to the clients.
"""

from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.history import Audit
from lock_harness.core.verdict import Verdict


def nothing_left_behind(view: View) -> Verdict:
    """No session has more advisory locks than its client was granted."""
    if view.contract.evidence == "none":
        why = "the lock's contract says that pg_locks does not show its holds"
        return Verdict("nothing_left_behind", "not applicable", why)
    found: list[Finding] = []
    lingering = {event.actor for event in view.history.events if event.kind == "lingers"}
    for audit in view.history.audits:
        found.extend(_surplus_locks(audit, lingering))
        if audit.sessions < view.history.actors and view.history.gave_up_ns is None:
            why = (
                f"the server can name {audit.sessions} of {view.history.actors} sessions: "
                "the lock must pass on the application_name of its connection string"
            )
            found.append(Finding("unknown", why, ()))
    if view.history.gave_up_ns is not None and not any(map(view.hangs, view.calls)):
        why = "the actors stopped although every call had returned, so the rest of the program was not run"
        found.append(Finding("unknown", why, ()))
    return verdict("nothing_left_behind", found)


def _surplus_locks(audit: Audit, lingering: set[int]) -> list[Finding]:
    found: list[Finding] = []
    for actor in sorted({lock.actor for lock in audit.locks}):
        locks = [lock for lock in audit.locks if lock.actor == actor and lock.granted]
        holds = sum(1 for one, _ in audit.held if one == actor)
        if len(locks) > holds:
            pids = ", ".join(str(pid) for pid in sorted({lock.pid for lock in locks}))
            plural = "s" if len(locks) > 1 else ""
            why = (
                f"{audit.where} the server has {len(locks)} advisory lock{plural} of actor {actor} (pid {pids}), "
                f"but according to its answers the actor holds {holds}"
            )
            found.append(Finding("violated", why, (), timed=actor in lingering))
    return found
