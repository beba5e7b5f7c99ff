"""The gate: a proxy that lets one message through at a time, and so controls the interleaving of all actors.

Read `states`, `tracked_actor` and `scheduler_core` first; the files of `schedulers` decide which actor moves next.
"""
