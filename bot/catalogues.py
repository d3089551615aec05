"""How complete each language is: `python -m bot.catalogues` counts the translations, as `make locales` does at its end.

A language is offered to pupils as soon as its compiled catalogue is there, so it has to be complete before it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from rich.console import Console
from rich.table import Table

from bot.text import LOCALES


@dataclass(frozen=True)
class Completeness:
    """How many of the strings of a catalogue have a translation that can be used."""

    language: str
    translated: int
    total: int
    missing: tuple[str, ...]


def read(path: Path, language: str | None = None) -> Catalog:
    """Read a catalogue or the template; `language` is None for the template."""
    with path.open("rb") as file:
        return read_po(file, locale=language, domain="earshot")


def entries(catalogue: Catalog) -> Iterator[Message]:
    """Give every string of a catalogue, without its header."""
    return (message for message in catalogue if message.id)


def source(message: Message) -> str:
    """Give the English of a string, the singular if it has plural forms."""
    return str(message.id if isinstance(message.id, str) else message.id[0])


def completeness(language: str) -> Completeness:
    """Count one language against the template."""
    catalogue = read(LOCALES / language / "LC_MESSAGES" / "earshot.po", language)
    wanted = [source(message) for message in entries(read(LOCALES / "earshot.pot"))]
    usable = {source(message) for message in entries(catalogue) if _is_usable(message)}
    missing = tuple(text for text in wanted if text not in usable)
    return Completeness(language, len(wanted) - len(missing), len(wanted), missing)


def languages() -> list[str]:
    """List the languages that have a catalogue, compiled or not."""
    return sorted(path.parent.parent.name for path in LOCALES.glob("*/LC_MESSAGES/earshot.po"))


def _is_usable(message: Message) -> bool:
    strings = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    return not message.fuzzy and bool(strings) and all(strings)


def main() -> None:
    """Print one row for each language, and the first strings that are missing."""
    table = Table("language", "translated", "of", "missing first")
    for one in map(completeness, languages()):
        table.add_row(one.language, str(one.translated), str(one.total), "; ".join(one.missing[:3]))
    Console().print(table, markup=False)


if __name__ == "__main__":
    main()
