"""Whether some order of the calls on a month explains every answer. No I/O."""
