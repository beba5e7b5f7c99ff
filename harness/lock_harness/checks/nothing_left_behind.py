"""The server holds for a session what its client knows of, and at the end nothing.

At quiet points `pg_locks` is compared, session by session, with what the clients' answers add up to.
"""

from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.history import Audit
from lock_harness.core.verdict import Verdict


def nothing_left_behind(view: View) -> Verdict:
    found: list[Finding] = []
    lingering = {event.actor for event in view.history.events if event.kind == "lingers"}
    for audit in view.history.audits:
        found.extend(_surplus(audit, lingering))
        if audit.sessions < view.history.actors and view.history.gave_up_ns is None:
            why = (
                f"the server can name {audit.sessions} of {view.history.actors} sessions: "
                "the lock must pass on the application_name of its connection string"
            )
            found.append(Finding("unknown", why, ()))
    if view.history.gave_up_ns is not None and not any(map(view.hangs, view.calls)):
        why = "the actors did not go on, although every call had returned: nobody knows what would have come"
        found.append(Finding("unknown", why, ()))
    return verdict("nothing_left_behind", found)


def _surplus(audit: Audit, lingering: set[int]) -> list[Finding]:
    found: list[Finding] = []
    for actor in sorted({lock.actor for lock in audit.locks}):
        locks = [lock for lock in audit.locks if lock.actor == actor and lock.granted]
        knows = sum(1 for one, _ in audit.held if one == actor)
        if len(locks) > knows:
            pids = ", ".join(str(pid) for pid in sorted({lock.pid for lock in locks}))
            why = (
                f"{audit.where} the server has {len(locks)} advisory lock{'s' * (len(locks) > 1)} of actor {actor} (pid {pids}), "
                f"but by its answers it holds {knows}"
            )
            found.append(Finding("violated", why, (), timed=actor in lingering))
    return found
