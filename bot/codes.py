"""Join codes for the pupils who have not joined, written to a file to be handed out; the store keeps only hashes."""

import csv
import os
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from store.invites import issue
from store.sealing import Sealer
from store.tables import Binding, Pupil, School, TutorGroup


class CodesProblem(Exception):
    """The file of codes cannot be written; the sentence says why and what to do."""


def write_codes(session: Session, sealer: Sealer, school: School, path: Path, now: datetime) -> int:
    """Issue a code to every pupil without a phone and write them to a new file of mode 0600; returns how many.

    The file has the columns group, name and code, by group and name. Codes issued to them before end. The caller
    commits. Raises CodesProblem if the file is there already or cannot be made.
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
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(("group", "name", "code"))
            table.writerows((group, name, code) for _year, group, name, code in rows)
    except FileExistsError:
        raise CodesProblem(
            f"{path.name} is there already. Name a new file: old codes end when new ones are made."
        ) from None
    except OSError as error:
        raise CodesProblem(f"{path.name} cannot be written ({error.strerror}). Name another place.") from None
    return len(rows)
