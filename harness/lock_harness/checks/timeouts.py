"""What the three checks of timeouts share: the calls that ask for a month for a limited time."""

from collections.abc import Iterator

from lock_harness.analysis.calls import Call
from lock_harness.analysis.view import View


def asking(view: View) -> Iterator[Call]:
    for call in view.calls:
        if call.verb in ("acquire", "hold"):
            yield call
