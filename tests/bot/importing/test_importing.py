import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from bot.importing import importing
from bot.importing.importing import BadRow, Counts, ImportProblem
from bot.importing.planning import GROWN_YOUNGER
from bot.importing.rows import NO_NAME, OTHER_ENCODING
from store.sealing import Sealer
from store.tables import ROLES, Pupil, School, Staff, TutorGroup

TODAY = date(2026, 11, 23)
SEALER = Sealer(bytes(range(32)))

STAFF = """staff_id,name,email,roles,year
S1,Wren Thistlewick,wren@example.org,tutor,
S2,Odalys Brambury,odalys@example.org,tutor;head_of_year,7
S3,Ravi Lanternby,ravi@example.org,dsl,
"""
GROUPS = """group,year,tutor_id
7A,7,S1
6B,6,S2
"""
PUPILS = """pupil_id,name,group,born
P1,Mina Foxlark,7A,2014-12-01
P2,Théo Quillmere,7A,31/08/2015
P3,Aiko Pebbleton,6B,2015-09-01
"""


@pytest.fixture
def school(session: Session) -> School:
    school = School(name="Larkfield Sample School", zone="Europe/London", nation="ENG")
    session.add(school)
    session.commit()
    return school


def planned(session: Session, school: School, **texts: str) -> importing.ImportPlan:
    files = [importing.read_text(f"{name}.csv", text) for name, text in texts.items()]
    return importing.plan(session, SEALER, school, files, TODAY)


def brought_in(session: Session, school: School, **texts: str) -> importing.ImportPlan:
    plan = planned(session, school, **texts)
    importing.apply(session, SEALER, school, plan)
    session.commit()
    return plan


def everything(session: Session) -> list[tuple[object, ...]]:
    session.expire_all()
    rows: list[tuple[object, ...]] = [
        (staff.id, SEALER.read(staff, "name"), SEALER.read(staff, "email"), staff.roles, staff.year, staff.email_key)
        for staff in session.exec(select(Staff).order_by(col(Staff.id)))
    ]
    rows += [
        (group.id, group.name, group.year, group.tutor_id)
        for group in session.exec(select(TutorGroup).order_by(col(TutorGroup.id)))
    ]
    rows += [
        (pupil.id, SEALER.read(pupil, "name"), pupil.group_id, pupil.phase, pupil.language, pupil.status)
        for pupil in session.exec(select(Pupil).order_by(col(Pupil.id)))
    ]
    return rows


def pupil_called(session: Session, reference: str) -> Pupil:
    return session.exec(select(Pupil).where(Pupil.mis_key == SEALER.blind("mis", reference))).one()


def staff_called(session: Session, reference: str) -> Staff:
    return session.exec(select(Staff).where(Staff.mis_key == SEALER.blind("mis", reference))).one()


def test_three_files_bring_in_staff_groups_and_pupils_in_any_order(session: Session, school: School):
    plan = brought_in(session, school, pupils=PUPILS, groups=GROUPS, staff=STAFF)
    assert plan.counts() == {
        "staff": Counts(3, 0, 0, 0, 0),
        "groups": Counts(2, 0, 0, 0, 0),
        "pupils": Counts(3, 0, 0, 0, 0),
    }
    pupil = pupil_called(session, "P2")
    group = session.get(TutorGroup, pupil.group_id)
    assert group is not None
    assert SEALER.read(pupil, "name") == "Théo Quillmere"
    assert (pupil.status, pupil.language, pupil.phase, group.name) == ("invited", "en", "older", "7A")
    assert group.tutor_id == staff_called(session, "S1").id
    assert staff_called(session, "S2").roles == ["tutor", "head_of_year"]
    assert staff_called(session, "S2").email_key == SEALER.blind("email", "odalys@example.org")


def test_wording_follows_the_school_year_on_either_side_of_september(session: Session, school: School):
    brought_in(session, school, pupils=PUPILS, groups=GROUPS, staff=STAFF)
    assert [pupil_called(session, name).phase for name in ("P1", "P2", "P3")] == ["older", "older", "young"]


def test_a_year_column_decides_the_wording(session: Session, school: School):
    brought_in(session, school, staff=STAFF, groups=GROUPS)
    brought_in(session, school, pupils="pupil_id,name,group,year,language\nP9,Zara Inkwell,7A,6,cy\n")
    assert (pupil_called(session, "P9").phase, pupil_called(session, "P9").language) == ("young", "cy")


def test_the_second_import_of_the_same_files_changes_nothing(session: Session, school: School):
    brought_in(session, school, staff=STAFF, groups=GROUPS, pupils=PUPILS)
    before = everything(session)
    again = brought_in(session, school, staff=STAFF, groups=GROUPS, pupils=PUPILS)
    assert again.counts() == {
        "staff": Counts(0, 0, 0, 0, 3),
        "groups": Counts(0, 0, 0, 0, 2),
        "pupils": Counts(0, 0, 0, 0, 3),
    }
    assert everything(session) == before


def test_a_new_tutor_a_new_name_and_a_new_group_are_changes(session: Session, school: School):
    brought_in(session, school, staff=STAFF, groups=GROUPS, pupils=PUPILS)
    plan = brought_in(
        session,
        school,
        groups=GROUPS.replace("7A,7,S1", "7A,7,S3"),
        pupils=PUPILS.replace("Mina Foxlark,7A", "Mina Foxlark-Hale,6B"),
    )
    assert plan.counts() == {"groups": Counts(0, 1, 0, 0, 1), "pupils": Counts(0, 0, 1, 0, 2)}
    pupil = pupil_called(session, "P1")
    group = session.exec(select(TutorGroup).where(TutorGroup.name == "7A")).one()
    assert SEALER.read(pupil, "name") == "Mina Foxlark-Hale"
    assert pupil.group_id != group.id
    assert group.tutor_id == staff_called(session, "S3").id


def test_pupils_not_in_the_file_keep_their_place_status_and_language(session: Session, school: School):
    brought_in(session, school, staff=STAFF, groups=GROUPS, pupils=PUPILS)
    pupil = pupil_called(session, "P1")
    pupil.status, pupil.language = "stopped", "cy"
    session.add(pupil)
    session.commit()
    brought_in(session, school, pupils="pupil_id,name,group,born,language\nP1,Mina F,7A,2014-12-01,fr\n")
    assert (pupil_called(session, "P1").status, pupil_called(session, "P1").language) == ("stopped", "cy")
    assert SEALER.read(pupil_called(session, "P3"), "name") == "Aiko Pebbleton"


def test_two_members_of_staff_may_swap_their_addresses(session: Session, school: School):
    brought_in(session, school, staff=STAFF)
    linked = staff_called(session, "S1")
    linked.slack_user_key = SEALER.blind("slack", "U00000001")
    SEALER.write(linked, "slack_user", "U00000001")
    session.add(linked)
    session.commit()
    swapped = STAFF.replace("wren@", "x@").replace("odalys@", "wren@").replace("x@", "odalys@")
    plan = brought_in(session, school, staff=swapped)
    assert plan.counts() == {"staff": Counts(0, 2, 0, 0, 1)}
    assert staff_called(session, "S1").email_key == SEALER.blind("email", "odalys@example.org")
    assert staff_called(session, "S2").email_key == SEALER.blind("email", "wren@example.org")
    # Slack found this person by the address that is no longer theirs.
    assert staff_called(session, "S1").slack_user_key is None
    assert staff_called(session, "S1").slack_user_sealed is None


def test_an_address_of_somebody_else_in_the_store_is_a_bad_row(session: Session, school: School):
    brought_in(session, school, staff=STAFF)
    plan = planned(session, school, staff="staff_id,name,email,roles,year\nS9,Ada Moss, WREN@example.org ,tutor,\n")
    assert plan.bad == (BadRow("staff.csv", 2, "the email belongs to another member of staff as well"),)


def test_one_bad_row_keeps_everything_out(session: Session, school: School):
    plan = planned(session, school, staff=STAFF, groups=GROUPS, pupils=PUPILS + "P4,,7A,2014-12-01\n")
    assert plan.bad == (BadRow("pupils.csv", 5, "the name has no letter in it"),)
    with pytest.raises(ImportProblem, match=r"mend the bad rows first \(1 of them\)"):
        importing.apply(session, SEALER, school, plan)
    session.commit()
    assert everything(session) == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("P1,Someone Else,7A,2014-12-01", "the same one stands further up already"),
        ("P 5,Ann Oak,7A,2014-12-01", "the pupil_id must be 1 to 40 letters, digits and . _ / -"),
        (f"P5,{'a' * 101},7A,2014-12-01", "the name is longer than 100 characters"),
        ("P5,Ann\u202e Oak,7A,2014-12-01", "the name has a character in it that cannot be seen"),
        ('P5,"Ann\nOak",7A,2014-12-01', "the name has a character in it that cannot be seen"),
        ("P5,Za¿ó³æ Oak,7A,2014-12-01", NO_NAME + OTHER_ENCODING),
        ("P5,An? O?k,7A,2014-12-01", NO_NAME + OTHER_ENCODING),
        ("P5,Ann Oak\ufffd,7A,2014-12-01", NO_NAME + OTHER_ENCODING),
        ("P5,Stoicºu,7A,2014-12-01", NO_NAME + OTHER_ENCODING),
        ("P5,Ann Oak,9Z,2014-12-01", "there is no tutor group of that name"),
        ("P5,Ann Oak,,2014-12-01", "the group must be a name of 1 to 20 characters"),
        ("P5,Ann Oak,7A,2014-13-01", "born must be a day such as 2015-03-24 or 24/03/2015"),
        ("P5,Ann Oak,7A,1990-12-01", "born puts the pupil in no school year from 1 to 13"),
        ("P5,Ann Oak,7A", "it has 3 cells where the first line has 4"),
        ("P5,Ann Oak,7A,2014-12-01,more", "it has 5 cells where the first line has 4"),
    ],
)
def test_a_bad_pupil_is_listed_with_its_line_and_reason(session: Session, school: School, row: str, reason: str):
    plan = planned(session, school, staff=STAFF, groups=GROUPS, pupils=PUPILS + row + "\n")
    assert plan.bad == (BadRow("pupils.csv", 5, reason),)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("S4,Ann Oak,nowhere,tutor,", "the email is not an e-mail address"),
        ("S4,Ann Oak,ann@example.org,wizard,", f"the roles must be out of {', '.join(ROLES)}, separated by ;"),
        ("S4,Ann Oak,ann@example.org,head_of_year,", "a head_of_year needs a year, and nobody else has one"),
        ("S4,Ann Oak,ann@example.org,tutor,7", "a head_of_year needs a year, and nobody else has one"),
        ("S4,Ann Oak,ann@example.org,head_of_year,77", "the year must be a number from 1 to 13"),
        ("S1,Ann Oak,ann@example.org,tutor,", "the same one stands further up already"),
    ],
)
def test_a_bad_member_of_staff_is_listed_with_line_and_reason(session: Session, school: School, row: str, reason: str):
    assert planned(session, school, staff=STAFF + row).bad == (BadRow("staff.csv", 5, reason),)


PRIMARY = {
    "groups": "group,year,tutor_id\nAcorn,R,S1\nSeedlings,Nursery,S77\n3B,3,S2\n",
    "pupils": "pupil_id,name,group,year\nP1,Ann Oak,Acorn,R\nP2,,Seedlings,N\n,Ivo Tarn,Seedlings,N1\n,Al,Seedlings,N\n"
    "P5,Bea Oak,3B,3\n",
    "guardians": "guardian_id,pupil_id,name\nG1,P1,Di Oak\nG1,P5,Di Oak\nG2,P2,Cy Tarn\n",
}


def test_the_younger_years_of_a_primary_are_left_out_and_counted_and_the_others_brought_in(
    session: Session, school: School
):
    plan = brought_in(session, school, staff=STAFF, **PRIMARY)
    assert (plan.bad, dict(plan.younger)) == ((), {"groups": 2, "pupils": 4, "guardians": 2})
    assert {kind: count.added for kind, count in plan.counts().items()} == {
        "staff": 3,
        "groups": 1,
        "pupils": 1,
        "guardians": 1,
    }
    assert (plan.under_eight(), pupil_called(session, "P5").phase) == (1, "young")
    again = planned(session, school, staff=STAFF, **PRIMARY)
    assert (again.added, again.changed, again.moved, again.bad) == ((), (), (), ())


def test_a_day_of_birth_leaves_the_youngest_out_too_but_not_what_cannot_be_right(session: Session, school: School):
    pupils = PUPILS + "P4,Ann Oak,Acorn,2021-12-01\nP5,Bea Oak,Acorn,2024-12-01\n"
    plan = planned(session, school, staff=STAFF, groups=GROUPS, pupils=pupils)
    assert (plan.bad, dict(plan.younger)) == ((), {"pupils": 2})
    plan = planned(session, school, staff=STAFF, groups=GROUPS, pupils=PUPILS + "P4,Ann Oak,7A,2027-12-01\n")
    assert (plan.bad, dict(plan.younger)) == (
        (BadRow("pupils.csv", 5, "born puts the pupil in no school year from 1 to 13"),),
        {},
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("P1,Mina Foxlark,Acorn,R", GROWN_YOUNGER),
        ("P9,Ann Oak,Acorn,1", "the tutor group is in a year before 1, and the pupil is not"),
        ("P9,Ann Oak,7A,S", "the year must be a number from 1 to 13"),
    ],
)
def test_a_young_year_that_contradicts_the_rest_is_a_bad_row(session: Session, school: School, row: str, reason: str):
    brought_in(session, school, staff=STAFF, groups=GROUPS, pupils=PUPILS)
    pupils = f"pupil_id,name,group,year\n{row}\n"
    assert planned(session, school, groups="group,year,tutor_id\nAcorn,R,\n", pupils=pupils).bad == (
        BadRow("pupils.csv", 2, reason),
    )


def test_a_group_named_twice_and_a_wrong_language_are_bad_rows(session: Session, school: School):
    pupils = "pupil_id,name,group,year,language\nP1,Ann Oak,7A,7,??\n"
    assert planned(session, school, groups="group,year,tutor_id\n7A,7,\n7A,8,\n", pupils=pupils).bad == (
        BadRow("groups.csv", 3, "the same one stands further up already"),
        BadRow("pupils.csv", 2, "the language must be a code such as en or cy"),
    )


NAMES = (
    "O'Neil-Smith, Ann-Marie (Annie) Jr.",
    "D’Arcy “Dee” O`Brien",
    "Zażółć Gęślą",
    "Nguyễn Thị Hòa 2",
    "Ann/Anna Oak & Ash",
    "Gal·la",
    "ז׳בוטינסקי",
    "प्रिया शर्मा",
    "محمد علي",
    "王小明",
    "Kahananuiʻokalani",
)


def test_a_name_of_any_script_is_taken_as_it_is(session: Session, school: School):
    rows = "".join(f'P{number},"{name}",7A,2014-12-01\n' for number, name in enumerate(NAMES, 10))
    plan = planned(session, school, staff=STAFF, groups=GROUPS, pupils=PUPILS + rows)
    assert plan.bad == ()
    assert {entry.row.name for entry in plan.added} >= {unicodedata.normalize("NFC", name) for name in NAMES}


@pytest.mark.parametrize("encoding", ["cp1250", "iso8859-2"])
def test_a_list_of_an_encoding_that_is_not_read_is_refused_and_says_how_to_save_it(tmp_path: Path, encoding: str):
    path = tmp_path / "pupils.csv"
    path.write_bytes("pupil_id,name,group,year\nP1,Żółkiewska,7A,7\n".encode(encoding))
    file = importing.read_file(path)
    assert (file.rows, file.bad) == ((), (BadRow("pupils.csv", 2, NO_NAME + OTHER_ENCODING),))


def test_a_file_far_too_large_is_refused(tmp_path: Path):
    path = tmp_path / "pupils.csv"
    with path.open("wb") as file:
        file.truncate(20_000_001)
    with pytest.raises(ImportProblem, match=r"^pupils\.csv is larger than 20 MB"):
        importing.read_file(path)


def test_a_tutor_nobody_knows_is_a_bad_row(session: Session, school: School):
    assert planned(session, school, groups="group,year,tutor_id\n8A,8,S77\n8B,8,\n").bad == (
        BadRow("groups.csv", 2, "the tutor_id is not that of any member of staff"),
    )


def test_no_reason_repeats_what_a_cell_held(session: Session, school: School):
    planted = "Zanzibarella"
    text = PUPILS + f"{planted} 1,{planted},{planted},{planted}\nP7,{planted}\u202e,7A,2014-12-01\n"
    bad = planned(session, school, staff=STAFF, groups=GROUPS, pupils=text).bad
    assert len(bad) == 2
    assert not [row for row in bad if planted in row.reason]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "file.csv is empty: export it again with its first line naming the columns."),
        (b"\xef\xbb\xbf \r\n , ,\r\n", "file.csv is empty: export it again with its first line naming the columns."),
        (
            b"PK\x03\x04\x00\x00",
            "file.csv is not an XLSX file, or is damaged: open it, save it again and try once more.",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1",
            "file.csv is an old Excel file (.xls): save it as .xlsx or “CSV UTF-8” and try again.",
        ),
        (b"\x81\x8d\xff", "file.csv is not a CSV file: save it as “CSV UTF-8” and try again."),
        (
            b"staff_id,forename,roles\n",
            "file.csv lacks the column email, name or forename and surname: it needs "
            "staff_id, email, name (or forename and surname), and if you have them roles, year, line_manager_id, left.",
        ),
        (
            b"pupil_id,name,group\n",
            "file.csv lacks the column born or year: it needs "
            "pupil_id, group, name (or forename and surname), born (or year), and if you have them language, left.",
        ),
        (
            b"group,year,tutor_id,group\n",
            "file.csv has two columns that mean group: remove one of them.",
        ),
        (
            b"colour,size\n",
            "file.csv is no file known here. Its first line must name the columns (take out a title above them): of "
            "staff: staff_id, email, name (or forename and surname), and if you have them roles, year, "
            "line_manager_id, left; or groups: group, year, tutor_id; or pupils: pupil_id, group, name (or forename "
            "and surname), born (or year), and if you have them language, left; or guardians: guardian_id, pupil_id, "
            "name (or forename and surname), and if you have them language.",
        ),
        (
            b'group,year,tutor_id\n7A,7,\n"7B,7,\n',
            "file.csv, line 3, is not CSV: look for a quotation mark without its partner, then try again.",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(tmp_path: Path, data: bytes, sentence: str):
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    with pytest.raises(ImportProblem) as problem:
        importing.read_file(path)
    assert str(problem.value) == sentence


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    with pytest.raises(ImportProblem, match=r"^pupils\.csv is not there"):
        importing.read_file(tmp_path / "pupils.csv")
    with pytest.raises(ImportProblem, match=r"cannot be read"):
        importing.read_file(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_file_from_any_spreadsheet_keeps_its_accents(tmp_path: Path, encoding: str):
    path = tmp_path / "pupils.csv"
    path.write_bytes("\r\n".join(["Pupil_ID, Name ,GROUP,Year,", "P1,Zoë Müller,7A,7,", "", ",,,,"]).encode(encoding))
    file = importing.read_file(path)
    assert (file.kind, [row.name for row in file.rows], file.bad) == ("pupils", ["Zoë Müller"], ())


cells = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["P1", "S1", "7A", "7", "tutor", "2015-03-24", "a@example.org", "", '"', "\r", "\x00", "S2;", "Ann Oak"]
)
headers = st.sampled_from(
    [
        "staff_id,name,email,roles,year",
        "group,year,tutor_id",
        "pupil_id,name,group,born",
        "pupil_id,name,group,year,language",
        "pupil_id,tutor_id",
        "pupil_id,name,group,year,left",
        "guardian_id,pupil_id,name",
        "staff_id;name;email",
    ]
)
files = st.text(max_size=200) | st.builds(
    lambda header, rows: "\n".join([header, *(",".join(row) for row in rows)]),
    headers,
    st.lists(st.lists(cells, min_size=2, max_size=6), max_size=5),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(files, max_size=3))
def test_any_text_is_brought_in_whole_or_not_at_all(session: Session, school: School, texts: list[str]):
    before = everything(session)
    try:
        parts = [importing.read_text(f"{number}.csv", text) for number, text in enumerate(texts)]
        plan = importing.plan(session, SEALER, school, parts, TODAY)
        importing.apply(session, SEALER, school, plan)
    except ImportProblem:
        assert everything(session) == before
        return
    session.flush()
    count = session.exec(select(func.count()).select_from(Pupil)).one()
    assert count == len(plan.added) + len(plan.unchanged) + len(plan.changed) - sum(
        entry.kind != "pupils" for entry in plan.added + plan.unchanged + plan.changed
    )
    again = importing.plan(session, SEALER, school, parts, TODAY)
    assert (again.added, again.changed, again.bad) == ((), (), ())
    session.rollback()
