"""A whisper on paper for the school's own safeguarding file: who said what to whom, and what came of it."""

import resource
from pathlib import Path

import pytest
from sqlmodel import Session, select

from benchmarks.whisper_town import Town
from bot.whisper.desk import decide, lead_of, open_thread
from bot.whisper.report import case_of, opened, pdf_of, sealed, write_new
from store.tables import Staff
from store.vault import StoreProblem
from store.whisper_sealing import new_receipt
from store.whispers import Draft, add, start
from tests.bot.whisper.test_photos import jpeg


def test_paper_tells_a_note_from_a_reply_and_what_the_writer_said_of_the_help(town: Town):
    with Session(town.engine) as session:
        lead = lead_of(session, town.sealer, town.school, session.exec(select(Staff)).first())
    store, day = town.whispers, "2026-11-24"
    door = start(store, Draft(day, "bullying", "me"), new_receipt(), {"what": "words"}, b"#set page(width: 1pt)")
    add(store, door, {"what": "photo", "caption": "the gate"}, jpeg((40, 30)))
    for entered in (
        {"what": "reply", "words": "Thank you."},
        {"what": "question", "words": "Where?"},
        {"what": "note", "words": "Rang home."},
        {"outcome": "helped"},
    ):
        assert decide(store, lead, door.report.hex(), entered, day) is None
    add(store, door, {"what": "helped"}, b"n")
    thread = open_thread(store, lead, door.report.hex())
    case = case_of(thread, town.school)
    assert case["title"] == f"Whisper {thread.line.handle}"
    assert case["facts"] == [
        "Kind: Bullying",
        "Day of the first message: 2026-11-24",
        "Status: closed",
        "Outcome: Acted on",
    ]
    assert [(turn["line"], turn["words"]) for turn in case["turns"]] == [
        ("The writer:", "#set page(width: 1pt)"),
        ("The writer sent a photo.", "the gate"),
        ("Lead Example1:", "Thank you."),
        ("Lead Example1 asked:", "Where?"),
        ("Lead Example1 noted, for readers alone:", "Rang home."),
        ("The writer says: this did not help.", ""),
    ]
    assert pdf_of(thread, town.school).startswith(b"%PDF")


@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.7", sealed(b"words", "three blue doors")[:30]],
    ids=["nothing", "pdf", "cut off"],
)
def test_what_is_no_export_or_was_cut_off_is_said_in_a_sentence(content: bytes):
    with pytest.raises(StoreProblem):
        opened(content, "three blue doors")


def test_paper_is_never_written_over_another_nor_where_there_is_no_folder(tmp_path: Path):
    path = tmp_path / "case.pdf"
    write_new(path, b"one")
    assert path.stat().st_mode & 0o777 == 0o600
    for where in (path, tmp_path / "none" / "case.pdf"):
        with pytest.raises(StoreProblem, match=r"case\.pdf"):
            write_new(where, b"two")
    assert path.read_bytes() == b"one"


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path):
    path, most = tmp_path / "whispers-recovery.key", resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, most[1]))
    try:
        with pytest.raises(StoreProblem, match=r"whispers-recovery\.key cannot be written \(File too large\)"):
            write_new(path, bytes(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert not path.exists()
