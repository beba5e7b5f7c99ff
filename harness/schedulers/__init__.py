"""Who moves next: one algorithm to a file."""
