"""lock-harness."""
