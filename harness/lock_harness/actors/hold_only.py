"""Acquire and release for a lock that only has `hold`: the context manager is entered, and left by a later step."""

import time
from contextlib import AbstractContextManager
from typing import Any

from msgspec.structs import replace

from lock_harness.actors.session import error_names
from lock_harness.core.attempt import Attempt
from lock_harness.core.contract import Contract

RETRY_S = 0.01


class HoldOnlyClient:
    """A client with `acquire` and `release`, which enter and leave the context manager of `hold`.

    All other methods are those of the client.
    """

    def __init__(self, client: Any, contract: Contract) -> None:
        self._client = client
        self._contract = contract
        # for each month the context managers that were entered, the last one last
        self._entered: dict[tuple[int, int], list[AbstractContextManager[bool]]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        """Enter the context manager; try again and again if `hold` tries only once."""
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            # read before the attempt: an attempt that began before the deadline is not the last one
            last = self._contract.hold_timeout or time.monotonic() >= deadline
            with Attempt() as attempt:
                answer = self._enter(year, month, timeout_ms)
                if last or answer is not False:
                    return answer
            if attempt.error and (last or self._contract.on_timeout not in error_names(attempt.error)):
                raise attempt.error
            time.sleep(max(0.0, min(deadline - time.monotonic(), RETRY_S)))

    def _enter(self, year: int, month: int, timeout_ms: int) -> bool:
        manager: AbstractContextManager[bool] = self._client.hold(year, month, timeout_ms)
        acquired = manager.__enter__()
        if acquired is True:
            self._entered.setdefault((year, month), []).append(manager)
        else:
            manager.__exit__(None, None, None)
        return acquired

    def release(self, year: int, month: int) -> bool:
        """Leave the context manager that was entered last; return False if there is none."""
        entered = self._entered.get((year, month))
        if not entered:
            return False
        manager = entered.pop()
        if not self._contract.counts_holds:
            # one release frees the month, however often it was acquired
            entered.clear()
        manager.__exit__(None, None, None)
        return True


def with_acquire(client: Any, contract: Contract) -> tuple[Any, Contract]:
    """Return a client with `acquire` and `release`, and its contract: those of the lock, unless it only has `hold`."""
    if callable(getattr(client, "acquire", None)) or not callable(getattr(client, "hold", None)):
        return client, contract
    return HoldOnlyClient(client, contract), replace(contract, release="bool")
