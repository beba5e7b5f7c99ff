"""Functions that check or convert the value of an option."""

from lock_harness.core.errors import UserError
from lock_harness.servers.environment import EXAMPLE, OWN_VARIABLE, VARIABLE, from_environment


def check_positive(option: str, value: int | None) -> None:
    """Raise `UserError` if a number is given and less than 1."""
    if value is not None and value < 1:
        raise UserError(f"{option} {value} must be 1 or more")


def positive(option: str, value: int | None) -> int | None:
    """Return a number, if one is given; raise `UserError` if it is less than 1."""
    check_positive(option, value)
    return value


def parse_lanes(text: str) -> int | None:
    """Return a number of lanes, or None for `auto`; raise `UserError` for anything else."""
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UserError(f"-n {text} must be 1 or more, or auto")
    return int(text)


def parse_seconds(text: str | None) -> float | None:
    """Return the seconds of a time such as 90s, 5m or 2h; raise `UserError` for anything else."""
    if text is None:
        return None
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    if not number.isdecimal() or int(number) < 1:
        raise UserError(f"--for {text!r} is not a time: write it as 90, 90s, 5m or 2h")
    return int(number) * units[unit]


def named_dsn(pg: str | None) -> str:
    """Return the address of the server that the user named; raise `UserError` if there is none."""
    found = from_environment()
    dsn = pg or (found.choice if found else None)
    if dsn is None:
        raise UserError(
            f"name a server with --pg {EXAMPLE}, in {OWN_VARIABLE} or {VARIABLE}, or by PGSERVICE, "
            "or by PGHOST together with PGDATABASE"
        )
    from lock_harness.servers.named import resolve

    return resolve(dsn).dsn
