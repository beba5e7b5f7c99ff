"""Property-based concurrency tests for locks built on PostgreSQL."""
