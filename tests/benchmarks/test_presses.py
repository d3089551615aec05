"""Every button, form and command that the code knows is measured: none can be left out."""

import ast
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session, col, select

from benchmarks import history
from benchmarks.history import Size
from benchmarks.presses import FORMS, SIZES, make
from benchmarks.presses_ready import BUTTONS, WINDOWS
from bot.slack.desk import DECISIONS, SUBMISSIONS
from bot.whisper import slack as whisper_slack
from bot.whisper.locked import UNLOCK
from bot.whisper.views import STAFF, THREAD
from conversations.whisper_cards import WHISPER_ACTIONS
from scheduling.retention import purge
from scheduling.school import Schools
from store.tables import CheckIn, Flag, School, Wave


def windows_whisper_listens_to() -> int:
    source = ast.parse(Path(str(whisper_slack.__file__)).read_text("utf-8"))
    return sum(isinstance(node, ast.Call) and ast.unparse(node.func) == "app.view" for node in ast.walk(source))


def test_every_button_the_code_knows_is_pressed_once_each_round():
    assert sorted(BUTTONS) == sorted((*DECISIONS, *WHISPER_ACTIONS))
    assert set(BUTTONS) >= WINDOWS


def test_every_form_the_code_knows_is_sent_and_opened_by_a_button_that_opens_a_window():
    of_whisper = {THREAD, UNLOCK, STAFF}
    assert set(FORMS) == {*SUBMISSIONS, *of_whisper}
    assert windows_whisper_listens_to() == len(of_whisper)
    assert set(FORMS.values()) - WINDOWS == {"whisper"}


def test_each_button_has_its_presses_by_somebody_who_is_in_slack(tmp_path: Path):
    made, users = make(tmp_path, SIZES["tiny"], 1)

    assert {name: len(presses) for name, presses in made.items()} == dict.fromkeys(BUTTONS, 1)
    assert {one.staff_id for presses in made.values() for one in presses} <= set(users)


def test_a_purged_history_is_what_retention_leaves_of_a_whole_one(tmp_path: Path):
    size = Size(pupils=30, waves=200, flags_a_wave=2, letters=10, audits=1)

    def there(folder: str, *, purged: bool) -> list[int]:
        (tmp_path / folder).mkdir()
        engine, sealer = history.make(tmp_path / folder, replace(size, purged=purged))
        with Session(engine) as session:
            facts = Schools(session.exec(select(School.id)).one()).of(session)
            if not purged:
                purge(session, sealer, facts, datetime.now(UTC))
            answered = session.exec(select(CheckIn).where(col(CheckIn.answers_sealed).is_not(None))).all()
            rows = [len(session.exec(select(table)).all()) for table in (CheckIn, Flag, Wave)]
        engine.dispose()
        return [len(answered), *rows]

    assert there("purged", purged=True) == there("whole", purged=False)
