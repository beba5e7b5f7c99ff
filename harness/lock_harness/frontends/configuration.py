"""The table `[tool.lock-harness]` of pyproject.toml: values for options that the command line leaves out."""

import os
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from lock_harness.core.errors import UserError, one_line
from lock_harness.servers.environment import OWN_VARIABLE

if TYPE_CHECKING:
    from cyclopts import App
    from cyclopts.argument import Argument, ArgumentCollection

FILE = "pyproject.toml"
NAME = "lock-harness"

Kind = Literal["text", "number", "flag", "list", "path"]
MEANING: Mapping[Kind, str] = {
    "text": "a string",
    "number": "a whole number",
    "flag": "true or false",
    "list": "a list of strings",
    "path": "a path, as a string",
}

LOCK_KEYS = ("lock", "lock-command", "contract")
# the keys that a command reads; `run` has an option for every key
KEYS_OF_COMMAND = {
    "contract": (*LOCK_KEYS, "pg"),
    "replay": ("pg",),
    "list": ("pg",),
    "locks": ("pg",),
    "doctor": ("pg",),
}
NEEDS_ADDRESS = ("locks", "doctor")
NO_ADDRESSES = ("embedded", "container", "none")


class Table(NamedTuple):
    """The table `[tool.lock-harness]` of a file."""

    file: Path
    values: Mapping[str, object]

    def texts(self, key: str, kind: Kind) -> list[str]:
        """Return the value of a key as an option takes it, one text for each time that it is given.

        `UserError` if the value has another type.  A relative path is below the folder of the file.
        """
        value = self.values[key]
        if kind == "list" and isinstance(value, list) and all(isinstance(one, str) for one in value):
            return [*value]
        if kind == "flag" and isinstance(value, bool):
            return ["true"] if value else []
        if kind in ("text", "number") and isinstance(value, int) and not isinstance(value, bool):
            return [str(value)]
        if kind == "text" and isinstance(value, str):
            return [value]
        if kind == "path" and isinstance(value, str):
            folder = self.file.parent
            return [value if folder == Path.cwd() else str(folder / value)]
        raise UserError(f"{self} {key} = {value!r} must be {MEANING[kind]}")

    def require_known(self, keys: Collection[str]) -> None:
        """Raise `UserError` if the table has another key than these."""
        for key in self.values:
            if key not in keys:
                close = get_close_matches(key, keys, 1)
                hint = f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join(sorted(keys))}"
                raise UserError(f"{self} has no key {key!r}: {hint}")

    def __str__(self) -> str:
        here = Path.cwd()
        shown = self.file.relative_to(here) if self.file.is_relative_to(here) else self.file
        return f"{shown}: [tool.{NAME}]"


def find_table(start: Path) -> Table | None:
    """Return the table of the nearest pyproject.toml that has one, in `start` or a folder above; None if none has."""
    for folder in (start, *start.parents):
        file = folder / FILE
        if file.is_file() and (values := _read(file)) is not None:
            return Table(file, values)
    return None


def _read(file: Path) -> Mapping[str, object] | None:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}") from None
    # most projects have no table, and need no parser
    if NAME.encode() not in content:
        return None
    import tomllib

    try:
        found = tomllib.loads(content.decode()).get("tool", {}).get(NAME)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not valid TOML: {one_line(error)}") from None
    if found is not None and not isinstance(found, dict):
        raise UserError(f"{file}: tool.{NAME} must be a table")
    return found


def keys_to_use(table: Table, keys: Collection[str], given: Collection[str]) -> list[str]:
    """Return those of `keys` whose value in the table counts, when the options `given` are on the command line.

    The keys of the lock belong together: another lock on the command line has its own contract.  The variable of the
    harness names the server before the table does.
    """
    unused = {*given}
    if unused & {"lock", "lock-command"}:
        unused |= {*LOCK_KEYS}
    if os.environ.get(OWN_VARIABLE):
        unused.add("pg")
    return [key for key in keys if key in table.values and key not in unused]


def apply_table(_app: "App", commands: tuple[str, ...], arguments: "ArgumentCollection") -> None:
    """Give the arguments of a command that the user left out the values of the table; cyclopts calls this."""
    from cyclopts import Token

    command = commands[0] if commands else ""
    if command != "run" and command not in KEYS_OF_COMMAND:
        return
    table = find_table(Path.cwd())
    if table is None:
        return
    options = {key_of(argument): argument for argument in arguments}
    if command == "run":
        table.require_known(options)
    given = [key for key, argument in options.items() if argument.tokens]
    for key in keys_to_use(table, KEYS_OF_COMMAND.get(command, options), given):
        texts = table.texts(key, kind_of(options[key]))
        if command in NEEDS_ADDRESS and texts[0] in NO_ADDRESSES:
            continue
        for index, text in enumerate(texts):
            options[key].append(Token(keyword=key, value=text, source=str(table), index=index))


def key_of(argument: "Argument") -> str:
    """Return the key for an argument: its long option, or its name if it is no option."""
    options = [name for name in argument.names if name.startswith("--")]
    return options[0].removeprefix("--") if options else argument.name.lower()


def kind_of(argument: "Argument") -> Kind:
    """Return which values the key of an argument may have."""
    hint = argument.hint
    if argument.field_info.kind is argument.field_info.VAR_POSITIONAL or hint == list[str]:
        return "list"
    if hint is bool:
        return "flag"
    if hint in (Path, Path | None):
        return "path"
    return "number" if hint in (int, int | None) else "text"
