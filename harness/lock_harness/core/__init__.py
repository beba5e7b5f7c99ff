"""The data that everything else speaks in: programs, histories, verdicts, runs, faults; errors and the clock."""
