"""The help texts of the commands."""

import io

import pytest
from rich.console import Console

from lock_harness.frontends import cli

COMMANDS = ["", *(name for name in cli.app if not name.startswith("-"))]


def help_of(command: str) -> str:
    console = Console(file=io.StringIO(), width=80)
    cli.app.help_print([command] if command else [], console=console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_help_page_fits_a_narrow_terminal_and_shows_no_value_of_python(command: str) -> None:
    page = help_of(command)
    assert max(map(len, page.splitlines())) <= 80
    for value in ("False", "True", "None", "[]", "()"):
        assert f"[default: {value}]" not in page


def test_a_help_page_says_what_each_option_does_without_it() -> None:
    text = " ".join(help_of("run").replace("│", " ").split())
    for option, default in (
        ("--seed", "a random one"),
        ("--lanes", "auto"),
        ("--years", "2090-2099"),
        ("--reports", "reports"),
        ("--lock", "the reference lock"),
    ):
        assert f"Default: {default}" in text.split(f" {option} ", 1)[1].split(" --", 1)[0]
