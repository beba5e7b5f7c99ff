"""The calls that the three checks of timeouts judge."""

from collections.abc import Iterator

from lock_harness.analysis.calls import Call
from lock_harness.analysis.view import View


def calls_with_timeout(view: View) -> Iterator[Call]:
    """Return the calls that ask for a month for a limited time."""
    for call in view.calls:
        if call.verb in ("acquire", "hold"):
            yield call
