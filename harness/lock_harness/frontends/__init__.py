"""The command line, the pytest plugin, and the parts that they share."""
