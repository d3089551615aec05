"""What the families of commands share: the settings, the school, a progress bar, and files for one reader's eyes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlmodel import Session, select

from bot import logs
from bot.settings import Settings, for_chosen, read_settings
from store.tables import School
from store.vault import StoreProblem


class _Out(Console):
    """What commands say: the commands they name are as typed for the school that was chosen."""

    def print(self, *objects: Any, **how: Any) -> None:  # noqa: ANN401 (rich's own)
        super().print(*(for_chosen(one) if isinstance(one, str) else one for one in objects), **how)

    def plain(self, words: str) -> None:
        """Say a sentence as it stands: the path in it is not broken, coloured or taken for markup."""
        self.print(words, markup=False, highlight=False, soft_wrap=True)


out = _Out()
errors = Console(stderr=True)


class FileProblem(StoreProblem):
    """A file a command was given cannot be read or written; the sentence says why and what to do."""


def settings() -> Settings:
    """Read the settings and set up logging for a command."""
    read = read_settings()
    logs.set_up("WARNING" if read.rehearses and read.log_level == "INFO" else read.log_level)
    return read


def day_of(words: str) -> date:
    """Read a day as it is typed. Raises FileProblem."""
    try:
        return date.fromisoformat(words)
    except ValueError:
        raise FileProblem(f"“{words}” is no day. Write it as YYYY-MM-DD.") from None


def the_school(session: Session) -> School:
    """Find the school. Raises StoreProblem when there is none yet."""
    school = session.exec(select(School).limit(1)).first()
    if school is None:
        raise StoreProblem("There is no school yet. Run `earshot init` first.")
    return school


@contextmanager
def bar(words: str) -> Iterator["Step"]:
    """Show a progress bar while a long piece of work runs; it goes when the work is done, and none is in a log."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        yield Step(progress, words)


class Step:
    """What a long piece of work tells its progress to: how much is done, of how much."""

    def __init__(self, progress: Progress, words: str) -> None:
        self._progress = progress
        self._task = progress.add_task(words, total=None)

    def __call__(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file that its owner alone can read; what was begun and failed is not left behind.

    Raises FileProblem when the file is there already, or cannot be made.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise FileProblem(f"{path.name} is there already. Name a new file.") from None
    except OSError as error:
        raise FileProblem(f"{path.name} cannot be written ({error.strerror}). Name another place.") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FileProblem(f"{path.name} cannot be written ({error.strerror}). Name another place.") from None
        raise
