"""What checks, figures and reports share: the calls and holds of a history, and the sequential model. No I/O."""
