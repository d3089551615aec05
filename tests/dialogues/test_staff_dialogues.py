"""Golden dialogues of staff: each text file in `staff` is how cards come and change in Slack, word for word.

After a change that is meant, `python -m tests.dialogues.test_staff_dialogues` writes the files anew; read the
difference.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine

from store import vault
from store.database import make_engine
from tests.bot.slack_school import SmallSchool, small_school
from tests.dialogues.staff_transcript import FOLDER, Office, transcript
from tests.locales import in_pseudo

FLAG = UUID(int=7)
DIALOGUES = sorted(FOLDER.glob("*.txt"))


@pytest.fixture
def here(engine: Engine) -> Iterator[SmallSchool]:
    school = small_school(engine, linked=True, flag_id=FLAG)
    yield school
    school.worker.close()


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_staff_dialogue_goes_as_written_and_fits_slack_in_longer_words(path: Path, here: SmallSchool):
    script, office = path.read_text("utf-8"), Office(here)

    assert transcript(script, office) == script
    assert [found for card in office.shown for found in in_pseudo.of_card(card)] == []
    assert [found for form in office.forms for found in in_pseudo.of_form(form)] == []


def main() -> None:
    """Write the files anew."""
    for path in DIALOGUES:
        with tempfile.TemporaryDirectory() as folder:
            engine = make_engine(f"sqlite:///{Path(folder) / 'staff.sqlite'}")
            vault.migrate(engine)
            school = small_school(engine, linked=True, flag_id=FLAG)
            path.write_text(transcript(path.read_text("utf-8"), school), "utf-8")
            school.worker.close()
            engine.dispose()


if __name__ == "__main__":
    main()
