"""django-concurrency-safe: a session is Django's default connection."""

import contextlib

import concurrency_safe

from examples.libraries.django_session import Session
from examples.libraries.with_blocks import WithBlocks
from lock_harness.locks import Contract


class DjangoConcurrencySafe(Session, WithBlocks):
    contract = Contract(on_timeout="LockAcquireTimeout", late_ms=50)

    @contextlib.contextmanager
    def block(self, year, month, timeout_ms):
        with concurrency_safe.lock(f"{year}-{month}", timeout=timeout_ms / 1000):
            yield True
