"""Find out, by statements in a session, which of its settings were changed and whether a transaction is open."""

from collections.abc import Callable

from lock_harness.actors.session import Session
from lock_harness.core.attempt import Attempt
from lock_harness.core.history import SessionState

# each transaction has another id, so two statements with the same id are in one transaction
_TRANSACTION = """
SELECT virtualtransaction FROM pg_catalog.pg_locks
 WHERE locktype = 'virtualxid' AND mode = 'ExclusiveLock' AND pid = pg_catalog.pg_backend_pid() LIMIT 1
"""

# a setting with the value that RESET would give it counts as unchanged, whether it was set or not
_CHANGED_SETTINGS = """
SELECT coalesce(pg_catalog.string_agg(name || '=' || setting, chr(10) ORDER BY name), '')
  FROM pg_catalog.pg_settings WHERE source = 'session' AND setting <> reset_val
"""

IN_TRANSACTION = "an open transaction"


class SessionInspector:
    """Compares the session of an actor with a new one.

    Args:
        session: The actor's first session, which is new.  None if no program inspects it: to read its state takes longer
            than all the rest that a new session does.
    """

    def __init__(self, session: Session | None) -> None:
        self._new_state: SessionState = ()
        if session is not None and "inspect" in session.verbs():
            self._new_state = inspect_session(session.execute, holds=False)
        self._first_state = self._new_state

    def begin_program(self, session: Session) -> None:
        """Undo the changes that the lock made in earlier programs, for a program in which the session is inspected."""
        with Attempt():
            self._first_state = inspect_session(session.execute, holds=False)
            if self._first_state == self._new_state:
                return
        # an error is reported by the next inspection in the program
        with Attempt():
            restore_session(session.execute, self._new_state)
            self._first_state = inspect_session(session.execute, holds=False)

    def note_reopened(self) -> None:
        """Note that the session is a new one."""
        self._first_state = self._new_state

    def inspect(self, session: Session, *, holds: bool) -> tuple[SessionState, SessionState]:
        """Return the state before the first step, or when the session was opened later, and the state now."""
        return self._first_state, inspect_session(session.execute, holds=holds)


def inspect_session(execute: Callable[[str], object], *, holds: bool) -> SessionState:
    """Return the state of a session by statements that `execute` runs in it.

    A session whose client begins transactions by itself is in one now.  It is rolled back, unless the session `holds` a
    month: the lock may be in that transaction.
    """
    first = _text(execute(_TRANSACTION))
    settings = _text(execute(_CHANGED_SETTINGS)).split("\n")
    in_transaction = _text(execute(_TRANSACTION)) == first
    if in_transaction and not holds:
        execute("ROLLBACK")
    return (*filter(None, settings), *([IN_TRANSACTION] if in_transaction else []))


def restore_session(execute: Callable[[str], object], state: SessionState) -> None:
    """End an open transaction, reset all settings, and change those of `state` again."""
    execute("ROLLBACK")
    execute("RESET ALL")
    for change in state:
        name, equals, value = change.partition("=")
        if equals:
            quoted = value.replace("'", "''")
            execute(f"SELECT pg_catalog.set_config('{name}', '{quoted}', false)")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(
            f"execute returned {value!r}, which is not the text of the first value of the first row"
        )
    return value
