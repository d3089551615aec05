"""The files that management systems export, as rows of plain text: CSV in any usual encoding and separator, or XLSX.

Nothing here knows what a column means. Dates in a workbook come out as 2015-03-24, whole numbers without their ".0".
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal

MAX_FILE_BYTES = 20_000_000
_MAX_UNPACKED = 400_000_000
_MAX_COLUMNS = 200
_UNICODE: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"", "utf-8-sig"))
Encoding = Literal[
    "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1257", "macintosh"
]
USUAL: Final[Encoding] = "windows-1252"
"""What a CSV file is taken for that is not Unicode: any bytes are letters in any of these, so it cannot be told."""

Records = Iterator[tuple[int, list[str]]]


class ImportProblem(Exception):
    """A file, or a whole import, cannot be used; the sentence says why and what to do."""


@dataclass(frozen=True)
class Sheet:
    """A file as rows of text: its name, the cells of its first line, and the rest with the line each begins on.

    `encoding` is what it was taken for; None of a workbook, and of Unicode, which shows what it is.
    """

    name: str
    headers: list[str]
    records: Records
    encoding: Encoding | None = None


def read_sheet(path: Path, other: Encoding = USUAL) -> Sheet:
    """Read a CSV or XLSX file; `other` is the encoding of a CSV file that is not Unicode.

    Raises ImportProblem when it cannot be used; so may taking its rows.
    """
    try:
        # One byte more than is allowed tells a file that is too large without reading all of it.
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise ImportProblem(f"{path.name} is not there: check the name and the folder.") from None
    except OSError as error:
        raise ImportProblem(f"{path.name or path} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_FILE_BYTES:
        raise ImportProblem(f"{path.name} is larger than {MAX_FILE_BYTES // 1_000_000} MB: is it the right file?")
    if data.startswith(b"PK\x03\x04"):
        return _sheet(path.name, _workbook(path.name, data))
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ImportProblem(f"{path.name} is an old Excel file (.xls): save it as .xlsx or “CSV UTF-8” and try again.")
    text, encoding = _decode(path.name, data, other)
    return text_sheet(path.name, text, encoding)


def text_sheet(name: str, text: str, encoding: Encoding | None = None) -> Sheet:
    """Take what a CSV file holds as a sheet; `name` is what messages call it. Raises ImportProblem."""
    if "\0" in text:
        raise ImportProblem(f"{name} is not a CSV file: save it as “CSV UTF-8” and try again.")
    return _sheet(name, _records(name, text), encoding)


def _sheet(name: str, records: Records, encoding: Encoding | None = None) -> Sheet:
    _, headers = next(records, (0, []))
    if not headers:
        raise ImportProblem(f"{name} is empty: export it again with its first line naming the columns.")
    return Sheet(name, headers, records, encoding)


def _decode(name: str, data: bytes, other: Encoding) -> tuple[str, Encoding | None]:
    for mark, unicode in _UNICODE:
        if data.startswith(mark):
            with suppress(UnicodeDecodeError):
                return data.decode(unicode), None
    with suppress(UnicodeDecodeError):
        return data.decode(other), other
    raise ImportProblem(f"{name} is not a CSV file: save it as “CSV UTF-8” and try again.")


def _records(name: str, text: str) -> Records:
    """Yield each record that is not blank with the line it begins on."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    # Spreadsheets in many countries separate by semicolons; systems that paste, by tabs.
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise ImportProblem(
                f"{name}, line {line}, is not CSV: look for a quotation mark without its partner, then try again."
            ) from None
        if any(cell.strip() for cell in cells):
            yield line, cells


def _workbook(name: str, data: bytes) -> Records:
    """Yield the rows that are not blank of the first sheet that has any."""
    # Only a workbook needs it, and every other start would pay for it.
    from openpyxl import load_workbook

    broken = ImportProblem(f"{name} is not an XLSX file, or is damaged: open it, save it again and try once more.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > _MAX_UNPACKED:
            raise ImportProblem(f"{name} unpacks to far more than a list of people: is it the right file?")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        rows = next((sheet for sheet in book.worksheets if _first_row(sheet)), None)
        if rows is None:
            return
        width = 0
        for line, cells in enumerate(rows.iter_rows(values_only=True, max_col=_MAX_COLUMNS), 1):
            texts = [_text(cell) for cell in cells]
            if any(texts):
                width = width or len(texts)
                # A row ends where its last filled cell does.
                yield line, texts + [""] * (width - len(texts))
    except ImportProblem:
        raise
    except Exception:
        # The library raises whatever comes up where a workbook is not what it should be.
        raise broken from None


def _first_row(sheet: object) -> bool:
    rows = sheet.iter_rows(values_only=True, max_col=_MAX_COLUMNS, max_row=50)  # type: ignore[attr-defined]
    return any(any(cell is not None for cell in row) for row in rows)


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
