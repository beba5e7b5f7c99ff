"""Locks of legitimate designs, each with the contract that it keeps.  The full standard run must not blame them."""
