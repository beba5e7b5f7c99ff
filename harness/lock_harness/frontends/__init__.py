"""What the command line and the pytest plugin have in common, and what is shown and shared out."""
