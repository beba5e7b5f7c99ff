"""Scenarios, one to a file; under planted/ with a broken lock that must be caught."""
