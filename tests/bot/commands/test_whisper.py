"""Whispers on the command line: the same guards as in Slack, and the check of a school's own files."""

import io
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import structlog
from PIL import Image
from sqlalchemy import update
from sqlmodel import Session, col, select

from bot.command_line import main
from bot.doctor.whisper_desk import desk_findings
from bot.logs import TALKATIVE
from bot.opening import open_store
from bot.settings import Settings
from bot.whisper.desk import readers_wanted
from scheduling.calendar import SchoolCalendar, Term
from scheduling.school import facts
from store.audit import first_break
from store.guardian_tables import GuardianBinding
from store.people import chat_key
from store.tables import Audit, Binding, Pupil, School
from store.whisper_desk import keep_readers, queue, reader_id
from store.whisper_lock import is_locked, recovery_words
from store.whisper_sealing import Cost, Receipt, new_receipt, new_seed
from store.whisper_store import WhisperStore, open_whispers
from store.whisper_tables import setting
from store.whispers import Draft, Page, add, find, see, start
from tests.bot.test_command_line import lay
from tests.factories import make_guardian

STAFF = """staff_id,name,email,roles,year
S1,Tess Tolling,t.tolling@fernhill.example,tutor,
S2,Dora Selwyn,d.selwyn@fernhill.example,dsl,
S3,Dai Penrose,d.penrose@fernhill.example,deputy_dsl,
"""
GROUPS = "group,tutor_id,year\n9Q,S1,9\n"
PUPILS = "pupil_id,name,group,year\nP1,Wren Ashdown,9Q,9\n"
LEAD = ("--lead", "d.selwyn@fernhill.example")
CHAT = 7_310_459_201
PARENT = 7_310_999_001
REFUSED = (1, "There is no such whisper, or it is not for you to read.")
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def earshot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], sqlite_template: bytes
) -> Iterator[Run]:
    """The command line on a small school with a pupil who has joined; gives status and what was said."""
    for name in os.environ:
        if name.upper().startswith("EARSHOT_") and name != "EARSHOT_TEST_DATABASES":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in TALKATIVE}

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["earshot", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        written = capsys.readouterr()
        return int(left.value.code or 0), " ".join((written.out + written.err).split())

    lay(sqlite_template)
    assert run("init", "--name", "Fernhill School")[0] == 0
    for name, content in (("staff", STAFF), ("groups", GROUPS), ("pupils", PUPILS)):
        Path(f"{name}.csv").write_text(content)
    assert run("import", "staff.csv", "groups.csv", "pupils.csv")[0] == 0
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        pupil = session.exec(select(Pupil)).one()
        binding = Binding(pupil_id=pupil.id, school_id=pupil.school_id, chat_key=chat_key(sealer, CHAT))
        sealer.write(binding, "chat", CHAT)
        session.add(binding)
        session.commit()
    engine.dispose()
    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


@pytest.fixture
def whispers(earshot: Run) -> Iterator[WhisperStore]:
    """The whisper store of that school, with its readers."""
    engine, sealer = open_store(Settings(), make=False)
    store = open_whispers(Settings().whisper_url, sealer, Cost(64, 1))
    with Session(engine) as session:
        school = facts(session.exec(select(School)).one())
        keep_readers(store, set(readers_wanted(session, sealer, school)))
    yield store
    store.engine.dispose()
    engine.dispose()


def make(store: WhisperStore, words: str = "they take my things", **more: object) -> tuple[str, Receipt]:
    receipt = new_receipt()
    draft = Draft("2026-11-24", "bullying", "me", **more)  # type: ignore[arg-type]
    door = start(store, draft, receipt, {"what": "words"}, words.encode())
    return door.report.hex()[:6].upper(), receipt


def test_lead_lists_reads_replies_and_closes(earshot: Run, whispers: WhisperStore):
    handle, receipt = make(whispers)
    status, told = earshot("whisper", "list", *LEAD)
    assert status == 0
    assert handle in told
    assert "take my things" not in told
    status, told = earshot("whisper", "read", handle, *LEAD)
    assert (status, "1. The writer: they take my things" in told) == (0, True)
    assert earshot("whisper", "reply", handle, "Thank you for telling us.", *LEAD)[0] == 0
    assert earshot("whisper", "reply", handle, "Ring home tomorrow.", "--note", *LEAD)[0] == 0
    assert earshot("whisper", "close", handle, "helped", *LEAD)[0] == 0
    key = find(whispers, receipt)
    assert key is not None
    add(whispers, key.door, {"what": "helped"}, b"y")
    _, told = earshot("whisper", "read", handle, *LEAD)
    assert "noted, for readers alone: Ring home tomorrow. 4. The writer says: this helped." in told
    assert see(whispers, find(whispers, receipt)) == Page("closed", "helped", (("reply", "Thank you for telling us."),))


@pytest.mark.parametrize("more", [(), ("--note",)])
@pytest.mark.parametrize("words", ["", "  \n", "\u200b"])
def test_reply_without_words_is_refused(earshot: Run, whispers: WhisperStore, words: str, more: tuple[str, ...]):
    handle, receipt = make(whispers)
    refused = (1, "Nothing was entered, so nothing was sent.")
    assert earshot("whisper", "reply", handle, words, *more, *LEAD) == refused
    assert see(whispers, find(whispers, receipt)) == Page("received", "", ())


def test_every_look_is_in_the_audit_chain(earshot: Run, whispers: WhisperStore):
    handle, _ = make(whispers)
    earshot("whisper", "read", handle, *LEAD)
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        assert [row.action for row in session.exec(select(Audit)).all()][-1] == "read whisper"
        assert first_break(session, school.id) is None
    engine.dispose()


def test_who_is_no_lead_and_a_whisper_that_is_not_there_are_answered_alike(earshot: Run, whispers: WhisperStore):
    handle, _ = make(whispers)
    assert earshot("whisper", "read", handle, "--lead", "t.tolling@fernhill.example") == REFUSED
    assert earshot("whisper", "read", handle, "--lead", "nobody@fernhill.example") == REFUSED
    assert earshot("whisper", "read", "ABCDEF", *LEAD) == REFUSED
    assert earshot("whisper", "read", "", *LEAD) == REFUSED


def test_lead_who_is_left_out_reads_nothing_of_it(earshot: Run, whispers: WhisperStore):
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        wanted = readers_wanted(session, sealer, facts(session.exec(select(School)).one()))
    excluded = next(one for one, roles in wanted.items() if roles == ("dsl",))
    engine.dispose()
    assert reader_id(sealer, "x") not in wanted
    handle, _ = make(whispers, excluded=(excluded.hex(),))
    assert earshot("whisper", "read", handle, *LEAD) == REFUSED
    assert handle not in earshot("whisper", "list", *LEAD)[1]
    assert earshot("whisper", "read", handle, "--lead", "d.penrose@fernhill.example")[0] == 0


def test_photo_is_written_for_its_reader_alone(earshot: Run, whispers: WhisperStore):
    handle, receipt = make(whispers)
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "grey").save(picture, "JPEG")
    key = find(whispers, receipt)
    assert key is not None
    add(whispers, key.door, {"what": "photo"}, picture.getvalue())
    assert earshot("whisper", "photo", handle, "1", "x.jpg", *LEAD)[0] == 1
    assert earshot("whisper", "photo", handle, "2", "x.jpg", *LEAD) == (
        0,
        "Written to x.jpg. Delete it when you have looked.",
    )
    assert Path("x.jpg").read_bytes() == picture.getvalue()
    assert Path("x.jpg").stat().st_mode & 0o777 == 0o600
    assert earshot("whisper", "photo", handle, "2", "x.jpg", *LEAD) == (1, "x.jpg is there already. Name a new file.")


def test_export_is_sealed_and_opens_with_its_password_alone(earshot: Run, whispers: WhisperStore):
    handle, _ = make(whispers, words="#import nothing *as it is* $x$ <b>")
    assert earshot("whisper", "export", handle, "case.sealed", "--password", "three blue doors", *LEAD)[0] == 0
    assert b"as it is" not in Path("case.sealed").read_bytes()
    assert earshot("whisper", "unseal", "case.sealed", "case.pdf", "--password", "two blue doors") == (
        1,
        "That password does not open it, or the file was changed.",
    )
    assert not Path("case.pdf").exists()
    assert earshot("whisper", "unseal", "case.sealed", "case.pdf", "--password", "three blue doors")[0] == 0
    assert Path("case.pdf").read_bytes().startswith(b"%PDF")


def test_counts_hide_small_cells_and_the_one_that_would_tell_them(earshot: Run, whispers: WhisperStore):
    for _ in range(2):
        make(whispers)
    receipt = new_receipt()
    for _ in range(6):
        start(whispers, Draft("2026-11-24", "online", "me"), new_receipt(), {"what": "words"}, b"x")
    start(whispers, Draft("2026-01-24", "home", "me"), receipt, {"what": "words"}, b"x")
    status, told = earshot("whisper", "count", "2026-09-01", "2026-12-18")
    assert status == 0
    assert told.count("under 5") == 2
    assert "6" not in told.replace("2026", "")
    status, told = earshot("whisper", "count")
    assert (status, told.startswith("The calendar has no term that has begun: give two days")) == (1, True)
    long_ago = Term("Long ago", date(2001, 1, 8), date(2001, 3, 30))
    terms = (long_ago, Term("Later", date(2001, 4, 16), date(2001, 7, 20)))
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        school.calendar = SchoolCalendar(zone=school.zone, nation=school.nation, terms=terms).to_json()
        session.add(school)
        session.commit()
    engine.dispose()
    status, told = earshot("whisper", "count")
    assert (status, told.index("Long ago") < told.index("Later"), told.count("under 5")) == (0, True, 0)


@pytest.mark.parametrize("days", [("2026-12-18", "2026-09-01"), ("2999-01-01",)])
def test_count_between_days_the_wrong_way_round_is_refused(earshot: Run, whispers: WhisperStore, days: tuple[str, ...]):
    status, told = earshot("whisper", "count", *days)
    assert (status, told) == (1, "The last day is before the first: give the first day, then the last.")


def test_backup_holds_more_than_there_is(earshot: Run, whispers: WhisperStore):
    make(whispers)
    assert earshot("whisper", "backup", "copy.sqlite")[0] == 0
    engine, sealer = open_store(Settings(), make=False)
    copy = open_whispers("sqlite:///copy.sqlite", sealer, Cost(64, 1))
    assert len(queue(copy)) == 32
    copy.engine.dispose()
    engine.dispose()
    assert earshot("whisper", "backup", "copy.sqlite")[0] == 1


def join_a_parent() -> None:
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        school = facts(session.exec(select(School)).one())
        guardian = make_guardian(session, sealer, school, session.exec(select(Pupil)).one())
        sealer.write(guardian, "name", "Carer Example")
        binding = GuardianBinding(guardian_id=guardian.id, school_id=school.id, chat_key=chat_key(sealer, PARENT))
        sealer.write(binding, "chat", PARENT)
        session.add(binding)
        session.commit()
    engine.dispose()


def test_check_finds_nothing_in_what_earshot_keeps_and_each_planted_trace(earshot: Run, whispers: WhisperStore):
    make(whispers)
    join_a_parent()
    assert earshot("whisper", "backup", "copy.sqlite")[0] == 0
    status, told = earshot("anonymity", "check", "copy.sqlite", "data/whispers.sqlite", "data/earshot.sqlite")
    assert (status, told) == (
        0,
        "Looked for 2 chat ids and 2 names in 3 files. None of them is there, in any writing that is known. "
        "Whisper stores among them: 2. None has a time, a number or a link in its tables.",
    )
    for planted in (
        str(CHAT).encode(),
        CHAT.to_bytes(5, "little"),
        b"Wren Ashdown",
        str(PARENT).encode(),
        b"Carer Example",
    ):
        Path("planted.log").write_bytes(b"something " + planted + b" else")
        status, told = earshot("anonymity", "check", "planted.log")
        assert status == 1
        assert "planted.log: a chat id or a name stands there" in told
        assert "Wren" not in told
        assert str(CHAT) not in told


def test_check_opens_a_sealed_backup_with_the_recovery_key_and_does_not_pass_over_it(
    earshot: Run, whispers: WhisperStore
):
    make(whispers)
    assert earshot("keys", "recovery", "recovery.key")[0] == 0
    Path("backups").mkdir()
    status, told = earshot("backup", "backups")
    assert status == 0, told
    boxed = [str(path) for path in sorted(Path("backups").iterdir())]
    assert len(boxed) == 2
    status, told = earshot("anonymity", "check", *boxed)
    assert (status, "is a sealed backup: give --recovery-key KEY" in told) == (1, True)
    status, told = earshot("anonymity", "check", "backups", "--recovery-key", "recovery.key")
    assert (status, "Whisper stores among them: 1." in told) == (0, True), told


def test_files_that_are_not_there_are_said_in_a_sentence(earshot: Run):
    assert earshot("anonymity", "check", "none.log") == (1, "none.log cannot be read.")
    assert earshot("whisper", "list", *LEAD) == (
        1,
        "There is no whisper store here yet: it is made when Earshot first runs.",
    )


def recorded() -> list[str]:
    """What was done, as the audit chain has it."""
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        found = [row.action for row in session.exec(select(Audit).order_by("number")).all()]
    engine.dispose()
    return found


def answers(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Pipe secrets in, as a script does."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_desk_is_locked_opened_rehearsed_and_recovered(
    earshot: Run, whispers: WhisperStore, monkeypatch: pytest.MonkeyPatch
):
    handle, _ = make(whispers)
    words, other = "correct horse battery", "staple of other words"
    assert earshot("whisper", "desk", "lock", "recovery.key")[0] == 0
    assert Path("recovery.key").stat().st_mode & 0o777 == 0o600
    status, told = earshot("whisper", "desk", "lock", "second.key")
    assert (status, told.startswith("The desk is locked already"), Path("second.key").exists()) == (1, True, False)
    assert earshot("whisper", "read", handle, *LEAD) == (
        1,
        "You have no passphrase yet: choose one with `earshot whisper desk passphrase --lead ADDRESS`.",
    )
    answers(monkeypatch, words, other)
    assert earshot("whisper", "desk", "passphrase", *LEAD)[0] == 1
    answers(monkeypatch, words, words)
    assert earshot("whisper", "desk", "passphrase", *LEAD)[0] == 0
    answers(monkeypatch, other)
    assert earshot("whisper", "read", handle, *LEAD) == (1, "That is not your passphrase. Try again.")
    answers(monkeypatch, words)
    assert "they take my things" in earshot("whisper", "read", handle, *LEAD)[1]
    assert earshot("whisper", "desk", "rehearse", "recovery.key") == (
        0,
        "The recovery key opens all 1 whispers. Put it back into the safe.",
    )
    answers(monkeypatch, other, other)
    assert earshot("whisper", "desk", "recover", "recovery.key", *LEAD)[0] == 0
    answers(monkeypatch, other)
    assert "they take my things" in earshot("whisper", "read", handle, *LEAD)[1]
    assert earshot("whisper", "desk", "recover", "nothing.key", *LEAD)[0] == 1
    deeds = ["lock desk", "choose passphrase", "rehearse recovery", "recover desk"]
    assert [one for one in recorded() if one in {*deeds, "remove desk lock"}] == deeds


def test_desk_is_opened_in_the_earshot_that_runs_here_or_it_is_said_why_not(
    earshot: Run, whispers: WhisperStore, monkeypatch: pytest.MonkeyPatch
):
    opening, words = ("whisper", "desk", "open", *LEAD), "correct horse battery"
    assert earshot(*opening) == (1, "The desk is not locked: there is nothing to open.")
    earshot("whisper", "desk", "lock", "recovery.key")
    assert earshot(*opening)[1].startswith("You have no passphrase yet")
    answers(monkeypatch, words, words)
    earshot("whisper", "desk", "passphrase", *LEAD)
    answers(monkeypatch, words)
    assert earshot(*opening)[1].startswith("Earshot does not run here, or cannot be reached.")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind("data/desk.socket")
        door.listen()
        for said, told in (
            ("wrong", "That is not your passphrase."),
            ("many", "Those were many tries."),
            ("unread", "The desk was not opened."),
            ("open", "Your desk is open for four hours."),
        ):
            answering = threading.Thread(target=answer_at, args=(door, said, words))
            answering.start()
            answers(monkeypatch, words)
            assert earshot(*opening)[1].startswith(told)
            answering.join()
    assert [action for _, action in audited()][-1] == "open desk"


def answer_at(door: socket.socket, said: str, words: str) -> None:
    """Answer one lead as the running program would."""
    there, _ = door.accept()
    with there:
        assert json.loads(there.recv(4096))["passphrase"] == words
        there.sendall(said.encode())


def audited() -> list[tuple[str, str]]:
    """Who did what, by the audit chain, which must be whole."""
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        rows = session.exec(select(Audit).order_by(col(Audit.number))).all()
        school = session.exec(select(School)).one()
        assert first_break(session, school.id) is None
    engine.dispose()
    return [(row.actor.split(":")[0], row.action) for row in rows]


def test_lock_that_fails_is_not_in_the_audit_chain_nor_a_rehearsal_with_another_paper(
    earshot: Run, whispers: WhisperStore
):
    Path("there.key").write_text("x")
    before = audited()
    assert earshot("whisper", "desk", "lock", "there.key")[0] == 1
    Path("foreign.key").write_text(recovery_words(new_seed()))
    assert earshot("whisper", "desk", "rehearse", "foreign.key")[0] == 1
    assert audited() == before


def test_lock_is_taken_away_by_a_lead_with_passphrase_and_paper_alone(
    earshot: Run, whispers: WhisperStore, monkeypatch: pytest.MonkeyPatch
):
    handle, _ = make(whispers)
    words, away = "correct horse battery", ("whisper", "desk", "remove-lock")
    Path("foreign.key").write_text(recovery_words(new_seed()))
    assert earshot(*away, "foreign.key", *LEAD) == (1, "The desk is not locked, so there is nothing to recover.")
    earshot("whisper", "desk", "lock", "recovery.key")
    assert earshot(*away, "recovery.key", *LEAD) == (
        1,
        "You have no passphrase yet: choose one with `earshot whisper desk passphrase --lead ADDRESS`.",
    )
    answers(monkeypatch, words, words)
    earshot("whisper", "desk", "passphrase", *LEAD)
    answers(monkeypatch, "another passphrase")
    assert earshot(*away, "recovery.key", *LEAD) == (1, "That is not your passphrase. Try again.")
    assert earshot(*away, "foreign.key", *LEAD) == (
        1,
        "This recovery key is not of these whispers. Take the one that was made for them.",
    )
    assert earshot(*away, "recovery.key", "--lead", "t.tolling@fernhill.example") == REFUSED
    assert is_locked(whispers)
    answers(monkeypatch, words)
    status, told = earshot(*away, "recovery.key", *LEAD)
    assert (status, told.startswith("The desk has no lock any more"), is_locked(whispers)) == (0, True, False)
    for address in ("d.selwyn", "d.penrose"):
        assert "they take my things" in earshot("whisper", "read", handle, "--lead", f"{address}@fernhill.example")[1]
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        rows = [row.action for row in session.exec(select(Audit).where(Audit.subject == "whisper:desk")).all()]
        assert rows.count("remove desk lock") == 1
        assert first_break(session, session.exec(select(School)).one().id) is None
    engine.dispose()
    # And it can be locked again, by a key of its own.
    assert earshot("whisper", "desk", "lock", "second.key")[0] == 0


def test_doctor_says_who_has_no_passphrase_and_whether_recovery_was_rehearsed(
    earshot: Run, whispers: WhisperStore, monkeypatch: pytest.MonkeyPatch
):
    def found() -> dict[str, bool]:
        return {finding.what: finding.ok for finding in desk_findings(Settings())}

    assert found() == {"whisper desk": True}
    earshot("whisper", "desk", "lock", "recovery.key")
    assert found() == {"whisper desk": False, "whisper recovery": False}
    for address in ("d.selwyn", "d.penrose"):
        answers(monkeypatch, "correct horse battery", "correct horse battery")
        assert earshot("whisper", "desk", "passphrase", "--lead", f"{address}@fernhill.example")[0] == 0
    earshot("whisper", "desk", "rehearse", "recovery.key")
    assert found() == {"whisper desk": True, "whisper recovery": True}
    with whispers.write() as connection:
        connection.execute(update(setting).where(setting.c.name == "rehearsed").values(value=b"2020-01-01"))
    assert found() == {"whisper desk": True, "whisper recovery": False}
    assert whispers.path is not None
    whispers.engine.dispose()
    whispers.path.write_bytes(b"nonsense" * 600)
    assert found() == {}
    whispers.path.unlink()
    assert found() == {}


def test_what_cannot_be_closed_opened_or_read_is_said_in_a_sentence(earshot: Run, whispers: WhisperStore):
    handle, _ = make(whispers)
    assert earshot("whisper", "close", handle, "forgotten", *LEAD) == (
        1,
        "The outcome is one of: helped, passed_on, known, no_action, misuse.",
    )
    nothing = ("whisper", "unseal", "none.sealed", "case.pdf", "--password", "three blue doors")
    assert earshot(*nothing) == (1, "none.sealed cannot be read.")


def test_passphrase_is_changed_with_the_one_there_was(
    earshot: Run, whispers: WhisperStore, monkeypatch: pytest.MonkeyPatch
):
    handle, _ = make(whispers)
    earshot("whisper", "desk", "lock", "recovery.key")
    first, second = "correct horse battery", "another horse battery"
    answers(monkeypatch, first, first)
    assert earshot("whisper", "desk", "passphrase", *LEAD)[0] == 0
    answers(monkeypatch, "wrong horse battery", second, second)
    assert earshot("whisper", "desk", "passphrase", *LEAD)[0] == 1
    answers(monkeypatch, first, second, second)
    assert earshot("whisper", "desk", "passphrase", *LEAD)[0] == 0
    answers(monkeypatch, first)
    assert earshot("whisper", "read", handle, *LEAD)[0] == 1
    answers(monkeypatch, second)
    assert "they take my things" in earshot("whisper", "read", handle, *LEAD)[1]
