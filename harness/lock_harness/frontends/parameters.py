"""The parameters of the commands, with their help texts.  A default that is not None is added by cyclopts."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from lock_harness.servers.environment import OWN_VARIABLE, VARIABLE

ScenarioNames = Annotated[
    str,
    Parameter(
        help="Scenarios, folders of scenarios, or patterns such as 'through_*' and 'planted/row_*'. "
        "Default: all that are neither planted nor on request.",
    ),
]
ListedNames = Annotated[
    str,
    Parameter(help="Scenarios, folders of scenarios, or patterns such as 'through_*'. Default: all."),
]
Skip = Annotated[
    list[str],
    Parameter("--skip", help="Leave this scenario, folder or pattern out. May be repeated.", negative=()),
]
Examples = Annotated[
    int | None, Parameter(help="Number of examples of each drawn scenario. Default: the scenario's.")
]
TimeLimit = Annotated[
    str | None,
    Parameter(
        "--for",
        help="Time for the whole run, such as 90s or 5m. Default: until each scenario has run its examples.",
    ),
]
Seed = Annotated[
    int | None, Parameter(help="Seed of the draws; the same seed draws the same. Default: a random one.")
]
Lanes = Annotated[
    str,
    Parameter(
        ["-n", "--lanes"],
        help="Number of lanes, processes that run examples side by side; 'auto' fits the machine.",
    ),
]
ExitFirst = Annotated[
    bool, Parameter(["-x", "--exitfirst"], help="End the run at the first finding.", negative=())
]
FailOnSkip = Annotated[
    bool,
    Parameter(help="Exit with code 3 if a scenario was skipped, or too little of it was run.", negative=()),
]
AsJson = Annotated[
    bool, Parameter("--json", help="Print the results as JSON; everything else goes to stderr.", negative=())
]
YearRange = Annotated[str, Parameter(help="Years whose months may be locked.")]
ReleaseMs = Annotated[
    int | None,
    Parameter(
        help="Time in ms until the locks of a dead client must be free. Default: the scenario's bound."
    ),
]
Reports = Annotated[Path, Parameter(help="Folder for saved runs.")]
Memory = Annotated[Path, Parameter(help="Folder for failures, which later runs try first.")]
Known = Annotated[
    Path | None,
    Parameter(help="TOML file of accepted findings, which do not make the run fail. Default: none."),
]
SavedRun = Annotated[Path, Parameter(help="The saved run.json, or its folder.")]
Times = Annotated[int, Parameter(help="How many times to run it.")]
LockName = Annotated[
    str | None,
    Parameter("--lock", help="The lock under test, as package.module:attr. Default: the reference lock."),
]
LockCommand = Annotated[
    str | None,
    Parameter("--lock-command", help="The lock under test, as a program that speaks JSON lines."),
]
ContractFields = Annotated[
    list[str],
    Parameter(
        "--contract",
        help="KEY=VALUE: what the lock promises, such as reentrant=refused; replaces what it declares. May be repeated.",
        negative=(),
    ),
]
# which variables name a server, as help texts say it
BY_VARIABLES = f"${OWN_VARIABLE}, ${VARIABLE}, $PGSERVICE, or $PGHOST with $PGDATABASE"
ServerChoice = Annotated[
    str | None,
    Parameter(
        "--pg",
        help="The server: a connection string, 'embedded', 'container', or 'none'. "
        f"Default: {BY_VARIABLES}, or else an embedded server that is started for the command.",
    ),
]
NamedServer = Annotated[
    str | None, Parameter("--pg", help=f"The server: a connection string. Default: {BY_VARIABLES}.")
]
TerminatePid = Annotated[
    int | None, Parameter(help="End the session of this process id, which frees its locks.")
]
AllDatabases = Annotated[bool, Parameter(help="Show the locks of all databases of the server.", negative=())]
Yes = Annotated[bool, Parameter(help="Do not ask.", negative=())]
