"""`earshot wording check`: is what a school has written itself neutral and readable? What is found is explained."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from conversations.bank import BANDS
from conversations.neutrality import READING_AGES, Finding, Question, check

wording = typer.Typer(name="wording", help="Look at the wording of questions.", no_args_is_help=True)
out = Console()

_EXAMPLE = (
    '[[item]]\nid = "LUNCH-1"\nyoung.stem = "Where do you sit at lunch?"\n'
    'young.options = ["At the edge", "Part way in", "In the middle"]'
)


class WordingProblem(Exception):
    """A file of questions cannot be read; the sentence says where and what to do."""


@wording.callback()
def about() -> None:
    """Look at the wording of questions."""


@wording.command("check")
def check_file(
    file: Annotated[Path, typer.Argument(help="Questions in TOML, as conversations/bank/2026-1.toml is written.")],
) -> None:
    """Say what in a file of questions is not neutral or not readable, why, and how to rewrite it.

    Nothing is changed. Rules find words, not intentions: a person has to read the questions too.

    Example: earshot wording check our-questions.toml
    """
    asked = list(read_questions(file))
    found = [(name, finding) for name, question in asked for finding in check(question)]
    for name, finding in found:
        out.print(shown(name, finding), markup=False, highlight=False, soft_wrap=True)
    questions = "1 question" if len(asked) == 1 else f"{len(asked)} questions"
    if found:
        out.print(f"{questions} read, {len(found)} things to look at. You decide which of them matter.", soft_wrap=True)
        raise typer.Exit(1)
    caution = "Have somebody read them who was not there when they were written."
    out.print(f"{questions} read, nothing found. {caution}", soft_wrap=True)


def read_questions(file: Path) -> Iterator[tuple[str, Question]]:
    """Give each question of a file with its name, such as "LUNCH-1, wording readable at 8".

    Raises WordingProblem if the file is not there, is no TOML, or holds no questions as they are to be written.
    """
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise WordingProblem(f"There is no file {file}. Check its name.") from None
    except OSError as error:
        raise WordingProblem(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise WordingProblem(f"{file} is not text in UTF-8. Save it as UTF-8 and try again.") from None
    except tomllib.TOMLDecodeError as error:
        raise WordingProblem(f"{file} is not TOML: {error}.") from None
    rows = data.get("item")
    if not isinstance(rows, list) or not rows:
        raise WordingProblem(f"{file} holds no questions. A question is written so:\n\n{_EXAMPLE}")
    for number, row in enumerate(rows, start=1):
        yield from _questions(row, f"question {number}", file)


def _questions(row: object, place: str, file: Path) -> Iterator[tuple[str, Question]]:
    if not isinstance(row, dict) or not any(band in row for band in BANDS):
        raise WordingProblem(f"{file}, {place}: it needs young.stem or older.stem. For example:\n\n{_EXAMPLE}")
    for band in BANDS:
        wording_of: Any = row.get(band)
        if wording_of is None:
            continue
        stem, options = wording_of.get("stem"), wording_of.get("options", [])
        texts = [stem, *options] if isinstance(options, list) else [None]
        if not all(isinstance(text, str) and text.strip() for text in texts):
            raise WordingProblem(f"{file}, {place}: stem and options of {band} are to be words in quotes.")
        name = str(row.get("id") or place)
        yield f"{name}, wording readable at {READING_AGES[band]}", Question(stem, tuple(options), band)


def shown(name: str, finding: Finding) -> str:
    """Put a finding into words: what was found, why it matters, how to rewrite it."""
    return f"{name} ({finding.kind}): {finding.text}\n  Why: {finding.why}\n  Rewrite: {finding.hint}\n"
