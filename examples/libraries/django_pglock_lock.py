"""django-pglock: a session is Django's default connection."""

import pglock

from examples.libraries.django_session import Session
from lock_harness.locks import Contract


class DjangoPglock(Session):
    contract = Contract(release="silent")

    def block(self, year, month, timeout_ms):
        return pglock.advisory(f"{year}-{month}", timeout=timeout_ms / 1000)

    def acquire(self, year, month, timeout_ms):
        return self.block(year, month, timeout_ms).acquire()

    def release(self, year, month):
        return self.block(year, month, 0).release()
