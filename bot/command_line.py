"""The command line: each command a thin function; what goes wrong is one sentence and a way out.

A command's module is loaded when the command is asked for: the service starts without what the others need.
"""

import gc
import os
import sys
from collections.abc import Callable
from functools import cache, wraps
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup
from typer.main import get_command, get_group

from bot.settings import CALLED_FROM, CHOSEN, for_chosen

COMMANDS = {
    "run": "run:run",
    "init": "setting_up:init",
    "calendar": "setting_up:calendar",
    "migrate": "setting_up:migrate",
    "wave": "asking:wave",
    "codes": "asking:codes",
    "doctor": "doctor:doctor",
    "keys": "keys:app",
    "school": "school:app",
    "goto": "goto:app",
    "away": "away:app",
    "absence": "absence:absence",
    "one-to-ones": "one_to_ones:app",
    "audit": "audit:app",
    "import": "importing:import_files",
    "person": "person:app",
    "basis": "basis:basis",
    "retention": "retention:retention",
    "letters": "letters:letters",
    "policy": "care:app",
    "closed": "care:closed",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "flag": "flag:flags",
    "fairness": "fairness:fairness",
    "impact": "impact:impact",
    "report": "report:report",
    "wording": "wording:wording",
    "questions": "questions:app",
    "whisper": "whisper:app",
    "anonymity": "anonymity:app",
}
"""Each command's name, and where in `bot.commands` its function or its family lies, as module:name."""

errors = Console(stderr=True)


class _Commands(TyperGroup):
    """The commands by name, each loaded when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 (typer's own, not public)
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        return command(cmd_name) if cmd_name in COMMANDS else None


@cache
def command(name: str) -> Any:  # noqa: ANN401
    """Load one command, or one family of commands, by its name in COMMANDS; each is loaded once."""
    module, _, part = COMMANDS[name].partition(":")
    found = getattr(import_module(f"bot.commands.{module}"), part)
    gc.freeze()
    gc.enable()
    if isinstance(found, typer.Typer):
        _place_paths(found)
        loaded: Any = get_group(found)
    else:
        alone = typer.Typer(add_completion=False)
        alone.command()(found)
        _place_paths(alone)
        loaded = get_command(alone)
    loaded.name = name
    return loaded


def _place_paths(family: typer.Typer) -> None:
    """Have each command of a family take its files and folders from where the command line was called."""
    for one in family.registered_commands:
        if one.callback is not None:
            one.callback = _with_paths_placed(one.callback)
    for group in family.registered_groups:
        if group.typer_instance is not None:
            _place_paths(group.typer_instance)


def _with_paths_placed(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def placed(*values: Any, **named: Any) -> Any:  # noqa: ANN401
        return function(*map(_placed, values), **{name: _placed(value) for name, value in named.items()})

    return placed


def _placed(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Path):
        # The launcher goes to Earshot's folder; without it, the folder one stands in is the one that is meant.
        return Path(os.environ.get(CALLED_FROM, "")) / value
    return [_placed(one) for one in value] if isinstance(value, list) else value


app = typer.Typer(
    name="earshot",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def choose(
    school: Annotated[
        str, typer.Option("--school", help="Which school, where there are several: see `earshot school add`.")
    ] = "",
) -> None:
    """Earshot: short check-ins for pupils, a way to be heard, and nudges for those who can help."""
    CHOSEN.set(school)


def main() -> None:
    """Run the command line; a problem is one sentence on standard error and exit status 1."""
    try:
        app(prog_name="earshot")
    except Exception as error:
        _say(for_chosen(_sentence(error)))
        sys.exit(1)


def _sentence(error: Exception) -> str:
    # Here, for these know every part of Earshot.
    from bot.opening import problem_of
    from bot.problems import PROBLEMS
    from store.sealing import Unreadable

    if isinstance(error, PROBLEMS):
        return str(error)
    if isinstance(error, Unreadable):
        return f"A row of the database was damaged ({error}). Put back a backup, or ask for help with this line"
    # A traceback could hold a name or an answer; the place in the program is enough to mend it by.
    return problem_of(error)


def _say(sentence: str) -> None:
    # A file's name stays as it was given.
    first = sentence.split(" ", 1)[0]
    given = {name for argument in sys.argv[1:] for name in (argument, Path(argument).name)}
    if "." not in first and first not in given:
        sentence = sentence[:1].upper() + sentence[1:]
    # An example below a sentence is to be copied as it stands.
    whole = sentence.endswith(".") or "\n" in sentence
    errors.print(sentence if whole else f"{sentence}.", style="red", markup=False)
