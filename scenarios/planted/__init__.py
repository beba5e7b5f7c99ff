"""Broken locks, each in a scenario that must catch it."""
