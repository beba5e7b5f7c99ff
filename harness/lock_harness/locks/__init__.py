"""The interface of a lock, the reference month lock, and how other locks are found."""
