"""The commands `earshot school …`: several schools on one installation, each with all of its own.

A school has a folder, its settings, database, key, whisper store, bot, workspace and process. Nothing is shared but the
program, so that no question to one school's store can be answered with another's row.
"""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bot.commands.tools import out
from bot.settings import CHOSEN, Settings, SettingsProblem, read_settings, school_folder, school_names

app = typer.Typer(
    help="Several schools on one installation.\n\nExample: earshot school add north-lane", no_args_is_help=True
)
NameArgument = Annotated[str, typer.Argument(help="A short name, in small letters: it is that of the school's folder.")]


@app.command()
def add(name: NameArgument) -> None:
    """Make a school's own folder, with settings to fill in.

    Example: earshot school add north-lane
    """
    folder = school_folder(name)
    port = _free_port()
    try:
        folder.mkdir(parents=True, mode=0o700)
        handle = os.open(folder / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingsProblem(f"There is a school {name} here already.") from None
    except OSError as error:
        raise SettingsProblem(f"The folder {folder} cannot be made ({error.strerror}).") from None
    with os.fdopen(handle, "w") as file:
        file.write(_template(port))
    out.print(f"Fill in {folder / '.env'}, then run `earshot --school {name} init`.", markup=False, highlight=False)
    out.print(f"Each school runs by itself: `earshot --school {name} run`.", markup=False, highlight=False)


@app.command(name="list")
def list_schools() -> None:
    """List the schools here, and whether each is made and has its tokens.

    Example: earshot school list
    """
    table = Table("school", "port", "tokens", "made", "settings")
    for name in school_names():
        chosen = CHOSEN.set(name)
        try:
            read = read_settings()
            made = "yes" if read.key_path.exists() or read.key_command else "no"
            table.add_row(name, str(read.http_port), "no" if read.rehearses else "yes", made, "ok")
        except SettingsProblem as problem:
            table.add_row(name, "", "", "", str(problem))
        finally:
            CHOSEN.reset(chosen)
    out.print(table)


def _free_port() -> int:
    """The first port, from the usual one on, that no school here has."""
    taken = set()
    for name in school_names():
        chosen = CHOSEN.set(name)
        try:
            taken.add(read_settings().http_port)
        except SettingsProblem:
            continue
        finally:
            CHOSEN.reset(chosen)
    # The usual one is left to an installation without schools of their own.
    port = int(Settings.model_fields["http_port"].default) + 1
    while port in taken:
        port += 1
    return port


def _template(port: int) -> str:
    """The example of settings, with nothing filled in but the port."""
    example = (Path(__file__).resolve().parents[2] / ".env.example").read_text("utf-8")
    return example.replace("EARSHOT_HTTP_PORT=", f"EARSHOT_HTTP_PORT={port}", 1)
