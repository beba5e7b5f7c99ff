"""Imported by a fork server after everything else: prepares what it has imported for the processes that it forks."""

import gc

# A collection in a forked process would write to all objects, and so copy all their memory.
gc.collect()
gc.freeze()
