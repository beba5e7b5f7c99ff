"""The command `doctor`."""

from rich.text import Text

from lock_harness.frontends import parameters
from lock_harness.frontends.terminal import console
from lock_harness.frontends.values import named_dsn
from lock_harness.servers.environment import from_environment

MARKS = {"good": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "bold red")}


def examine(*, pg: parameters.NamedServer = None) -> int:
    """Examine whether session locks can work on a server, and how many workers fit there.

    Finds poolers that break locks, missing rights, settings that end sessions, and limits on connections. Exit code 1 if
    session locks cannot work.
    """
    dsn = named_dsn(pg)
    if pg is None and (found := from_environment()):
        console.print(f"named by {found.variables}")
    from lock_harness.servers import doctor

    fit = True
    for diagnosis in doctor.examine(dsn):
        line = Text.assemble(MARKS[diagnosis.level], f" {diagnosis.subject:<14}", diagnosis.text)
        console.print(line, soft_wrap=True)
        fit = fit and diagnosis.level != "bad"
    return 0 if fit else 1
