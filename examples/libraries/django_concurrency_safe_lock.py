"""django-concurrency-safe: a session is Django's default connection; the library offers a `with` block only."""

import contextlib

import concurrency_safe

from examples.libraries.django_session import Session
from lock_harness.locks import Contract


class DjangoConcurrencySafe(Session):
    contract = Contract(release="silent", on_timeout="LockAcquireTimeout", late_ms=50)

    @contextlib.contextmanager
    def hold(self, year, month, timeout_ms):
        with concurrency_safe.lock(f"{year}-{month}", timeout=timeout_ms / 1000):
            yield True
