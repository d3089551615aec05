"""`earshot import` as it is typed: what it shows, what it lists, and what it refuses to believe."""

import csv
from pathlib import Path

import pytest

from bot.commands.importing import SHOWN_BAD
from bot.importing.planning import LOST_NOUGHTS
from tests.bot.commands.test_care import actions
from tests.bot.commands.test_keys import names, people
from tests.bot.test_command_line import GROUPS, PUPILS, STAFF, Earshot, _as_before, counts, earshot, made, write

__all__ = ["_as_before", "earshot", "made", "people"]
HEAD = "pupil_id,name,group,year\n"


def test_a_dry_run_shows_added_changed_moved_and_left_and_changes_nothing(people: Earshot) -> None:
    pupils = HEAD + "P1,Wren Ashdown-Hale,9Q,9\nP3,Tarn Oakley,9Q,9\n"
    told = people("import", "--dry-run", "--everyone", "--many-leave", *write(pupils=pupils))
    assert (told.status, "│ pupils │ 1 │ 1 │ 0 │ 1 │ 0 │ 0 │" in told.out) == (0, True)
    assert told.out.endswith("Nothing was changed: this was a dry run.")
    assert names() == ["Ivo Tarn", "Wren Ashdown"]


def test_the_younger_years_of_a_primary_are_said_to_be_left_out(made: Earshot) -> None:
    groups = "group,tutor_id,year\n2Q,S1,2\nAcorn,,R\n"
    files = write(staff=STAFF, groups=groups, pupils=HEAD + "P1,Wren,2Q,2\nP2,Ivo,Acorn,Reception\nP3,Al,Acorn,N\n")
    said = (
        "Rows left out, for they are about children younger than year 1: 1 of groups, 2 of pupils. Pupils in years "
        "1 to 3: 1. The questions are written for age 8 and over; take out of the list whom you do not want asked. "
    )
    assert made("import", "--dry-run", *files).out.endswith(f"{said}Nothing was changed: this was a dry run.")
    assert made("import", *files).out.endswith(f"{said}Done.")
    assert counts() == (1, 1, 1, 1)


def test_wrong_rows_are_all_listed_in_a_file_that_names_no_cell(made: Earshot) -> None:
    count = SHOWN_BAD + 5
    bad = HEAD + "".join(f"P{number},Zanzibarella,nowhere,9\n" for number in range(count))
    files = write(staff=STAFF, groups=GROUPS, pupils=bad)
    shown = made("import", *files)
    assert shown.err.count("there is no tutor group of that name") == SHOWN_BAD
    assert shown.err.endswith(f"The first {SHOWN_BAD} are shown; --errors FILE lists all.")
    told = made("import", "--errors", "wrong.csv", *files)
    assert (told.status, told.err.endswith("All of them are listed in wrong.csv.")) == (1, True)
    with Path("wrong.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert (len(rows), rows[-1]) == (
        count,
        {"file": "pupils.csv", "line": str(count + 1), "reason": "there is no tutor group of that name"},
    )
    assert ("Zanzibarella" in Path("wrong.csv").read_text(), counts()) == (False, (1, 0, 0, 0))


def test_the_same_command_again_lists_anew_and_no_other_file_is_written_over(made: Earshot) -> None:
    files = write(staff=STAFF, groups=GROUPS, pupils=HEAD + "P1,Wren,nowhere,9\nP2,Ivo,nowhere,9\n")
    made("import", "--errors", "wrong.csv", *files)
    write(pupils=HEAD + "P1,Wren,nowhere,9\n")
    assert made("import", "--errors", "wrong.csv", *files).err.endswith("All of them are listed in wrong.csv.")
    assert len(Path("wrong.csv").read_text().splitlines()) == 2
    Path("mine.csv").write_text("who,what\n")
    assert made("import", "--errors", "mine.csv", *files).err.endswith("mine.csv is there already. Name a new file.")
    assert Path("mine.csv").read_text() == "who,what\n"


def test_a_list_that_is_not_unicode_shows_a_few_names_to_look_at_in_a_dry_run_alone(people: Earshot) -> None:
    Path("pupils.csv").write_bytes((HEAD + "P3,Jan Dvořák,9Q,9\nP4,Ann Oak,9Q,9\n").encode("windows-1250"))
    told = people("import", "pupils.csv", "--dry-run")
    said = "pupils.csv is not UTF-8 and was read as windows-1252. Do these names read as they should? Jan Dvoøák."
    assert (told.status, said in told.out) == (0, True)
    assert "say --encoding, such as windows-1250, or save it as “CSV UTF-8”." in told.out
    right = people("import", "pupils.csv", "--dry-run", "--encoding", "windows-1250")
    assert "was read as windows-1250. Do these names read as they should? Jan Dvořák." in right.out


def test_names_read_wrong_are_set_right_by_the_same_list_with_its_encoding_named(people: Earshot) -> None:
    Path("pupils.csv").write_bytes((HEAD + "P3,Jan Dvořák,9Q,9\n").encode("windows-1250"))
    told = people("import", "pupils.csv")
    assert (
        "pupils.csv is not UTF-8 and was read as windows-1252. With --dry-run a few names are shown, to see if they "
        "read as they should."
    ) in told.out
    assert "Dvo" not in told.out
    right = people("import", "pupils.csv", "--encoding", "windows-1250")
    assert (right.out.count("│ pupils │ 0 │ 1 │"), "UTF-8" in right.out) == (1, False)
    assert names() == ["Ivo Tarn", "Jan Dvořák", "Wren Ashdown"]
    assert people("import", "pupils.csv", "--encoding", "klingon").status == 2


def test_a_list_without_such_letters_says_nothing_of_encodings(people: Earshot) -> None:
    assert "UTF-8" not in people("import", *write(pupils=HEAD + "P3,Ann Oak,9Q,9\n"), "--dry-run").out


def test_who_comes_back_is_shown_as_such(people: Earshot) -> None:
    left = "pupil_id,name,group,year,left\nP1,Wren Ashdown,9Q,9,{}\n"
    people("import", *write(pupils=left.format("2020-07-20")))
    assert "│ pupils │ 0 │ 0 │ 0 │ 0 │ 1 │ 0 │" in people("import", *write(pupils=left.format(""))).out


def test_a_spreadsheet_that_took_the_noughts_of_ids_makes_nobody_twice(people: Earshot) -> None:
    people("import", *write(pupils=HEAD + "0071,Sky Fen,9Q,9\n"))
    for like in ("71", "071", "00071"):
        told = people("import", *write(pupils=HEAD + f"{like},Sky Fen,9Q,9\n"))
        assert (told.status, told.err.startswith(f"pupils.csv, line 2: {LOST_NOUGHTS}")) == (1, True)
    assert people("import", *write(pupils=HEAD + "72,Fern Lee,9Q,9\n")).status == 0
    assert names() == ["Fern Lee", "Ivo Tarn", "Sky Fen", "Wren Ashdown"]


def test_somebody_else_whose_id_differs_in_noughts_alone_is_brought_in_when_the_school_says_so(people: Earshot) -> None:
    people("import", *write(pupils=HEAD + "0071,Sky Fen,9Q,9\n"))
    other = write(pupils=HEAD + "71,Fern Lee,9Q,9\n")
    assert people("import", *other).status == 1
    assert people("import", "--noughts-differ", *other).status == 0
    assert names() == ["Fern Lee", "Ivo Tarn", "Sky Fen", "Wren Ashdown"]
    # Known from then on, by either id.
    assert "│ pupils │ 0 │ 0 │ 0 │ 0 │ 0 │ 1 │" in people("import", *other).out


def test_a_list_that_names_both_ids_knows_them_for_two_people(people: Earshot) -> None:
    people("import", *write(pupils=HEAD + "0071,Sky Fen,9Q,9\n"))
    both = HEAD + "71,Fern Lee,9Q,9\n0071,Sky Fen,9Q,9\n"
    assert "│ pupils │ 1 │ 0 │ 0 │ 0 │ 0 │ 1 │" in people("import", *write(pupils=both)).out
    # The id of one of another kind says nothing.
    staff = "staff_id,name,email\n0072,Tess,t@x.example\n"
    assert people("import", *write(staff=staff)).status == 0
    lost = "staff_id,name,email\n72,Tess,t@x.example\n"
    assert people("import", *write(staff=lost, pupils=HEAD + "0072,Ash Wood,9Q,9\n")).status == 1


def test_a_file_that_would_see_off_very_many_is_not_believed_at_once(people: Earshot) -> None:
    more = "".join(f"P{number},Ann Oak,9Q,9\n" for number in range(3, 11))
    people("import", *write(pupils=PUPILS + more))
    few = write(pupils=PUPILS)
    refused = people("import", "--everyone", *few)
    assert (refused.status, refused.err) == (
        1,
        "8 of 10 pupils would leave, so nothing was changed. If the files do name everybody, say --many-leave as well.",
    )
    assert people("import", "--everyone", "--many-leave", *few).status == 0
    assert "│ pupils │ 0 │ 0 │ 0 │ 0 │ 0 │ 2 │" in people("import", "--everyone", *few).out


@pytest.mark.parametrize("kind", ["staff", "guardians"])
def test_nor_is_one_that_would_see_off_most_of_the_staff_or_guardians(people: Earshot, kind: str) -> None:
    rows = {
        "staff": ["staff_id,name,email", *(f"S{number},Ann Oak,a{number}@x.example" for number in range(2, 6))],
        "guardians": ["guardian_id,pupil_id,name", *(f"G{number},P1,Ann Oak" for number in range(1, 6))],
    }[kind]
    people("import", *write(**{kind: "\n".join(rows)}))
    refused = people("import", "--everyone", *write(**{kind: "\n".join(rows[:2])}))
    assert (refused.status, refused.err) == (
        1,
        f"4 of 5 {kind} would leave, so nothing was changed. If the files do name everybody, say --many-leave as well.",
    )


def test_a_list_that_names_nobody_is_told_and_sees_nobody_off(people: Earshot) -> None:
    before = actions()
    (empty,) = write(pupils="pupil_id,name,group,year\n\n,,,\n")
    told = people("import", empty)
    assert (told.status, told.out) == (0, "pupils.csv names nobody. Done.")
    for more in ((), ("--many-leave",), ("--dry-run",)):
        told = people("import", "--everyone", empty, *more)
        assert (told.status, told.out, told.err) == (
            1,
            "",
            "pupils.csv names nobody, so nothing was changed. With --everyone, all of its kind would have left: export "
            "it again, or leave it out.",
        )
    assert (counts(), actions()) == ((1, 1, 1, 2), before)
    assert sorted(names()) == ["Ivo Tarn", "Wren Ashdown"]


def test_columns_that_are_not_needed_are_named_by_number(people: Earshot) -> None:
    told = people("import", *write(pupils="pupil_id,SEN,name,group,year\nP1,x,Wren Ashdown,9Q,9\n"))
    assert told.out.startswith("pupils.csv: columns 2 are not needed and were not read.")


def test_lists_that_change_something_are_on_record_and_others_are_not(people: Earshot) -> None:
    before = actions()
    people("import", *write(pupils=PUPILS))
    assert actions() == before
    people("import", *write(pupils=PUPILS.replace("Ivo Tarn", "Ivo Tarne")), "--dry-run")
    assert actions() == before
    people("import", *write(pupils=PUPILS.replace("Ivo Tarn", "Ivo Tarne")))
    assert actions() == [*before, "lists brought in"]
