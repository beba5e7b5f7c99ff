"""The data types that all packages use: programs, histories, verdicts, runs, faults; errors and the clock."""
