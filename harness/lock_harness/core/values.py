"""Check values that a user wrote against their declared types."""

from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec


def check_fields(one: object, *names: str) -> None:
    """Raise `ValueError` for the first of these fields of a dataclass whose value is not of its type."""
    kinds = get_type_hints(type(one))
    for name in names:
        value = getattr(one, name)
        try:
            msgspec.convert(value, kinds[name])
        except msgspec.ValidationError:
            raise ValueError(f"{name} must be {_type_name(kinds[name])}, not {value!r}") from None


def _type_name(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if isinstance(kind, type) and not get_args(kind):
        return kind.__name__
    return str(kind).replace("collections.abc.", "").replace("typing.", "")


def check_struct(one: msgspec.Struct) -> None:
    """Raise `ValueError` if a field, at any depth, is not of its type."""
    try:
        msgspec.convert(msgspec.to_builtins(one), type(one))
    except msgspec.ValidationError as error:
        raise ValueError(f"in {type(one).__name__}(...): {error}") from None
