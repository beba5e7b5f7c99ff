"""The shipped scenarios, one per file; the locks in `planted` are broken on purpose."""
