"""Locks that are broken on purpose, each with the check that must catch it."""
