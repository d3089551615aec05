"""Names to look at by eye: in a file that is not Unicode a wrong encoding makes other letters of some, and no error."""

from typing import Final

from bot.importing.rows import GroupRow, ImportFile

SHOWN: Final = 12


def to_look_at(file: ImportFile) -> tuple[str, ...]:
    """Choose a few names of a file that is not Unicode which between them show its letters beyond A to Z.

    In the file's order, SHOWN at most: each shows a letter that none before it does.
    """
    if file.encoding is None:
        return ()
    seen: set[str] = set()
    chosen: list[str] = []
    for row in file.rows:
        if isinstance(row, GroupRow):
            continue
        new = {letter for letter in row.name.casefold() if not letter.isascii()} - seen
        if new and len(chosen) < SHOWN:
            chosen.append(row.name)
            seen |= new
    return tuple(chosen)
