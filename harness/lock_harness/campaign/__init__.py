"""One run of many scenarios: what to do next, on which lane, and what was found."""
