"""`earshot wording check`: is what a school has written itself neutral and readable? What is found is explained."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.tools import out
from bot.finding import counted
from conversations.bank import BANDS
from conversations.model import Band
from conversations.neutrality import (
    READING_AGES,
    Finding,
    Question,
    check,
    check_reading,
    check_text,
    check_translation,
)
from conversations.own_questions import SOURCE

wording = typer.Typer(name="wording", help="Look at the wording of questions.", no_args_is_help=True)

_TOML = (
    '[[item]]\nid = "LUNCH-1"\nyoung.stem = "Where do you sit at lunch?"\n'
    'young.options = ["At the edge", "Part way in", "In the middle"]'
)
_PLAIN = "Where do you sit at lunch?\n- At the edge\n- Part way in\n- In the middle"
_EXAMPLE = f"{_TOML}\n\nOr as plain text, in a file that ends in .txt:\n\n{_PLAIN}"
_NUMBER = re.compile(r"^\d{1,3}[.)]\s+")
_OPTION = re.compile(r"^[-*•–]\s*")


@dataclass(frozen=True)
class Written:
    """A question or a line as it stands in a file: what messages call it, its words, and their language.

    `options` is what they call each of its options, where these have a line of their own.
    """

    name: str
    question: Question
    language: str = SOURCE
    options: tuple[str, ...] = ()

    def place(self, finding: Finding) -> str:
        """Give what messages call the text that a finding stands in."""
        return self.options[finding.option - 1] if self.options and finding.option else self.name


class WordingProblem(Exception):
    """A file of questions cannot be read; the sentence says where and what to do."""


@wording.callback()
def about() -> None:
    """Look at the wording of questions."""


@wording.command("check")
def check_file(
    file: Annotated[Path, typer.Argument(help="Questions: plain text, or TOML as docs/questions.md says.")],
    young: Annotated[bool, typer.Option("--young", help="Plain text: for ages 8 to 11, not 11 to 18.")] = False,
) -> None:
    """Say what in a file of questions is not neutral or not readable, why, and how to rewrite it.

    In plain text each line is a question, and its options stand below it, each after a hyphen. Nothing is changed.
    Rules find words, not intentions: a person has to read the questions too.

    Example: earshot wording check our-questions.txt
    """
    asked = list(read_questions(file, "young" if young else "older"))
    found = [(one.place(finding), finding) for one in asked for finding in findings(one)]
    for name, finding in found:
        out.print(shown(name, finding), markup=False, highlight=False, soft_wrap=True)
    questions = counted(len(asked), "question", "questions")
    if found:
        things = counted(len(found), "thing", "things")
        out.print(f"{questions} read, {things} to look at. You decide what matters.", soft_wrap=True)
        raise typer.Exit(1)
    caution = "Have somebody read them who was not there when they were written."
    out.print(f"{questions} read, nothing found. {caution}", soft_wrap=True)


def findings(written: Written) -> tuple[Finding, ...]:
    """Say what there is to look at; of another language than English, what is long."""
    question = written.question
    if written.language != SOURCE:
        return check_translation(question)
    if question.options or "?" in question.stem:
        return check(question)
    # A line of plain text that asks nothing.
    return (*check_text(question.stem), *check_reading(question.stem, question.band))


def read_questions(file: Path, band: Band = "older") -> Iterator[Written]:
    """Give each question of a file with its name, such as "LUNCH-1, wording readable at 8"; `band` is of plain text.

    Raises WordingProblem if the file is not there, is no text, or holds no questions as they are to be written.
    """
    try:
        words = file.read_text("utf-8-sig")
    except FileNotFoundError:
        raise WordingProblem(f"There is no file {file}. Check its name.") from None
    except OSError as error:
        raise WordingProblem(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise WordingProblem(f"{file} is not text in UTF-8. Save it as UTF-8 and try again.") from None
    if file.suffix != ".toml" and "[[item]]" not in words:
        yield from _lines(words, band, file)
        return
    try:
        data = tomllib.loads(words)
    except tomllib.TOMLDecodeError as error:
        raise WordingProblem(f"{file} is not TOML: {error}. A question is written so:\n\n{_EXAMPLE}") from None
    rows = data.get("item")
    if not isinstance(rows, list) or not rows:
        raise WordingProblem(f"{file} holds no questions. A question is written so:\n\n{_EXAMPLE}")
    for number, row in enumerate(rows, start=1):
        yield from _questions(row, f"question {number}", file)


def _lines(words: str, band: Band, file: Path) -> Iterator[Written]:
    """Read plain text: a question a line, its options below it, each after a hyphen."""
    found: list[tuple[str, str, list[tuple[str, str]]]] = []
    for number, line in enumerate(words.splitlines(), start=1):
        text, name = line.strip(), f"line {number}, wording readable at {READING_AGES[band]}"
        if option := _OPTION.match(text):
            if not found:
                raise WordingProblem(f"{file}, line {number}: an option stands below its question. So:\n\n{_PLAIN}")
            if option_words := text[option.end() :]:
                found[-1][2].append((name, option_words))
        elif any(character.isalpha() for character in text) and not text.startswith("#"):
            found.append((name, _NUMBER.sub("", text), []))
    if not found:
        raise WordingProblem(f"{file} holds no questions. A question is written so:\n\n{_EXAMPLE}")
    for name, stem, options in found:
        question = Question(stem, tuple(words for _, words in options), band)
        yield Written(name, question, options=tuple(place for place, _ in options))


def _questions(row: object, place: str, file: Path) -> Iterator[Written]:
    if not isinstance(row, dict) or not any(band in row for band in BANDS):
        raise WordingProblem(f"{file}, {place}: it needs young.stem or older.stem. For example:\n\n{_EXAMPLE}")
    name = str(row.get("id") or place)
    for band in BANDS:
        words: Any = row.get(band)
        if words is None:
            continue
        if not isinstance(words, dict):
            raise WordingProblem(f"{file}, {place}: {band} needs a stem and options. For example:\n\n{_EXAMPLE}")
        about = f"{name}, wording readable at {READING_AGES[band]}"
        yield Written(about, _question(words, band, f"{file}, {place}", band))
        for language, other in words.items():
            if isinstance(other, dict):
                about = f"{band}.{language}"
                yield Written(f"{name}, {about}", _question(other, band, f"{file}, {place}", about), language)


def _question(words: Mapping[str, Any], band: Band, place: str, about: str) -> Question:
    stem, options = words.get("stem"), words.get("options", [])
    texts = [stem, *options] if isinstance(options, list) else [None]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise WordingProblem(f"{place}: stem and options of {about} are to be words in quotes.")
    return Question(str(stem), tuple(options), band)


def shown(name: str, finding: Finding) -> str:
    """Put a finding into words: what was found, why it matters, how to rewrite it."""
    return f"{name} ({finding.kind}): {finding.text}\n  Why: {finding.why}\n  Rewrite: {finding.hint}\n"
