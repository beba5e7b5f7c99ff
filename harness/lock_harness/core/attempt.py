"""Run foreign code, such as a lock or a scenario file, and keep the exception that it raises."""

from types import TracebackType
from typing import Self


class Attempt:
    """A context that keeps an exception of the lock under test in `error`: there it is data, not a failure."""

    error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, Exception):
            self.error = error
            return True
        return False
