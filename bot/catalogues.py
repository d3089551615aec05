"""How complete each language is: `python -m bot.catalogues` counts the translations, as `make locales` does at its end.

A language is offered to pupils and families as soon as its compiled catalogue is there, so all that they may read has
to be complete before it is. What only staff read is counted apart: it is complete in English and in the languages of
`text.STAFF_LANGUAGES`; in any other it is shown in English where it is not translated.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from rich.console import Console
from rich.table import Table

from bot.text import LOCALES
from conversations.actions.extract import IN_A_COPY

STAFF_FILES = (
    "conversations/cards*",
    "conversations/whisper_cards*",
    "conversations/reasons*",
    "conversations/actions/*",
    "bot/slack/*",
    "bot/whisper/desk*",
    "bot/whisper/locked*",
    "bot/whisper/report*",
    "bot/whisper/slack*",
    "bot/whisper/staff*",
    "bot/whisper/views*",
    "*/staff_*",
)
"""Where the strings stand that only staff read; a string that stands elsewhere too is everyone's."""

_SIGNED = re.compile(r"Signed by:\s*(.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Share:
    """How many strings of one kind have a translation that can be used, and the English of those that have none."""

    translated: int
    total: int
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Completeness:
    """How complete a catalogue is for pupils and families, and for staff; `signed_by` is "" while it is a draft."""

    language: str
    pupils: Share
    staff: Share
    signed_by: str


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


def is_for_staff_only(message: Message) -> bool:
    """Say whether a string of the template is read by staff alone; the title of an action is not."""
    if any(IN_A_COPY in comment for comment in message.auto_comments):
        return False
    return all(any(fnmatch(file, pattern) for pattern in STAFF_FILES) for file, _ in message.locations)


def completeness(language: str) -> Completeness:
    """Count one language against the template."""
    catalogue = read(LOCALES / language / "LC_MESSAGES" / "earshot.po", language)
    usable = {source(message) for message in entries(catalogue) if _is_usable(message)}
    wanted = list(entries(read(LOCALES / "earshot.pot")))
    signed = _SIGNED.search(catalogue.header_comment)
    return Completeness(
        language,
        _share([source(message) for message in wanted if not is_for_staff_only(message)], usable),
        _share([source(message) for message in wanted if is_for_staff_only(message)], usable),
        signed[1].strip() if signed else "",
    )


def _share(wanted: list[str], usable: set[str]) -> Share:
    missing = tuple(text for text in wanted if text not in usable)
    return Share(len(wanted) - len(missing), len(wanted), missing)


def languages() -> list[str]:
    """List the languages that have a catalogue, compiled or not."""
    return sorted(path.parent.parent.name for path in LOCALES.glob("*/LC_MESSAGES/earshot.po"))


def _is_usable(message: Message) -> bool:
    strings = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    return not message.fuzzy and bool(strings) and all(strings)


def main() -> None:
    """Print one row for each language: what is translated, who has signed it, and what a pupil would first miss."""
    table = Table("language", "pupils and families", "staff", "signed by", "missing first")
    for one in map(completeness, languages()):
        table.add_row(
            one.language,
            f"{one.pupils.translated} of {one.pupils.total}",
            f"{one.staff.translated} of {one.staff.total}",
            one.signed_by or "nobody: machine-drafted",
            "; ".join(one.pupils.missing[:2]),
        )
    Console().print(table, markup=False)


if __name__ == "__main__":
    main()
