"""From a scenario to a run: search, confirm, shrink, repeat."""
