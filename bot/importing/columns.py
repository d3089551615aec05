"""Lists of two columns, such as a pupil's id and a day: any file a management system exports, any other column left."""

from pathlib import Path

from bot.importing.files import ImportProblem, read_sheet
from bot.importing.headers import called


def read_pairs(path: Path, first: str, second: str, each: str) -> list[tuple[int, str, str]]:
    """Read two columns by their names, each row with the line it begins on; `each` says what a line is for.

    Raises ImportProblem.
    """
    sheet = read_sheet(path)
    names = [called(cell) for cell in sheet.headers]
    places = [names.index(name) if names.count(name) == 1 else None for name in (first, second)]
    rows = list(sheet.records)
    if None in places or not rows:
        heads = first if first == second else f"{first} and {second}"
        raise ImportProblem(f"{path.name} needs a first line with {heads}, and a line for each {each}.")
    return [(line, *(_cell(cells, place) for place in places)) for line, cells in rows]  # type: ignore[misc]


def _cell(cells: list[str], place: int | None) -> str:
    return cells[place].strip() if place is not None and place < len(cells) else ""
