"""`earshot person` and `earshot basis`: one step, at once, and nothing is opened without grounds."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from bot.command_line import app
from bot.doctor.store import store_findings
from bot.opening import open_store
from bot.settings import Settings
from store.tables import CheckIn, Flag, Pupil, School, Staff, Wave
from tests.bot.commands.test_keys import names, people
from tests.bot.test_command_line import TERMS, Earshot, _as_before, counts, earshot, made, write
from tests.factories import NOW

__all__ = ["_as_before", "earshot", "made", "people"]


def standing() -> list[tuple[str, bool]]:
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        pupil = session.exec(select(Pupil).where(Pupil.mis_key == sealer.blind("mis", "P1"))).one()
        found = [(pupil.status, pupil.held)]
    engine.dispose()
    return found


def grounds() -> list[str]:
    """What the doctor says of the grounds."""
    return [finding.words for finding in store_findings(Settings()) if finding.what == "grounds"]


def test_a_guardians_wish_takes_one_step_each_way(people: Earshot) -> None:
    assert people("person", "opt-out", "P1", "--by", "guardian").out == "Check-ins are stopped."
    assert standing() == [("invited", True)]
    assert people("person", "opt-out", "P1", "--by", "guardian").out == (
        "They were stopped already, or have not begun: nothing changed."
    )
    assert people("person", "opt-in", "P1", "--by", "pupil").out == "They were not stopped by them: nothing changed."
    assert people("person", "opt-in", "P1", "--by", "guardian").out == "Check-ins are allowed again."
    assert standing() == [("invited", False)]


def test_whose_guardian_said_no_gets_no_letter(people: Earshot) -> None:
    people("person", "opt-out", "P1", "--by", "guardian")
    assert people("letters", "autumn", "--bot", "fernhill_bot").out.startswith("1 letter is in autumn.")
    assert people("codes", "codes.csv").status == 0
    assert ("Wren Ashdown" in Path("codes.csv").read_text(), "Ivo Tarn" in Path("codes.csv").read_text()) == (
        False,
        True,
    )


def test_an_id_nobody_has_is_told_without_repeating_it(people: Earshot) -> None:
    told = people("person", "opt-out", "P77", "--by", "guardian")
    assert (told.status, told.err) == (
        1,
        "No pupil has that id. Give the pupil_id that stood in the lists you imported.",
    )


def test_no_check_in_opens_until_the_grounds_are_noted(people: Earshot) -> None:
    Path("terms.ics").write_bytes(TERMS.encode())
    people("calendar", "terms.ics")
    refused = people("wave")
    assert (refused.status, refused.err) == (
        1,
        "The lawful basis and the impact assessment are not noted yet, so no check-in is sent. Run `earshot basis`.",
    )
    assert grounds() == [
        "The lawful basis and the impact assessment are not noted: run `earshot basis`, with your data protection "
        "officer."
    ]
    assert people("basis", "--lawful-basis", "public task", "--dpia", " ").err == (
        "Give both, in up to 200 characters each."
    )
    assert people("basis", "--lawful-basis", "public task", "--dpia", "DPIA 2026-14").out == (
        "Both are noted. Check-ins may open."
    )
    assert grounds() == ["The lawful basis and the impact assessment are noted."]
    # Now it is only a question of the hour.
    assert "The lawful basis" not in people("wave").err
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        noted = session.exec(select(School)).one().policy["basis"]
    engine.dispose()
    assert (noted["lawful_basis"], noted["dpia"]) == ("public task", "DPIA 2026-14")


def test_the_grounds_are_asked_for_when_they_are_not_given(people: Earshot) -> None:
    told = CliRunner().invoke(app, ["basis"], input="public task\nDPIA 2026-14\n")
    assert (told.exit_code, told.output.endswith("Both are noted. Check-ins may open.\n")) == (0, True)
    assert grounds() == ["The lawful basis and the impact assessment are noted."]


@pytest.mark.parametrize("command", ["opt-out", "opt-in"])
def test_who_wishes_it_has_to_be_said(people: Earshot, command: str) -> None:
    assert people("person", command, "P1").status == 2


def test_a_copy_for_the_pupil_is_one_file_for_its_owners_eyes(people: Earshot) -> None:
    assert people("person", "export", "P1", "copy.html").out == "It is in copy.html. Read it before you hand it on."
    page = Path("copy.html").read_text("utf-8")
    assert ("Wren Ashdown" in page, "Ivo Tarn" in page) == (True, False)
    assert Path("copy.html").stat().st_mode & 0o777 == 0o600
    assert people("person", "export", "P1", "copy.pdf").err == "copy.pdf must end in .html."


def test_a_copy_reads_as_a_page_not_as_a_table(people: Earshot) -> None:
    people("person", "opt-out", "P1", "--by", "guardian")
    people("person", "export", "P1", "copy.html")
    page = Path("copy.html").read_text("utf-8").partition("<script")[0]
    assert "<dt>A parent or carer has stopped your check-ins</dt><dd><bdi>Yes</bdi></dd>" in page
    assert "<dt>Your language</dt><dd><bdi>English</bdi></dd>" in page
    assert ">True<" not in page


def test_a_copy_is_in_the_pupils_language_or_the_one_asked_for(people: Earshot) -> None:
    people("person", "correct", "P1", "--language", "ur")
    people("person", "export", "P1", "theirs.html")
    people("person", "export", "P1", "read.html", "--language", "en")
    begins = [Path(name).read_text("utf-8").split("<head>")[0].splitlines()[1] for name in ("theirs.html", "read.html")]
    assert begins == ['<html lang="ur" dir="rtl">', '<html lang="en" dir="ltr">']
    refused = people("person", "export", "P1", "no.html", "--language", "xx")
    assert (refused.err[:23], Path("no.html").exists()) == ("The languages here are ", False)


def test_an_erased_pupil_is_gone_for_good(people: Earshot) -> None:
    told = people("person", "erase", "P1", "--yes")
    assert (told.status, told.out) == (
        0,
        "Erased: 1 pupil. 0 messages are deleted from Telegram and Slack when Earshot runs, if they still can be.",
    )
    assert names() == ["Ivo Tarn"]
    assert people("person", "erase", "P1", "--yes").status == 1


def test_a_parent_is_erased_by_their_own_id_and_the_pupil_stays(people: Earshot) -> None:
    people("import", *write(guardians="guardian_id,pupil_id,name\nG1,P1,Bo Ashdown\n"))
    assert people("person", "erase", "G9", "--guardian", "--yes").err == (
        "No parent or carer has that id. Give the guardian_id that stood in the lists you imported."
    )
    told = people("person", "erase", "G1", "--guardian", "--yes")
    assert (told.status, told.out.startswith("Erased: 1 guardian, 1 guardianship.")) == (0, True)
    assert names() == ["Ivo Tarn", "Wren Ashdown"]
    assert people("person", "erase", "G1", "--guardian", "--yes").status == 1


def test_a_parent_gets_a_copy_of_their_own_in_their_language(people: Earshot) -> None:
    people("import", *write(guardians="guardian_id,pupil_id,name,language\nG1,P1,Bo Ashdown,cy\n"))
    told = people("person", "export", "G1", "copy.html", "--guardian")
    assert (told.status, told.out) == (0, "It is in copy.html. Read it before you hand it on.")
    page = Path("copy.html").read_text("utf-8")
    assert ("Bo Ashdown" in page, "Wren" in page, '<html lang="cy"' in page) == (True, False, True)
    assert people("person", "export", "P1", "other.html", "--guardian").err.startswith(
        "No parent or carer has that id."
    )


def test_a_member_of_staff_gets_a_copy_of_their_own_in_the_language_staff_read(people: Earshot) -> None:
    assert people("person", "export", "S1", "copy.html", "--staff").status == 0
    page = Path("copy.html").read_text("utf-8")
    assert ("Tess Tolling" in page, "t.tolling@fernhill.example" in page, "Wren" in page) == (True, True, False)
    assert '<html lang="en"' in page
    assert people("person", "export", "S1", "copi.html", "--staff", "--language", "cy").status == 0
    assert '<html lang="cy"' in Path("copi.html").read_text("utf-8")
    for command, words in (
        (("S1", "no.html", "--staff", "--language", "fr"), "What staff read is written in en, cy: choose of these."),
        (("S1", "no.html", "--staff", "--guardian"), "Give --guardian or --staff, not both."),
        (("S9", "no.html", "--staff"), "No member of staff has that id. Give the staff_id that stood in the lists"),
    ):
        told = people("person", "export", *command)
        assert (told.status, told.err.startswith(words), Path("no.html").exists()) == (1, True, False)


def test_a_member_of_staff_who_left_is_erased_once_nothing_kept_names_them(people: Earshot) -> None:
    erase = ("person", "erase", "S1", "--staff", "--yes")
    assert people(*erase).err == (
        "They are still in your lists. Import a list that says they have left, then erase them."
    )
    gone = "staff_id,name,email,roles,year,left\nS1,Tess Tolling,t.tolling@fernhill.example,tutor,,2020-07-20\n"
    people("import", *write(staff=gone))
    flagged([NOW])
    owner(NOW)
    until = NOW + timedelta(days=1095)
    assert people(*erase).err == (
        "What is kept about pupils and colleagues says what they did (flag), so they cannot be erased yet. All of it "
        f"will have gone by {until:%d %B %Y}: erase them after that, or shorten the clocks with `earshot retention`."
    )
    owner(None)
    told = people(*erase)
    assert (told.status, told.out.startswith("Erased: 1 staff.")) == (0, True)
    assert (people(*erase).status, counts()) == (1, (1, 0, 1, 2))


def owner(at: datetime | None) -> None:
    """Have the one nudge there is be decided on by S1, or by nobody."""
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        flag = session.exec(select(Flag)).one()
        staff = session.exec(select(Staff).where(Staff.mis_key == sealer.blind("mis", "S1"))).one()
        flag.owner_id, flag.decided_at = (staff.id, at) if at else (None, None)
        session.commit()
    engine.dispose()


def test_erasing_asks_first(people: Earshot) -> None:
    assert people("person", "erase", "P1").status == 1
    assert names() == ["Ivo Tarn", "Wren Ashdown"]


def test_a_name_and_a_language_are_set_right_at_once(people: Earshot) -> None:
    told = people("person", "correct", "P1", "--name", " Wren Ashdown-Lee ", "--language", "cy")
    assert told.out == "It is set right. Mend your own lists too, or the next import brings the name back."
    assert names() == ["Ivo Tarn", "Wren Ashdown-Lee"]
    assert people("person", "correct", "P1").err == "Say with --name or --language what is to be set right."
    assert people("person", "correct", "P1", "--name", "x" * 101).err == "The name is longer than 100 characters."
    assert people("person", "correct", "P1", "--language", "xx").err.startswith("The languages here are en, ")
    assert people("person", "correct", "P1", "--name", "123").err == "The name has no letter in it."
    unseen = people("person", "correct", "P1", "--name", "Wren\u202eAshdown")
    assert unseen.err == "The name has a character in it that cannot be seen."
    signs = people("person", "correct", "P1", "--name", "Wren ¿shdown")
    assert signs.err == "The name has a sign in it that stands in no name."
    assert names() == ["Ivo Tarn", "Wren Ashdown-Lee"]


def flagged(days: list[datetime]) -> None:
    """Have nudges about P1 of some days."""
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        pupil = session.exec(select(Pupil).where(Pupil.mis_key == sealer.blind("mis", "P1"))).one()
        for number, day in enumerate(days):
            times = {"opens_at": day, "closes_at": day + timedelta(hours=5)}
            wave = Wave(school_id=pupil.school_id, day=f"{day:%F}", number=number, bank_version="x", **times)
            session.add(wave)
            session.flush()
            mine = {"school_id": pupil.school_id, "pupil_id": pupil.id, "group_id": pupil.group_id}
            check_in = CheckIn(**mine, wave_id=wave.id, bank_version="x", phase="older", opened_at=day)
            session.add(check_in)
            session.flush()
            flag = Flag(**mine, check_in_id=check_in.id, rule="test", raised_at=day)
            sealer.write(flag, "reasons", {})
            session.add(flag)
        session.commit()
    engine.dispose()


def contested() -> list[str | None]:
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        found = [flag.contested for flag in session.exec(select(Flag).order_by(col(Flag.raised_at)))]
    engine.dispose()
    return found


def test_a_family_contests_a_nudge_by_its_day(people: Earshot) -> None:
    nothing = "There is no nudge about this pupil that could be contested."
    assert people("person", "contest", "P1").err == nothing
    flagged([NOW, NOW + timedelta(days=7)])
    which = "Say with --on which nudge it is; there are those of 2026-11-24, 2026-12-01."
    assert [people("person", "contest", "P1", *day).err for day in ([], ["--on", "2026-11-25"])] == [which, which]
    for impossible in ("2026-02-30", "soon"):
        told = people("person", "contest", "P1", "--on", impossible)
        assert (told.status, told.err) == (1, f"“{impossible}” is no day. Write it as YYYY-MM-DD.")
    assert contested() == [None, None]
    done = "It is noted, and counts nowhere until a safeguarding lead has answered."
    assert people("person", "contest", "P1", "--on", "2026-12-01").out == done
    assert contested() == [None, "open"]
    assert people("person", "contest", "P1").out == done
    assert (contested(), people("person", "contest", "P1").err) == (["open", "open"], nothing)
