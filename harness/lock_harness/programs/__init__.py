"""Programs and scenarios: how they are written, drawn, shrunk and translated. No I/O but for finding scenario files."""
