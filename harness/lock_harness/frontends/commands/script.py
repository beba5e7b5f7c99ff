"""The command `script`."""

from lock_harness.frontends import parameters


def script(path: parameters.SavedRun) -> int:
    """Print the failing program of a saved run.json as a Python script that does not need the harness."""
    from lock_harness.frontends.reports import load
    from lock_harness.render.script import script as script_of

    # as it is, without the wrapping and the colours of a console
    print(script_of(load(path)), end="")
    return 0
