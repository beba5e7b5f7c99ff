"""The contract of a lock: what it promises where locks legitimately differ.  Plain data."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Literal

import msgspec

from lock_harness.core.errors import UserError
from lock_harness.core.verdict import Bounds

Reentrancy = Literal["counted", "once", "refused", "raises"]
"""The outcome of an acquire by a session that holds the month already.

counted  it succeeds; the month is free after as many releases as acquires
once     it succeeds; one release frees the month
refused  it answers False
raises   it raises an exception
"""

NO_ERROR = "false"
"""The value of `Contract.on_timeout` for a lock that answers False."""


def is_error_name(name: str) -> bool:
    """Return whether `name` can be the name of an exception class, with or without its module."""
    return name.replace(".", "").isidentifier()


class Contract(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a lock promises where locks legitimately differ.  The defaults are those of a lock that declares nothing.

    Attributes:
        reentrant: The outcome of an acquire by a session that holds the month already.
        release: `bool`: it returns whether the session held the month.  `silent`: it returns nothing.  `raises`: it
            returns nothing, and raises an exception if the session did not hold the month.
        on_timeout: `false`, or the name of the exception class that an acquire raises when its timeout is over.
        late_ms: How much later than its timeout an acquire may return, and how much later than a release a waiting
            acquire may get the month.  A lock that polls once a second declares 1000.
        min_timeout_ms: The shortest timeout that the lock can be asked for.  Shorter ones are raised to it.
        hold_timeout: Whether `hold` waits for its timeout; otherwise it tries once.
        reports_loss: Whether `hold` raises an exception if the month was lost before its body ended.
        lease_ms: How long the lock may outlive a client that cannot renew it: one that died, was stopped or lost its
            connection.  A client that runs keeps its lock.  None: the lock ends with its session.
        evidence: `advisory`: `pg_locks` shows each hold as an advisory lock of the session.  `none`: it does not.

    Raises:
        ValueError: A value is out of range.
    """

    reentrant: Reentrancy = "counted"
    release: Literal["bool", "silent", "raises"] = "bool"
    on_timeout: str = NO_ERROR
    late_ms: int = 0
    min_timeout_ms: int = 0
    hold_timeout: bool = True
    reports_loss: bool = False
    lease_ms: int | None = None
    evidence: Literal["advisory", "none"] = "advisory"

    def __post_init__(self) -> None:
        for name in ("late_ms", "min_timeout_ms", "lease_ms"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{name} must be 0 or more, not {value}")
        if not is_error_name(self.on_timeout):
            raise ValueError(
                f"on_timeout must be false or the name of an exception class, not {self.on_timeout!r}"
            )

    @property
    def refuses_holder(self) -> bool:
        """Whether a session that holds the month does not get it again."""
        return self.reentrant in ("refused", "raises")

    @property
    def counts_holds(self) -> bool:
        """Whether a session that acquired the month twice holds it until it has released it twice."""
        return self.reentrant == "counted"

    def bounds(self, bounds: Bounds) -> Bounds:
        """Return the bounds on time that apply to a lock with this contract."""
        return msgspec.structs.replace(
            bounds,
            release_ms=bounds.release_ms + (self.lease_ms or 0),
            late_ms=bounds.late_ms + self.late_ms,
            handover_ms=bounds.handover_ms + self.late_ms,
        )

    def __str__(self) -> str:
        """Return the fields that differ from the defaults, as options of the command line."""
        return ", ".join(
            f"{name}={value}" for name, value in as_options(self).items() if name in changes(self)
        )


DEFAULT = Contract()
FIELDS = Contract.__struct_fields__


def changes(contract: Contract) -> dict[str, str | int | bool]:
    """Return the fields that differ from the defaults."""
    # `omit_defaults` compares by identity, so it keeps a text that is equal to the default
    values = msgspec.structs.asdict(contract)
    return {name: value for name, value in values.items() if value != getattr(DEFAULT, name)}


def as_options(contract: Contract) -> dict[str, str]:
    """Return every field as the value of an option of the command line, which `with_changes` accepts."""
    return {name: msgspec.json.encode(getattr(contract, name)).decode().strip('"') for name in FIELDS}


def parse_options(options: Sequence[str]) -> dict[str, str]:
    """Return the values of `--contract KEY=VALUE` options; raise `UserError` for one that no contract can have."""
    values: dict[str, str] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            raise UserError(f"--contract {option!r} is not of the form KEY=VALUE, such as reentrant=refused")
        if name not in FIELDS:
            close = get_close_matches(name, FIELDS, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(FIELDS)}"
            raise UserError(f"--contract {option!r}: a contract has no {name!r}; {hint}")
        values[name] = value.removeprefix("raises ") if name == "on_timeout" else value
    with_changes(DEFAULT, values)
    return values


def with_changes(contract: Contract, values: Mapping[str, str]) -> Contract:
    """Return `contract` with the values of options; raise `UserError` if one has the wrong type or is out of range."""
    if not values:
        return contract
    try:
        return msgspec.convert({**msgspec.to_builtins(contract), **values}, Contract, strict=False)
    except msgspec.ValidationError as error:
        raise UserError(f"--contract: {error}") from None


def declared(value: object) -> Contract:
    """Return the contract that a lock declares by `value`: a `Contract`, a mapping of its fields, or None.

    Raises:
        UserError: The value is no contract.
    """
    if value is None:
        return DEFAULT
    if not isinstance(value, Contract | Mapping):
        raise UserError(f"the lock's contract is {value!r}: declare it as Contract(...)")
    try:
        return msgspec.convert(msgspec.to_builtins(value), Contract)
    except (msgspec.ValidationError, TypeError) as error:
        raise UserError(f"the lock's contract: {error}") from None
