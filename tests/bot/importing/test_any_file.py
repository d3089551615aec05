"""Any file at all, as it lies on a disk: brought in whole, or refused in a sentence with nothing changed."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from bot.importing import importing
from bot.importing.rows import ImportProblem
from store.people_tables import Guardian, Guardianship
from store.tables import Audit, Pupil, School, Staff, TutorGroup
from tests.bot.importing.test_importing import SEALER, TODAY, school

__all__ = ["school"]
STAFF = "staff_id,name,email,roles,year\nS1,Ann Oak,ann@fernhill.example,tutor,\n"
GROUPS = "Reg group,tutor_id,Year group\n7A,S1,Year 7\n"
PUPILS = """Adno,Legal forename,Legal surname,Form,DOB,Leaving date
P1,Wren,Ashdown,7A,24/03/2015,
P2,Ivo,Tarn,7A,03/05/2015,
"""
GUARDIANS = "Contact ID,Adno,Name\nG1,P1,Bo Ashdown\nG1,P2,Bo Ashdown\n"
SOUND = (STAFF, GROUPS, PUPILS, GUARDIANS)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sound file in any encoding, with some of its bytes changed, taken out or put in."""
    content = bytearray(draw(st.sampled_from(SOUND)).encode(draw(encodings)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(content)))
        content[at : at + draw(st.integers(0, 6))] = draw(st.binary(max_size=6))
    return bytes(content)


contents = st.lists(damaged() | st.binary(max_size=120), min_size=1, max_size=4)


def everything(session: Session) -> list[object]:
    tables = (School, Staff, TutorGroup, Pupil, Guardian, Guardianship, Audit)
    return [[row.model_dump() for row in session.exec(select(table)).all()] for table in tables]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents, st.booleans(), st.booleans())
def test_any_bytes_are_brought_in_whole_or_refused_with_nothing_changed(
    session: Session, school: School, tmp_path: Path, files: list[bytes], everyone: bool, there: bool
):
    paths = []
    for number, content in enumerate(files):
        path = tmp_path / f"list {number}.csv"
        path.write_bytes(content)
        paths.append(path)
    if there:
        sound = [importing.read_text(f"{number}.csv", text) for number, text in enumerate(SOUND)]
        importing.apply(session, SEALER, school, importing.plan(session, SEALER, school, sound, TODAY))
        session.flush()
    before = everything(session)
    try:
        parts = [importing.read_file(path) for path in paths]
        plan = importing.plan(session, SEALER, school, parts, TODAY, everyone=everyone)
        importing.apply(session, SEALER, school, plan)
    except ImportProblem:
        assert everything(session) == before
        session.rollback()
        return
    session.flush()
    assert plan.bad == ()
    again = importing.plan(session, SEALER, school, parts, TODAY, everyone=everyone)
    assert (again.added, again.changed, again.moved, again.left) == ((), (), (), ())
    session.rollback()


def test_the_sound_files_are_brought_in(session: Session, school: School):
    parts = [importing.read_text(f"{number}.csv", text) for number, text in enumerate(SOUND)]
    plan = importing.plan(session, SEALER, school, parts, TODAY)
    assert ({kind: count.added for kind, count in plan.counts().items()}, plan.bad) == (
        {"staff": 1, "groups": 1, "pupils": 2, "guardians": 1},
        (),
    )


@pytest.mark.parametrize("text", SOUND)
def test_one_bad_row_among_good_ones_keeps_all_out(session: Session, school: School, text: str):
    before = everything(session)
    texts = [one + "X9,,,,,,,,\n" if one is text else one for one in SOUND]
    parts = [importing.read_text(f"{number}.csv", one) for number, one in enumerate(texts)]
    with pytest.raises(ImportProblem):
        importing.apply(session, SEALER, school, importing.plan(session, SEALER, school, parts, TODAY))
    assert everything(session) == before
