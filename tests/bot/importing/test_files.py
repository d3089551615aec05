"""Files as management systems export them: encodings, separators, workbooks, the names they give to columns."""

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from bot.importing.accents import to_look_at
from bot.importing.files import Encoding
from bot.importing.headers import recognise
from bot.importing.importing import BadRow, ImportFile, ImportProblem, read_file, read_text
from bot.importing.rows import GuardianRow, PupilRow, StaffRow

BORN = date(2015, 3, 24)


def workbook(*rows: tuple[object, ...], before: int = 0) -> bytes:
    book = Workbook()
    for number in range(before):
        book.create_sheet(f"empty {number}", 0)
    sheet = book.worksheets[before]
    for row in rows:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(tmp_path: Path, data: bytes, name: str = "pupils.csv") -> ImportFile:
    path = tmp_path / name
    path.write_bytes(data)
    return read_file(path)


def people(file: ImportFile) -> tuple[PupilRow, ...]:
    return tuple(row for row in file.rows if isinstance(row, PupilRow))


def pupil(file: ImportFile) -> PupilRow:
    (row,) = file.rows
    assert isinstance(row, PupilRow)
    return row


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_text_file_of_any_usual_encoding_and_separator_is_read(tmp_path: Path, encoding: str, separator: str):
    text = "\r\n".join(["Adno,Forename,Surname,Reg Group,DOB", "00123,Zoë,Müller,7A,24/03/2015", ""])
    row = pupil(read(tmp_path, text.replace(",", separator).encode(encoding)))
    assert (row.reference, row.name, row.group, row.born) == ("00123", "Zoë Müller", "7A", BORN)


CZECH = "pupil_id,name,group,year\nP1,Dvořák Kamińska,7A,7\nP2,Ann Oak,7A,7\n"


def test_letters_of_another_encoding_are_wrong_but_letters_and_the_encoding_named_sets_them_right(tmp_path: Path):
    data = CZECH.encode("windows-1250")
    taken = read(tmp_path, data)
    assert ([row.name for row in people(taken)], taken.encoding) == (["Dvoøák Kamiñska", "Ann Oak"], "windows-1252")
    right = read_file(tmp_path / "pupils.csv", "windows-1250")
    assert ([row.name for row in people(right)], right.encoding) == (["Dvořák Kamińska", "Ann Oak"], "windows-1250")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encoding_named_is_for_files_that_are_not_unicode_alone(tmp_path: Path, encoding: str):
    (tmp_path / "pupils.csv").write_bytes(CZECH.encode(encoding))
    file = read_file(tmp_path / "pupils.csv", "windows-1251")
    assert ([row.name for row in people(file)], file.encoding) == (["Dvořák Kamińska", "Ann Oak"], None)


@pytest.mark.parametrize("encoding", get_args(Encoding))
def test_every_encoding_that_can_be_named_is_one(tmp_path: Path, encoding: Encoding):
    (tmp_path / "pupils.csv").write_bytes("pupil_id,name,group,year\nP1,Zoë,7A,7\n".encode("windows-1252"))
    assert read_file(tmp_path / "pupils.csv", encoding).encoding == encoding


def test_a_few_names_between_them_show_every_letter_that_could_be_wrong(tmp_path: Path):
    data = "pupil_id,name,group,year\n" + "".join(
        f"P{number},{name},7A,7\n"
        for number, name in enumerate(["Zoë Ash", "Noë Fen", "Ann Oak", "René Zoë", "Ana Peña", "Zoë Ash"])
    )
    assert to_look_at(read(tmp_path, data.encode("cp1252"))) == ("Zoë Ash", "René Zoë", "Ana Peña")
    assert to_look_at(read(tmp_path, data.encode("utf-8"))) == ()


def test_a_workbook_is_read_with_its_dates_and_whole_numbers(tmp_path: Path):
    data = workbook(
        ("Admission Number", "Legal Surname", "Legal Forename", "Registration Form", "Date of Birth", "Notes"),
        (1234, "Foxlark", "Mina", "7A", datetime(2015, 3, 24), "seen by nobody"),  # noqa: DTZ001 (a workbook's own)
        (None, None, None, None, None, None),
        (1235.0, "Quillmere", "Théo", "7A", date(2015, 3, 24), None),
        (1236, "Pebbleton", "Aiko", "7A", "not a day", None),
        before=2,
    )
    file = read(tmp_path, data, "pupils.xlsx")
    found = [(row.reference, row.name, row.born) for row in file.rows if isinstance(row, PupilRow)]
    assert found == [("1234", "Mina Foxlark", BORN), ("1235", "Théo Quillmere", BORN)]
    assert file.bad == (BadRow("pupils.xlsx", 5, "born must be a day such as 2015-03-24 or 24/03/2015"),)
    assert file.unread == (6,)


@pytest.mark.parametrize(
    "words",
    [
        *("2015-03-24", "24/03/2015", "24.03.2015", "24-03-2015", "24/3/15", "24-Mar-2015", "24 March 2015"),
        *("42087", "2015-03-24 00:00:00", "24/03/2015 00:00", "24-MAR-15"),
    ],
)
def test_a_day_is_read_however_it_was_exported(words: str):
    assert pupil(read_text("p.csv", f"pupil_id,name,group,born\nP1,Ann Oak,7A,{words}\n")).born == BORN


@pytest.mark.parametrize("words", ["", "03/24/2015", "24/Mrz/2015", "2015", "15-03-24-1", "soon", "99999"])
def test_what_is_no_day_is_a_bad_row(words: str):
    file = read_text("p.csv", f"pupil_id,name,group,born\nP1,Ann Oak,7A,{words}\n")
    assert file.bad == (BadRow("p.csv", 2, "born must be a day such as 2015-03-24 or 24/03/2015"),)


@pytest.mark.parametrize("words", ["7", "07", "Year 7", "year7", "Yr 7", "Y7", "NC Year 7", "Year Group 7"])
def test_a_year_group_is_read_however_it_was_exported(words: str):
    assert pupil(read_text("p.csv", f"pupil_id,name,group,year\nP1,Ann Oak,7A,{words}\n")).year == 7


@pytest.mark.parametrize(
    "words",
    [
        "R",
        "Reception",
        "Year R",
        "YR",
        "Yr R",
        "NC Year R",
        "N",
        "N1",
        "n2",
        "Nursery",
        "Year N",
        "FS2",
        "EYFS",
        "0",
        "00",
        "Year 0",
        "-1",
        "Foundation Stage 1",
        "Pre-school",
        "Reception class",
    ],
)
def test_a_year_before_the_first_is_known_for_one_and_nothing_else_of_it_is_read(words: str):
    file = read_text("p.csv", f"pupil_id,name,group,year\n,,A class with a name that is very long,{words}\n")
    assert (pupil(file).year, pupil(file).name, file.bad) == (0, "", ())


@pytest.mark.parametrize("words", ["", "14", "77", "-7", "S", "Rx", "Red", "Year", "Year X", "000", "P1", "R/1", "٧"])
def test_what_is_no_year_is_a_bad_row(words: str):
    file = read_text("p.csv", f"pupil_id,name,group,year\nP1,Ann Oak,7A,{words}\n")
    assert file.bad == (BadRow("p.csv", 2, "the year must be a number from 1 to 13"),)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("", None),
        ("cy", "cy"),
        ("English", "en"),
        ("Welsh/Cymraeg", "cy"),
        ("polish", "pl"),
        ("Portuguese (Brazil)", "pt"),
        ("Українська", "uk"),
        ("Tagalog", None),
    ],
)
def test_a_language_is_a_code_or_a_name_and_one_we_do_not_have_is_left_to_the_school(words: str, code: str | None):
    text = f"pupil_id,name,group,year,Home Language\nP1,Ann Oak,7A,7,{words}\n"
    assert pupil(read_text("p.csv", text)).language == code


def test_with_both_a_year_and_a_day_of_birth_the_schools_year_holds():
    row = pupil(read_text("p.csv", "pupil_id,name,group,year,dob\nP1,Ann Oak,7A,8,2015-03-24\n"))
    assert (row.year, row.born, row.school_year(date(2026, 11, 24))) == (8, None, 8)


def test_staff_without_roles_and_managers_in_the_file_keep_theirs():
    (row,) = read_text("s.csv", "Staff Code,First Name,Last Name,Work Email\nS1,Tess,Tolling,t@x.example\n").rows
    assert isinstance(row, StaffRow)
    assert (row.name, row.roles, row.names_manager) == ("Tess Tolling", None, False)


@pytest.mark.parametrize("words", ["tutor;head_of_year", "Form Tutor, Head of Year", " head-of-year ; TUTOR "])
def test_roles_are_read_however_they_are_spelt(words: str):
    (row,) = read_text("s.csv", f'staff_id,name,email,roles,year\nS1,Tess,t@x.example,"{words}",7\n').rows
    assert isinstance(row, StaffRow)
    assert row.roles == ("tutor", "head_of_year")


def test_a_guardian_of_two_has_two_rows():
    text = "Contact ID,Pupil ID,Contact Name\nG1,P1,Rowan Foxlark\nG1,P2,Rowan Foxlark\n"
    rows = read_text("g.csv", text).rows
    assert [(row.reference, row.pupil) for row in rows if isinstance(row, GuardianRow)] == [("G1", "P1"), ("G1", "P2")]


def test_columns_that_are_not_needed_are_not_read():
    file = read_text("p.csv", "UPN,pupil_id,Ethnicity,name,group,year,SEN\nU,P1,secret,Ann Oak,7A,7,secret\n")
    assert (file.unread, "secret" in repr(file)) == ((1, 3, 7), False)


def test_two_columns_that_mean_the_same_are_refused():
    with pytest.raises(ImportProblem, match=r"^p\.csv has two columns that mean group: remove one of them\.$"):
        recognise("p.csv", ["pupil_id", "name", "Form", "Reg Group", "year"])


def test_a_workbook_that_unpacks_to_very_much_is_refused(tmp_path: Path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("xl/workbook.xml", "w") as part:
        for _ in range(401):
            part.write(bytes(1_000_000))
    with pytest.raises(ImportProblem, match="unpacks to far more than a list of people"):
        read(tmp_path, file.getvalue(), "pupils.xlsx")


def test_an_empty_workbook_is_refused_in_the_words_for_an_empty_file(tmp_path: Path):
    with pytest.raises(ImportProblem, match=r"^pupils\.xlsx is empty: export it again"):
        read(tmp_path, workbook(), "pupils.xlsx")


# Made once: a workbook holds the time it was made at.
WHOLE = workbook(("pupil_id", "name", "group", "year"), ("P1", "Ann Oak", "7A", 7))

cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(min_value=date(1950, 1, 1), max_value=date(2050, 1, 1)),
    st.sampled_from(["P1", "7A", "Ann Oak", "pupil_id", "name", "group", "year", "=1+1", "#REF!"]),
)


def read_or_refused(tmp_path: Path, data: bytes) -> ImportFile | None:
    """Read a workbook; None when it was refused in a sentence that begins with its name. Nothing else is raised."""
    sentence, file = "pupils.xlsx", None
    try:
        file = read(tmp_path, data, "pupils.xlsx")
    except ImportProblem as problem:
        sentence = str(problem)
    assert sentence.startswith("pupils.xlsx")
    return file


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(cells, min_size=1, max_size=6).map(tuple), max_size=5))
def test_any_workbook_is_read_or_refused_in_a_sentence(tmp_path: Path, rows: list[tuple[object, ...]]):
    for headers in ((), (("pupil_id", "name", "group", "year"),)):
        file = read_or_refused(tmp_path, workbook(*headers, *rows))
        assert file is None or len(file.rows) + len(file.bad) <= len(rows)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_workbook_with_any_byte_changed_is_read_or_refused_in_a_sentence(tmp_path: Path, data: st.DataObject):
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(4, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    read_or_refused(tmp_path, bytes(content))
