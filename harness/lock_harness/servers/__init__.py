"""Live servers: starting or reaching them, observing their sessions, and leasing months on them."""
