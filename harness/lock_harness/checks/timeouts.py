"""The calls that the three checks of timeouts judge."""

from collections.abc import Iterator

from msgspec.structs import replace

from lock_harness.analysis.calls import Call
from lock_harness.analysis.view import View


def calls_with_timeout(view: View) -> Iterator[Call]:
    """Return the calls that ask for a month for a limited time.

    The timeout of a hold is 0 if the contract says that it tries once.
    """
    for call in view.calls:
        if call.verb == "hold" and not view.contract.hold_timeout:
            yield replace(call, timeout_ms=0)
        elif call.verb in ("acquire", "hold"):
            yield call
