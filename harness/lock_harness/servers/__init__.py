"""Live servers: where they come from, what they say, whose months are whose."""
