"""The parameters of the commands, with their help texts.  Each text says what the default is."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from lock_harness.frontends.defaults import MEMORY, REPORTS
from lock_harness.servers.environment import OWN_VARIABLE, VARIABLE
from lock_harness.servers.years import DEFAULT_YEARS


def _option(help_text: str, *names: str) -> Parameter:
    """Return an option with this help text; by default its name is that of the parameter."""
    return Parameter(names or None, help=help_text, negative=(), show_default=False)


# which variables name a server, as help texts say it
BY_VARIABLES = f"${OWN_VARIABLE}, ${VARIABLE}, $PGSERVICE, or $PGHOST with $PGDATABASE"
MAY_BE_REPEATED = "May be given several times."

ScenarioNames = Annotated[
    str,
    _option(
        "Scenarios, folders of scenarios, or patterns such as 'through_*' and 'planted/row_*'. "
        "Default: all that are neither planted nor on request."
    ),
]
ListedNames = Annotated[
    str, _option("Scenarios, folders of scenarios, or patterns such as 'through_*'. Default: all.")
]
Skip = Annotated[
    list[str], _option(f"Leave out this scenario, folder or pattern. {MAY_BE_REPEATED}", "--skip")
]
Examples = Annotated[
    int | None, _option("Number of examples of each drawn scenario. Default: the scenario's own number.")
]
TimeLimit = Annotated[
    str | None,
    _option(
        "Time for the whole run, such as 90s, 5m or 2h. Default: until each scenario has run its examples.",
        "--for",
    ),
]
Seed = Annotated[
    int | None,
    _option("Seed of the random draws; the same seed draws the same programs. Default: a random one."),
]
Lanes = Annotated[
    str,
    _option(
        "Number of lanes, which are processes that run examples side by side. "
        "Default: auto, a number that fits the machine.",
        "-n",
        "--lanes",
    ),
]
ExitFirst = Annotated[
    bool,
    _option("End the run at the first finding. Default: look for others until the end.", "-x", "--exitfirst"),
]
FailOnSkip = Annotated[
    bool,
    _option(
        "Exit with code 3 if a scenario was skipped, or too little of it was run. Default: exit with code 0."
    ),
]
AsJson = Annotated[
    bool, _option("Print the results as JSON for programs; everything else goes to stderr.", "--json")
]
YearRange = Annotated[str, _option(f"Years whose months may be locked. Default: {DEFAULT_YEARS}.")]
ReleaseMs = Annotated[
    int | None,
    _option(
        "Time in milliseconds after which the locks of a dead client must be free. Default: the scenario's."
    ),
]
Reports = Annotated[Path, _option(f"Folder for saved runs. Default: {REPORTS}.")]
Memory = Annotated[
    Path,
    _option(f"Folder in which failures are remembered; later runs try them first. Default: {MEMORY}."),
]
Known = Annotated[
    Path | None,
    _option("TOML file of accepted findings, which do not make the run fail. Default: none."),
]
NewScenario = Annotated[str, Parameter(help="The name of the scenario, which must be new.")]
SavedRun = Annotated[Path, Parameter(help="The saved run.json, or a folder.")]
Times = Annotated[int, _option("How many times to run the program. Default: 10.")]
LockName = Annotated[
    str | None,
    _option("The lock under test, as package.module:attr. Default: the reference lock.", "--lock"),
]
LockOfReplay = Annotated[
    str | None,
    _option("The lock under test, as package.module:attr. Default: that of the saved run.", "--lock"),
]
LockCommand = Annotated[
    str | None,
    _option(
        "The lock under test, as the command line of a program that speaks JSON lines.", "--lock-command"
    ),
]
ContractFields = Annotated[
    list[str],
    _option(
        "What the lock promises, as KEY=VALUE, such as reentrant=refused. Default: what the lock declares. "
        f"{MAY_BE_REPEATED}",
        "--contract",
    ),
]
ServerChoice = Annotated[
    str | None,
    _option(
        "The server: a connection string, 'embedded', 'container', or 'none'. "
        f"Default: {BY_VARIABLES}; if none is set, an embedded server is started for the command.",
        "--pg",
    ),
]
NamedServer = Annotated[
    str | None, _option(f"The server, as a connection string. Default: {BY_VARIABLES}.", "--pg")
]
TerminatePid = Annotated[
    int | None,
    _option("End the session with this process id, which frees its locks. Default: only show the locks."),
]
AllDatabases = Annotated[
    bool,
    _option("Show the locks of all databases of the server. Default: those of the database in the address."),
]
Yes = Annotated[bool, _option("Do not ask before a session is ended. Default: ask.")]
