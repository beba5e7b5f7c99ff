"""Runs one program: `ProgramRun` has the sequence, and the arena, the team, the modes and the faults do the rest."""
