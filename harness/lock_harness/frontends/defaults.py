"""Defaults that the help texts show."""

from pathlib import Path

# the folder for saved runs
REPORTS = Path("reports")
