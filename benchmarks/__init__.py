"""Benchmarks of the harness on this machine.  Run `python -m benchmarks` or `nox -s benchmarks`."""
