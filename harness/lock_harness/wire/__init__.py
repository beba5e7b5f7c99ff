"""The proxy between clients and the server: it reads PostgreSQL's protocol and injects network faults."""
