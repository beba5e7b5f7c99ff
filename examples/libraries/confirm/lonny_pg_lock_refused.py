"""lonny-pg-lock 1.5: a refused guard deletes the row of the holder, so the next one gets the lock beside the holder."""

import sys

from lonny_pg import Connection
from lonny_pg_lock import Lock

connections = [Connection(sys.argv[1]) for _ in range(3)]
Lock.setup(connections[0])
first, second, third = (Lock(connection).guard("month") for connection in connections)
with first as one:
    with second as two:
        pass
    with third as three:
        print("while the first guard runs, the second and the third answered:", two, three)
assert (one, two, three) == (True, False, True)
