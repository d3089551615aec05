"""Join codes for the pupils who have not joined, written to a file to be handed out; the store keeps only hashes."""

import csv
import io
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from bot.commands.tools import private_file
from store.invites import issue
from store.sealing import Sealer
from store.tables import Binding, Pupil, School, TutorGroup


def write_codes(session: Session, sealer: Sealer, school: School, path: Path, now: datetime) -> int:
    """Issue a code to every pupil without a phone and write them to a new file of mode 0600; returns how many.

    The file has the columns group, name and code, by group and name. Codes issued to them before end. With nobody
    waiting no file is made. The caller commits. Raises FileProblem if the file is there already or cannot be made.
    """
    waiting = session.exec(
        select(Pupil, TutorGroup)
        .join(TutorGroup, col(TutorGroup.id) == col(Pupil.group_id))
        .join(Binding, col(Binding.pupil_id) == col(Pupil.id), isouter=True)
        .where(Pupil.school_id == school.id, col(Binding.pupil_id).is_(None), Pupil.status != "left")
        .where(col(Pupil.held).is_(False))
    ).all()
    rows = sorted(
        (group.year, group.name, str(sealer.read(pupil, "name")), issue(session, sealer, pupil, now))
        for pupil, group in waiting
    )
    if not rows:
        return 0
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(("group", "name", "code"))
    table.writerows((group, name, code) for _year, group, name, code in rows)
    with private_file(path) as file:
        file.write(text.getvalue().encode())
    return len(rows)
