"""Imported by a fork server after everything else: prepares what it has imported for the processes that it forks."""

import gc

from psycopg import pq

from lock_harness.core.attempt import Attempt

# The first login of a process prepares the cryptography of libpq, which takes longer than the rest of the login.
with Attempt():
    pq.PGconn.connect_start(b"host=/nowhere").encrypt_password(b"password", b"user", b"scram-sha-256")

# A collection in a forked process would write to all objects, and so copy all their memory.
gc.collect()
gc.freeze()
