"""Render runs and locks as text.  Nothing in this package opens a file or a connection."""
