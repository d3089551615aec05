"""Letters: a page for each pupil without a phone, with a code that works, and nothing half-done."""

import json
import re
import stat
import zlib
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path

import pytest
import segno
import typst
from fontTools.ttLib import TTFont
from PIL import Image
from sqlmodel import Session, col, select

from bot import text
from bot.catalogues import entries
from bot.catalogues import read as read_catalogue
from bot.fonts import FONTS
from bot.letters import TEMPLATE, LettersProblem, write_letters
from bot.letters import _letter as pupils_page
from bot.parents_letters import _letter as parents_page
from bot.parents_letters import write_parents_letters
from bot.text import LOCALES
from conversations.model import say
from scheduling.school import facts
from store.guardian_tables import GuardianInvite
from store.guardians import bind
from store.invites import ALPHABET, SPELLING, issue, issue_to_guardian, look_up, normal, spelled
from store.people_tables import Guardian
from store.sealing import Sealer
from store.tables import Invite, Pupil, School, TutorGroup
from tests.bot.commands.test_care import actions
from tests.bot.commands.test_keys import people
from tests.bot.test_command_line import Earshot, _as_before, earshot, made, write
from tests.factories import NOW, make_group, make_guardian, make_pupil, make_school
from tests.locales.familiar import familiar

__all__ = ["_as_before", "earshot", "made", "people"]


def quiet(_done: int, _total: int) -> None:
    """Progress nobody looks at."""


@pytest.fixture
def school(session: Session, sealer: Sealer) -> School:
    facts = make_school(session)
    for name, year in (("10A", 10), ("../7B", 7)):
        group = make_group(session, facts, name, year)
        for phase in ("young", "older"):
            make_pupil(session, sealer, facts, group, status="invited", phase=phase)
        make_pupil(session, sealer, facts, group, chat_id=year)
        make_pupil(session, sealer, facts, group, status="left")
    session.commit()
    return session.get_one(School, facts.id)


def unpacked(data: bytes) -> bytes:
    """A PDF with what lies in its packed streams."""
    found = [data]
    for part in data.split(b"stream\n")[1:]:
        try:
            found.append(zlib.decompressobj().decompress(part))
        except zlib.error:
            continue
    return b"\n".join(found)


def pages(data: bytes) -> int:
    """How many pages a PDF has: its page objects."""
    return len(re.findall(rb"/Type\s*/Page\b", unpacked(data)))


def test_each_group_has_a_file_with_a_page_for_each_pupil_without_a_phone(
    session: Session, sealer: Sealer, school: School, tmp_path: Path
):
    told: list[tuple[int, int]] = []
    folder = tmp_path / "letters"
    count = write_letters(
        session, sealer, school, folder, "your_bot", NOW, lambda done, total: told.append((done, total))
    )
    files = sorted(folder.iterdir())
    assert (count, len(files), told) == (4, 2, [(0, 2), (1, 2), (2, 2)])
    assert {path.parent for path in files} == {folder}
    assert [path.name for path in files if path.name == "10A.pdf"] == ["10A.pdf"]
    assert [pages(path.read_bytes()) for path in files] == [2, 2]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, *files)] == [0o700, 0o600, 0o600]
    assert len(session.exec(select(Invite)).all()) == 4


def test_a_pupils_letter_is_in_their_language_with_a_picture_of_the_way_in(
    session: Session, sealer: Sealer, school: School
):
    pupil = session.exec(select(Pupil).where(Pupil.status == "invited")).first()
    assert pupil is not None
    pupil.language = "cy"
    group = session.get_one(TutorGroup, pupil.group_id)
    made = pupils_page(session, sealer, facts(school), group, pupil, "your_bot", NOW)
    assert (made.language, made.title) == ("cy", text.render(say("Join your school’s check-ins"), "cy", school.zone))
    assert made.title != "Join your school’s check-ins"
    # A picture of exactly the link that joins this pupil.
    assert look_up(session, sealer, school.id, b"phone", made.code, NOW).outcome == "valid"
    link = f"https://t.me/your_bot?start={made.code}"
    assert made.picture == segno.make(link, error="q").svg_inline(border=0, scale=4)
    assert made.spelled.endswith(spelled(made.code))


def test_letters_made_anew_end_the_codes_on_those_before(
    session: Session, sealer: Sealer, school: School, tmp_path: Path
):
    pupil = session.exec(select(Pupil).where(Pupil.status == "invited")).first()
    assert pupil is not None
    code = issue(session, sealer, pupil, NOW)
    assert look_up(session, sealer, school.id, b"chat", code, NOW).outcome == "valid"
    write_letters(session, sealer, school, tmp_path / "letters", "your_bot", NOW, quiet)
    assert look_up(session, sealer, school.id, b"chat", code, NOW).outcome == "expired"


def test_a_folder_that_is_there_is_left_as_it_is_and_no_code_ends(
    session: Session, sealer: Sealer, school: School, tmp_path: Path
):
    (tmp_path / "letters").mkdir()
    with pytest.raises(LettersProblem, match="letters is there already"):
        write_letters(session, sealer, school, tmp_path / "letters", "your_bot", NOW, quiet)
    with pytest.raises(LettersProblem, match=r"cannot be made \(No such file or directory\)"):
        write_letters(session, sealer, school, tmp_path / "none" / "letters", "your_bot", NOW, quiet)
    assert session.exec(select(Invite)).all() == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".letters")] == []


def parents(session: Session, sealer: Sealer, school: School) -> list[Guardian]:
    """One guardian with two children in two groups, one with one, one who has joined, and one of a pupil who left."""
    made = facts(school)
    everyone = session.exec(select(Pupil).order_by(col(Pupil.group_id))).all()
    here = [pupil for pupil in everyone if pupil.status != "left"]
    guardians = [
        make_guardian(session, sealer, made, here[0], here[-1]),
        make_guardian(session, sealer, made, here[-1]),
        make_guardian(session, sealer, made, here[0]),
        make_guardian(session, sealer, made, next(pupil for pupil in everyone if pupil.status == "left")),
    ]
    code = issue_to_guardian(session, sealer, guardians[2], NOW)
    found = look_up(session, sealer, school.id, b"chat", code, NOW).guardian
    assert found is not None
    bind(session, sealer, found, 900, NOW)
    guardians[0].language = "cy"
    session.commit()
    return guardians


def test_each_parent_without_a_chat_gets_one_letter_of_their_own_and_no_pupils_code_ends(
    session: Session, sealer: Sealer, school: School, tmp_path: Path
):
    two, one, *_others = parents(session, sealer, school)
    pupil = session.exec(select(Pupil).where(Pupil.status == "invited")).first()
    assert pupil is not None
    pupils = issue(session, sealer, pupil, NOW)
    folder = tmp_path / "parents"
    assert write_parents_letters(session, sealer, school, folder, "your_bot", NOW, quiet) == 2
    assert [pages(path.read_bytes()) for path in folder.iterdir()] in ([2], [1, 1])
    fresh = session.exec(select(GuardianInvite).where(col(GuardianInvite.used_at).is_(None))).all()
    assert {row.guardian_id for row in fresh} == {two.id, one.id}
    assert look_up(session, sealer, school.id, b"chat", pupils, NOW).outcome == "valid"


def test_a_parents_letter_is_in_their_language_and_its_code_is_theirs(session: Session, sealer: Sealer, school: School):
    two, *_others = parents(session, sealer, school)
    group = session.exec(select(TutorGroup)).first()
    assert group is not None
    made = parents_page(session, sealer, facts(school), group, two, "your_bot", NOW)
    assert (made.language, made.school) == ("cy", "Larkfield")
    assert made.for_whom.count(str(sealer.read(two, "name"))) == 1
    lines = (made.title, *made.steps, made.spelled, *made.paragraphs, made.foot)
    assert [line for line in lines if familiar(line)] == []
    found = look_up(session, sealer, school.id, b"phone", made.code, NOW).guardian
    assert (found and found.guardian_id) == two.id


@pytest.mark.parametrize("language", ["ar", "ur"])
def test_a_letter_written_leftwards_has_every_letter_of_its_language(
    session: Session, sealer: Sealer, school: School, tmp_path: Path, language: str
):
    """A letter that a font lacks is an empty box on paper: Urdu has three that most fonts lack."""
    for pupil in session.exec(select(Pupil)):
        pupil.language = language
    write_letters(session, sealer, school, tmp_path / "letters", "our_bot", NOW, quiet)
    pdf = (tmp_path / "letters" / "10A.pdf").read_bytes()
    fonts = set(re.findall(rb"/BaseFont\s*/[A-Z]{6}\+([A-Za-z]+)", unpacked(pdf)))
    said = "".join(
        words
        for message in entries(read_catalogue(LOCALES / language / "LC_MESSAGES" / "earshot.po", language))
        for words in ([message.string] if isinstance(message.string, str) else message.string)
        if any("bot/letters" in file or "flows/help" in file for file, _ in message.locations)
    )
    known = TTFont(FONTS / "Amiri-Regular.ttf").getBestCmap()
    assert b"Amiri" in fonts
    assert sorted({letter for letter in said if letter.isprintable() and ord(letter) not in known}) == []


def test_a_code_is_spelled_in_words_and_taken_in_them():
    assert spelled("ACDE-3467") == "Alfa Charlie Delta Echo, three four six seven"
    assert set(SPELLING) == set(ALPHABET)
    assert len({word[:3].lower() for word in SPELLING.values()}) == len(ALPHABET)
    for words in ("Alfa Charlie Delta Echo, three four six seven", " alpha charlie\ndelta ECHO three,four six seven "):
        assert normal(words) == "ACDE3467"
    for words in (
        "Alfa Charlie Delta",
        "alfa " * 9,
        "one two three four five six seven nine",
        "I saw a fox at the golf",
    ):
        assert normal(words) is None


@pytest.mark.parametrize(
    "code", ["".join(ALPHABET[(start + step) % len(ALPHABET)] for step in range(8)) for start in range(len(ALPHABET))]
)
def test_every_letter_survives_being_spelled(code: str):
    assert normal(spelled(f"{code[:4]}-{code[4:]}")) == code


def test_the_command_makes_them_and_names_no_pupil(people: Earshot):
    told = people("letters", "autumn", "--bot", "@fernhill_bot")
    assert (told.status, told.out) == (
        0,
        "2 letters are in autumn. Print them, hand them out, then delete the folder.",
    )
    assert [path.name for path in Path("autumn").iterdir()] == ["9Q.pdf"]
    people("import", *write(guardians="guardian_id,pupil_id,name\nG1,P1,Ann Oak\n"))
    assert people("letters", "parents", "--parents", "--bot", "fernhill_bot").out == (
        "1 letter is in parents. Print them, post them or hand them to the adult, then delete the folder."
    )
    assert people("letters", "again", "--bot", "a b").err == (
        "The bot's username has 4 to 32 letters, digits and _, such as your_school_bot."
    )
    # Who holds them knows every name and code in them, so that they were made is on record; a refusal is not.
    assert actions()[-3:] == ["wrote letters", "lists brought in", "wrote parents' letters"]


def test_the_command_makes_nothing_when_nobody_needs_a_letter(made: Earshot):
    for more in ((), ("--parents",)):
        # The second time too: no folder of the first is in the way.
        for _ in range(2):
            told = made("letters", "autumn", "--bot", "fernhill_bot", *more)
            assert (told.status, told.out, told.err) == (0, "Nobody needs a letter.", "")
    assert (Path("autumn").exists(), actions()) == (False, [])


@pytest.mark.parametrize("name", ["W" * 100, "ﻋ" * 100, "Ẃ́" * 50], ids=["wide", "leftwards", "with marks"])
def test_a_very_long_name_stays_on_the_page(
    session: Session, sealer: Sealer, school: School, tmp_path: Path, name: str
):
    pupil = session.exec(select(Pupil).where(Pupil.status == "invited")).first()
    assert pupil is not None
    sealer.write(pupil, "name", name)
    group = session.get_one(TutorGroup, pupil.group_id)
    made_up = replace(facts(school), name=name)
    words = json.dumps([asdict(pupils_page(session, sealer, made_up, group, pupil, "your_bot", NOW))])
    drawn = typst.compile(TEMPLATE, font_paths=[FONTS], sys_inputs={"letters": words}, format="png", ppi=36)
    with Image.open(BytesIO(drawn)) as picture:
        grey = picture.convert("L")
    # Of 210 mm, the outer 20 on either side: the margins are 24.
    width, margin = grey.width, grey.width * 20 // 210
    sides = [grey.crop((left, 0, left + margin, grey.height)) for left in (0, width - margin)]
    assert [side.getextrema() for side in sides] == [(255, 255)] * 2
