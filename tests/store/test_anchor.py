"""The anchor: a missing end, and a chain written anew, are found from outside the database."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from store import anchor, audit
from store.anchor import Break
from store.sealing import Sealer
from store.tables import Audit
from tests.factories import NOW, make_school


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the anchor lies."""
    return tmp_path / "earshot.anchor"


@pytest.fixture
def school_id(session: Session) -> UUID:
    """A school with a chain of five rows, beside another school with one of three."""
    schools = [make_school(session).id, make_school(session).id]
    for school, count in zip(schools, (5, 3), strict=True):
        write(session, school, count)
    return schools[0]


def write(session: Session, school_id: UUID, count: int, actor: str = "staff:1") -> None:
    for _ in range(count):
        audit.record(session, school_id, NOW, actor=actor, action="read nudge", subject="pupil:1")
    session.commit()


def cut(session: Session, school_id: UUID, first: int) -> None:
    for row in session.exec(select(Audit).where(Audit.school_id == school_id, col(Audit.number) >= first)):
        session.delete(row)
    session.commit()


def test_a_chain_that_grew_is_whole_and_its_anchor_follows(
    session: Session, sealer: Sealer, school_id: UUID, path: Path
) -> None:
    assert anchor.keep(session, path, sealer) == []
    before = anchor.read(path, [sealer])
    write(session, school_id, 2)
    assert anchor.verify(session, path, [sealer]) == []
    assert anchor.keep(session, path, sealer) == []
    after = anchor.read(path, [sealer])
    assert (before and before[school_id][0], after and after[school_id][0]) == (5, 7)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("first", "why"), [(5, "rows 5 to 5"), (3, "rows 3 to 5"), (1, "rows 1 to 5")])
def test_a_missing_end_is_found(
    session: Session, sealer: Sealer, school_id: UUID, path: Path, first: int, why: str
) -> None:
    anchor.keep(session, path, sealer)
    cut(session, school_id, first)
    # The chain by itself looks whole: this is what the anchor is for.
    assert audit.first_break(session, school_id) is None
    assert anchor.verify(session, path, [sealer]) == [Break(school_id, first, f"{why} were there before and are gone")]


def test_a_chain_written_anew_is_found_even_when_it_has_grown_since(
    session: Session, sealer: Sealer, school_id: UUID, path: Path
) -> None:
    anchor.keep(session, path, sealer)
    cut(session, school_id, 4)
    write(session, school_id, 6, actor="staff:2")
    assert audit.first_break(session, school_id) is None
    assert anchor.verify(session, path, [sealer]) == [Break(school_id, 5, "row 5 is not the one that was there before")]


def test_a_broken_chain_does_not_move_its_anchor_and_others_go_on(
    session: Session, sealer: Sealer, school_id: UUID, path: Path
) -> None:
    anchor.keep(session, path, sealer)
    cut(session, school_id, 4)
    (other,) = set(anchor.heads(session)) - {school_id}
    write(session, other, 1)
    for _ in range(2):
        assert [one.school_id for one in anchor.keep(session, path, sealer)] == [school_id]
    kept = anchor.read(path, [sealer]) or {}
    assert (kept[school_id][0], kept[other][0]) == (5, 4)


def test_a_changed_row_is_found_by_the_chain_itself(
    session: Session, sealer: Sealer, school_id: UUID, path: Path
) -> None:
    row = session.exec(select(Audit).where(Audit.school_id == school_id, Audit.number == 2)).one()
    row.actor = "staff:9"
    session.commit()
    assert anchor.verify(session, path, [sealer]) == [Break(school_id, 2, "row 2 was changed, removed or moved")]


def test_a_forged_damaged_or_missing_anchor_is_none(
    session: Session, sealer: Sealer, school_id: UUID, path: Path
) -> None:
    assert anchor.read(path, [sealer]) is None
    anchor.keep(session, path, sealer)
    kept = json.loads(path.read_text())
    assert anchor.read(path, [Sealer(bytes(32))]) is None
    assert anchor.read(path, [Sealer(bytes(32)), sealer]) is not None
    for spoilt in ({**kept, "heads": "{}"}, {**kept, "signature": "00"}, {}, []):
        path.write_text(json.dumps(spoilt))
        assert anchor.read(path, [sealer]) is None
    path.write_bytes(b"\xff")
    assert anchor.read(path, [sealer]) is None
    assert school_id in anchor.heads(session)
