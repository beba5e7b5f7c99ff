"""Programs and scenarios as Python code: the text of a scenario file."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from lock_harness import programs
from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.core.verdict import Bounds
from lock_harness.programs import steps as helpers

MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
SCHEDULERS = ("Access", "Pct", "Random", "Recorded", "SleepSet")
INDENT = "    "


def scenario_source(program: Program, bounds: Bounds, doc: Sequence[str]) -> str:
    """Return the text of a scenario file that runs a program.

    `doc`: the paragraphs of its docstring.
    """
    names = _month_names(program.months)
    code = _program(program, names)
    arguments = [code] if bounds == Bounds() else [code, f"bounds={_call('Bounds', _changed(bounds, ()))}"]
    body = "".join(f"{INDENT}{_indented(one)},\n" for one in arguments)
    constants = "".join(f"{name} = Month({month.year}, {month.month})\n" for month, name in names.items())
    imports = _import_line(body, constants)
    return f'"""{_docstring(doc)}"""\n\n{imports}\n{constants}\nSCENARIO = Scenario(\n{body})\n'


def _month_names(months: Sequence[Month]) -> dict[Month, str]:
    """Return the name of the constant of each month."""
    if len(months) == 1:
        return {months[0]: "MONTH"}
    return {month: f"{MONTH_NAMES[month.month - 1]}_{month.year}" for month in months}


def _program(program: Program, names: dict[Month, str]) -> str:
    """Return the expression of a program: a call of `program` or `at_gate` if that is enough, or of `Program`."""
    steps = [_step(step, names) for step in program.steps]
    if program.steps and program.mode == "lockstep" and helpers.program(*program.steps) == program:
        return _lines("program", steps)
    if program.steps and program.mode == "gate":
        choices = program.choices
        if helpers.at_gate(*program.steps, choices=choices) == program:
            return _lines("at_gate", [*steps, *([f"choices={choices!r}"] if choices else [])])
    months = "".join(f"{names[month]}, " for month in program.months).rstrip()
    fields = [
        f"actors={program.actors}",
        f"months=({months})" if program.months else "months=()",
        f"steps=({_block(steps)})" if steps else "steps=()",
        *(f"{name}={_value(value)}" for name, value in _changed(program, ("actors", "months", "steps"))),
    ]
    return _lines("Program", fields)


def _step(step: Step, names: dict[Month, str]) -> str:
    """Return the expression of a step: a call of its function, if that returns the same step."""
    if isinstance(step, Fault):
        if step == helpers.crash(step.actor):
            return f"crash({step.actor})"
        return _call("Fault", [("", step.actor), ("", step.kind), *_changed(step, ("actor", "kind"))])
    return _by_function(step, names) or _by_class(step, names)


def _by_function(step: Operation, names: dict[Month, str]) -> str | None:
    function: Callable[..., Step] | None = getattr(
        helpers, {"list": "list_locks"}.get(step.verb, step.verb), None
    )
    if function is None:
        return None
    positional: list[object] = [step.actor]
    if step.month is not None and step.verb not in ("list", "inspect", "reopen", "join"):
        positional.append(step.month)
    if step.verb in ("acquire", "hold"):
        positional.append(step.timeout_ms)
    options = {"acquire": ("pending",), "hold": ("raises", "sql_error")}.get(step.verb, ())
    keywords = {name: True for name in options if getattr(step, name)}
    try:
        same = function(*positional, **keywords) == step
    except TypeError:
        return None
    if not same:
        return None
    texts = [names[value] if isinstance(value, Month) else repr(value) for value in positional]
    return f"{function.__name__}({', '.join([*texts, *(f'{name}=True' for name in keywords)])})"


def _by_class(step: Operation, names: dict[Month, str]) -> str:
    parts = [str(step.actor), f'"{step.verb}"']
    if step.month is not None:
        parts.append(names[step.month])
    fields = _changed(step, ("actor", "verb", "month"))
    return f"Operation({', '.join([*parts, *(f'{name}={_value(value)}' for name, value in fields)])})"


def _changed(struct: msgspec.Struct, without: Iterable[str]) -> list[tuple[str, object]]:
    """Return the fields of a struct that do not have their defaults, except those of `without`."""
    return [
        (field.name, getattr(struct, field.name))
        for field in msgspec.structs.fields(struct)
        if field.name not in without and getattr(struct, field.name) != field.default
    ]


def _value(value: object) -> str:
    """Return the expression of a value; schedulers are written as calls of their classes."""
    if isinstance(value, msgspec.Struct):
        return _call(type(value).__name__, _changed(value, ()))
    return f'"{value}"' if isinstance(value, str) and '"' not in value else repr(value)


def _call(name: str, arguments: Sequence[tuple[str, object]]) -> str:
    return (
        f"{name}({', '.join(f'{key}={_value(value)}' if key else _value(value) for key, value in arguments)})"
    )


def _lines(name: str, arguments: Sequence[str]) -> str:
    return f"{name}({_block(arguments)})"


def _block(parts: Sequence[str]) -> str:
    """Return the parts on lines of their own."""
    return "".join(["\n", *(f"{INDENT}{_indented(part)},\n" for part in parts)])


def _indented(text: str) -> str:
    return text.replace("\n", f"\n{INDENT}")


def _import_line(*texts: str) -> str:
    """Return the imports of the names that the texts use."""
    whole = " ".join(texts)
    used = ["Scenario", *(name for name in programs.__all__ if name != "Scenario" and f"{name}(" in whole)]
    schedulers = [name for name in SCHEDULERS if f"{name}(" in whole]
    first = f"from lock_harness.core.schedule import {', '.join(schedulers)}\n" if schedulers else ""
    ordered = sorted(used, key=lambda name: (name[0].islower(), name))
    return f"{first}from lock_harness.programs import {', '.join(ordered)}\n"


def _docstring(paragraphs: Sequence[str]) -> str:
    """Return the paragraphs of a docstring."""
    text = "\n\n".join(paragraphs).replace("\\", "/").replace('"', "'")
    return f"{text}\n" if len(paragraphs) > 1 else text
