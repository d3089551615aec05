"""Lists of two columns: found by their names in any file a system exports, and refused in a sentence."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.importing.columns import read_pairs
from bot.importing.files import ImportProblem


def read(path: Path) -> list[tuple[int, str, str]]:
    return read_pairs(path, "pupil_id", "group", "pupil")


def test_columns_are_found_by_the_names_that_systems_give_them_and_others_are_left(tmp_path: Path):
    file = tmp_path / "groups.csv"
    file.write_bytes("Note;Admission No;Reg Group\n\nZoë; 001 ;7A\nx;002\n".encode("cp1252"))
    assert read(file) == [(3, "001", "7A"), (4, "002", "")]


def test_a_workbook_is_read_as_a_file_of_text_is(tmp_path: Path):
    book = Workbook()
    for row in (("pupil_id", "group"), (12, "7A")):
        book.active.append(row)
    book.save(tmp_path / "groups.xlsx")
    assert read(tmp_path / "groups.xlsx") == [(2, "12", "7A")]


@pytest.mark.parametrize(
    "words", ["pupil_id,size\n1,2\n", "pupil_id,group\n", "pupil_id,group,form\n1,7A,7A\n", "group\n7A\n"]
)
def test_what_lacks_a_column_or_has_it_twice_is_told_what_it_needs(tmp_path: Path, words: str):
    file = tmp_path / "groups.csv"
    file.write_text(words)
    with pytest.raises(ImportProblem) as refused:
        read(file)
    assert str(refused.value) == ("groups.csv needs a first line with pupil_id and group, and a line for each pupil.")
