"""The command `list`."""

from rich.text import Text

from lock_harness.frontends.terminal import console, print_notes


def list_scenarios() -> int:
    """List the scenarios, shipped and your own. Those under planted/ have a broken lock, which must be caught."""
    from lock_harness.frontends.known_scenarios import find_known_scenarios, replacement_notes, skipped_notes

    catalogue = find_known_scenarios()
    for name, file in catalogue.files.items():
        console.print(Text.assemble((f"{name:<36}", "bold"), file.about), soft_wrap=True)
    print_notes(replacement_notes(catalogue, catalogue.files))
    print_notes(skipped_notes(catalogue))
    return 0
