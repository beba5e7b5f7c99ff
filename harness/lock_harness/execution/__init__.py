"""Running one program: the arena, the actors, the modes, the faults."""
