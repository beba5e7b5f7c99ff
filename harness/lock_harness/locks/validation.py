"""Whether the harness can call a lock: the mistakes that every call would show are found before the first one."""

import inspect
from collections.abc import Callable
from typing import Any

from lock_harness.core.errors import UserError
from lock_harness.locks.interface import REQUIRED

# the arguments of each method, all of which are positional
MONTH = ("year", "month")
ARGUMENTS = {
    "acquire": (*MONTH, "timeout_ms"),
    "release": MONTH,
    "close": (),
    "hold": (*MONTH, "timeout_ms"),
    "is_locked": MONTH,
    "all_locks": (),
    "key": MONTH,
    "count": MONTH,
    "execute": ("sql",),
    "believes": MONTH,
}


def require_usable(client: object) -> None:
    """Raise `UserError` if a lock client lacks a method, or one is asynchronous or takes other arguments."""
    if inspect.isawaitable(client):
        raise UserError(_asynchronous("the lock"))
    offered = [name for name in ARGUMENTS if callable(getattr(client, name, None))]
    required = ("close",) if "hold" in offered and "acquire" not in offered else REQUIRED
    for name in required:
        if name not in offered:
            raise UserError(
                f"it has no {name}(): a lock client needs acquire and release, or hold; and close"
            )
    for name in offered:
        _require_callable_with(getattr(client, name), name, ARGUMENTS[name])


def require_synchronous(open_client: Callable[..., Any]) -> None:
    """Raise `UserError` if the callable that opens a session is asynchronous."""
    if inspect.iscoroutinefunction(open_client):
        raise UserError(_asynchronous("the lock"))


def _require_callable_with(method: Callable[..., Any], name: str, arguments: tuple[str, ...]) -> None:
    if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(inspect.unwrap(method)):
        raise UserError(_asynchronous(f"its {name}()"))
    try:
        signature = inspect.signature(method)
    except (ValueError, TypeError):
        # a function of an extension module need not have one
        return
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise UserError(f"its {name}() must take ({', '.join(arguments)}): {error}") from None


def _asynchronous(what: str) -> str:
    return f"{what} is asynchronous, but the harness calls it as a function: run its coroutines in an event loop of its own"
