"""Findings that the user accepts: a TOML file with an identity and a reason for each."""

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lock_harness.core.errors import UserError, one_line

if TYPE_CHECKING:
    from lock_harness.campaign.findings import RunFinding
    from lock_harness.core.run import Run

EXAMPLE = '[[finding]] id = "3f9a1c2e", reason = "..."'
KEYS = ("id", "reason")


@dataclass(frozen=True)
class KnownFindings:
    """The accepted findings of a file, each with the reason why it is accepted."""

    file: Path = Path()
    reasons: Mapping[str, str] = field(default_factory=dict)

    def accepts(self, finding: "RunFinding") -> bool:
        """Return whether a finding is accepted, so that it does not fail a run."""
        return finding.id in self.reasons

    def accepted_only(self, findings: Iterable["RunFinding"]) -> frozenset[str]:
        """Return the scenarios that met accepted findings, and no other one."""
        found = list(findings)
        accepted = {name for one in found if self.accepts(one) for name in one.scenarios}
        return frozenset(
            accepted - {name for one in found if not self.accepts(one) for name in one.scenarios}
        )

    def disappeared(self, met: Collection[str], gone: Collection[str]) -> Iterator[str]:
        """Yield a line for each accepted finding that did not occur.

        Args:
            met: The findings that occurred.
            gone: The findings whose remembered programs were run often enough without failing.
        """
        for name, reason in self.reasons.items():
            if name in gone:
                yield f"known finding {name} did not occur any more: remove it from {self.file} ({reason})"
            elif name not in met:
                yield (
                    f"known finding {name} did not occur in this run: "
                    f"if it is fixed, remove it from {self.file} ({reason})"
                )


def without_accepted(runs: Iterable["Run"], scenarios: Collection[str]) -> list["Run"]:
    """Return the runs without the violations of these scenarios, which met accepted findings only."""
    return [run for run in runs if not (run.status == "violated" and run.scenario in scenarios)]


def read_known_findings(file: Path | None) -> KnownFindings:
    """Read the accepted findings of a file; none without one.  `UserError` says in one line what is wrong with it."""
    if file is None:
        return KnownFindings()
    try:
        table = tomllib.loads(file.read_text())
    except OSError as error:
        raise UserError(f"cannot read the known findings {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not a TOML file: {one_line(error)}") from None
    entries = table.pop("finding", [])
    if table:
        raise UserError(f"{file} has no key {next(iter(table))!r}: write each finding as {EXAMPLE}")
    if not isinstance(entries, list):
        raise UserError(f"{file}: finding = {entries!r} is not a list: write each finding as {EXAMPLE}")
    reasons: dict[str, str] = {}
    for number, entry in enumerate(entries, 1):
        name, reason = _checked(file, number, entry)
        if name in reasons:
            raise UserError(f"{file}: finding {number}: {name} occurs twice: remove one of them")
        reasons[name] = reason
    return KnownFindings(file, reasons)


def _checked(file: Path, number: int, entry: object) -> tuple[str, str]:
    """Return the identity and the reason of an entry; raise `UserError` if it is none."""
    where = f"{file}: finding {number}"
    if not isinstance(entry, dict):
        raise UserError(f"{where} is {entry!r}: write it as {EXAMPLE}")
    if unknown := [key for key in entry if key not in KEYS]:
        raise UserError(f"{where} has no key {unknown[0]!r}: the keys are {' and '.join(KEYS)}")
    name, reason = entry.get("id"), entry.get("reason")
    if not isinstance(name, str) or not re.fullmatch("[0-9a-f]{8}", name):
        raise UserError(
            f"{where}: id = {name!r} must be the 8 hex digits that a report shows, such as '3f9a1c2e'"
        )
    if not isinstance(reason, str) or not reason.strip():
        raise UserError(f'{where}: {name} has no reason: add reason = "...", which says why it is accepted')
    return name, one_line(reason)
