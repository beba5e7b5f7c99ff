"""The cache of a connection is bounded."""

from lock_harness.wire.cache import BoundedCache


def test_a_full_cache_discards_all_entries() -> None:
    cache: BoundedCache[int, str] = BoundedCache(2)
    cache.put(1, "a")
    cache.put(2, "b")
    assert (cache.get(1), cache.get(2), cache.get(3)) == ("a", "b", None)
    cache.put(3, "c")
    assert (cache.get(1), cache.get(3)) == (None, "c")
    cache.clear()
    assert cache.get(3) is None
