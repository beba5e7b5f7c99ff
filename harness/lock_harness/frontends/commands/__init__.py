"""The commands, one module each: its options, and its help.

A module imports at the top only what the options need, so that help and mistakes in options take little time.  The
command imports the rest when it runs.
"""
