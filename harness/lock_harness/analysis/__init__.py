"""The parts that checks, figures and reports share: the calls and holds of a history.  No I/O."""
