"""How fast the harness is on this machine: `python -m benchmarks`, or `nox -s benchmarks`."""
