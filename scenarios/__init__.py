"""Scenarios, one to a file; `planted` has locks that are broken on purpose."""
