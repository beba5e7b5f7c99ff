"""The interface of a lock, the reference month lock, and how other locks are found."""

from lock_harness.core.contract import Contract

__all__ = ["Contract"]
