"""The years whose months are used."""

from typing import NamedTuple

from lock_harness.core.errors import UserError

# adjacent years that one harness leases: the months where keys collide lie in neighbouring years
BLOCK = 2


class Years(NamedTuple):
    """An inclusive range of years."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


DEFAULT_YEARS = Years(2090, 2099)


def parse_years(text: str) -> Years:
    """Parse a range such as `2090-2099`; raise `UserError` for anything else."""
    first, dash, last = text.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal()):
        raise UserError(f"--years {text!r} is not a range: write it as {DEFAULT_YEARS}")
    years = Years(int(first), int(last))
    if not (2000 <= years.first and years.first + BLOCK - 1 <= years.last <= 2099):
        raise UserError(f"--years {text!r} must lie within 2000-2099 and have at least {BLOCK} years")
    return years
