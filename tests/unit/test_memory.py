"""What is remembered, and that it is not too much."""

from lock_harness.wire.memory import Memory


def test_it_keeps_so_many_and_begins_anew() -> None:
    memory: Memory[int, str] = Memory(2)
    memory.keep(1, "a")
    memory.keep(2, "b")
    assert (memory.get(1), memory.get(2), memory.get(3)) == ("a", "b", None)
    memory.keep(3, "c")
    assert (memory.get(1), memory.get(3)) == (None, "c")
    memory.clear()
    assert memory.get(3) is None
