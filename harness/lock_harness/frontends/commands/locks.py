"""The command `locks`."""

import sys
from typing import TYPE_CHECKING, Any

from lock_harness.core.errors import UserError
from lock_harness.frontends import parameters
from lock_harness.frontends.terminal import console, print_json
from lock_harness.frontends.values import named_dsn

if TYPE_CHECKING:
    import psycopg


def locks(
    *,
    terminate: parameters.TerminatePid = None,
    yes: parameters.Yes = False,
    all_databases: parameters.AllDatabases = False,
    json: parameters.AsJson = False,
    pg: parameters.NamedServer = None,
) -> int:
    """Show which sessions hold or wait for advisory locks, or end a session that holds some.

    The age of a wait is exact. A lock of an idle session is at least (>=) as old as shown, another one at most (<=).
    """
    dsn = named_dsn(pg)
    from lock_harness.render.lock_table import lock_rows, lock_table
    from lock_harness.servers import address, holders

    with address.connect(dsn, "lock-harness locks") as conn:
        if terminate is not None:
            return _terminate(conn, terminate, ask=not yes)
        found, now = holders.lock_entries(conn, everywhere=all_databases), holders.clock_of(conn)
    if json:
        print_json(lock_rows(found, now))
    else:
        table = lock_table(found, now, databases=all_databases)
        console.print(table if found else "no advisory locks", crop=False)
    return 0


def _terminate(conn: "psycopg.Connection[Any]", pid: int, *, ask: bool) -> int:
    from rich.prompt import Confirm

    from lock_harness.servers import holders

    lock = holders.holder(conn, pid)
    session = f"pid {lock.pid} ({lock.application_name or 'no name'}, {lock.client}, {lock.state})"
    if ask and not sys.stdin.isatty():
        raise UserError(f"no terminal to ask whether to end {session}: add --yes to end it")
    if ask and not Confirm.ask(f"End the session of {session}?", console=console, default=False):
        console.print("nothing was done")
        return 0
    ended = holders.terminate(conn, pid)
    console.print(f"ended {session}" if ended else f"pid {pid} was gone already")
    return 0
