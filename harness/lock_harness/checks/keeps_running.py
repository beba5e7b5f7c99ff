"""The process of a session does not end by itself."""

from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.verdict import Verdict

# how a process ended that was killed by the kernel, such as for lack of memory, or by a person
KILLED = "signal SIGKILL"


def keeps_running(view: View) -> Verdict:
    """A process that opened a session ends only by a fault; it may also end after a fault has ended its session."""
    found: list[Finding] = []
    for event in view.history.events:
        if event.kind != "died" or event.session in view.session_ends:
            continue
        how = event.error or "it is not known how"
        if how.startswith(KILLED):
            why = f"the process of actor {event.actor} was killed from outside the harness, perhaps for lack of memory"
            found.append(Finding("unknown", why, (event.number,)))
        else:
            why = f"the process of actor {event.actor} ended by itself: {how}"
            found.append(Finding("violated", why, (event.number,)))
    return verdict("keeps_running", found)
