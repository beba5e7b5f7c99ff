"""What is done under the lock is done by one worker at a time: no two of them count on from the same number."""

from harness.checks.verdicts import Finding, verdict
from harness.checks.view import View
from harness.model import Event, Month, Verdict


def no_lost_update(view: View) -> Verdict:
    """Each number is found once: whoever finds a number that was found before writes over an update."""
    found: list[Finding] = []
    first: dict[tuple[Month | None, int], Event] = {}
    for event in view.history.events:
        if event.counted is not None:
            before = first.setdefault((event.month, event.counted), event)
            if before is not event:
                why = (
                    f"actors {before.actor} and {event.actor} both counted on from {event.counted} "
                    f"under {event.month}: one update is lost"
                )
                found.append(Finding("violated", why, (before.number, event.number)))
    return verdict("no_lost_update", found)
