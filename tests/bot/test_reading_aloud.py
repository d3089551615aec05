"""Reading aloud: spoken once and kept, offered only where it can be, to the youngest, and never in the way."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from bot import reading_aloud
from bot.doctor.aloud import aloud_findings
from bot.reading_aloud import NoSpeech, languages, missing, spoken
from bot.runner import person_of
from bot.settings import Settings
from conversations.bank import LATEST, load
from conversations.model import Tap
from store.sealing import Sealer
from store.tables import Pupil
from tests.bot.classroom import Classroom, classroom
from tests.bot.speech import Programs, programs
from tests.not_run import not_run

LINES = ["Where do you sit?", "At the edge"]


@pytest.fixture
def speech(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Programs]:
    with programs(tmp_path / "bin", monkeypatch) as found:
        yield found


def test_lines_are_spoken_with_a_breath_between_them_in_the_voice_of_the_language(speech: Programs, tmp_path: Path):
    voice = spoken(tmp_path / "kept", LINES, "en")
    assert voice.endswith(b"OpusHeadWhere do you sit?\n\nAt the edge")
    assert speech.spoken() == ["-b 1 -v en-gb -s 140 --stdin --stdout"]


def test_marks_of_direction_are_not_spoken(speech: Programs, tmp_path: Path):
    assert spoken(tmp_path / "kept", ["\u2068Ble?\u2069", "\u2066/menu\u2069"], "cy").endswith(b"Ble?\n\n/menu")


def test_what_was_spoken_is_kept_by_words_and_language(speech: Programs, tmp_path: Path):
    kept = tmp_path / "kept"
    first = spoken(kept, LINES, "en")
    assert (spoken(kept, LINES, "en"), len(speech.spoken())) == (first, 1)
    spoken(kept, LINES, "cy")
    spoken(kept, LINES[:1], "cy")
    assert (len(speech.spoken()), len(list(kept.iterdir()))) == (3, 3)


def test_a_folder_that_cannot_be_written_to_makes_it_slower_not_silent(speech: Programs, tmp_path: Path):
    (tmp_path / "kept").write_text("a file, where a folder should be")
    for _ in range(2):
        assert spoken(tmp_path / "kept", LINES, "en").startswith(b"OggS")
    assert len(speech.spoken()) == 2


@pytest.mark.parametrize("program", ["espeak-ng", "opusenc"])
def test_a_program_that_fails_is_told_by_its_name_and_no_word(speech: Programs, tmp_path: Path, program: str):
    speech.write(program, "#!/bin/sh\ncat >/dev/null; exit 3\n")
    with pytest.raises(NoSpeech, match=f"^{program} ended with 3$"):
        spoken(tmp_path / "kept", LINES, "en")
    assert not (tmp_path / "kept").exists()


def test_languages_are_those_of_the_voices_that_are_there(speech: Programs):
    assert languages() == {"en", "cy"}


@pytest.mark.parametrize(("program", "package"), [("espeak-ng", "espeak-ng"), ("opusenc", "opus-tools")])
def test_with_a_program_missing_nothing_is_offered_and_the_doctor_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, package: str
):
    with programs(tmp_path / "bin", monkeypatch, only=True) as found:
        (found.folder / program).unlink()
        assert (languages(), missing()) == (frozenset(), (package,))
        (finding,) = aloud_findings(Settings())
        assert (finding.ok, f"apt-get install {package}`" in finding.words) == (True, True)


def test_the_doctor_says_when_it_can_be_done(speech: Programs):
    assert [finding.words for finding in aloud_findings(Settings())] == [
        "Pupils of 8–11 can have a question read aloud."
    ]


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def young(room: Classroom, language: str = "en") -> Pupil:
    pupil = room.pupil(9)
    pupil.phase, pupil.language = "young", language
    room.session.add(pupil)
    room.session.commit()
    return pupil


def test_it_is_offered_to_the_youngest_in_a_language_that_has_a_voice(room: Classroom, speech: Programs):
    pupil = young(room)
    assert person_of(room.school, pupil, room.clock()).hears
    pupil.language = "pl"
    assert not person_of(room.school, pupil, room.clock()).hears
    assert not person_of(room.school, room.pupil(), room.clock()).hears


def test_a_tap_writes_one_voice_message_and_leaves_the_check_in_where_it_was(room: Classroom, speech: Programs):
    pupil = young(room)
    item = next(iter(load(LATEST).items.values()))
    check_in = room.check_in(pupil)
    room.say(9, room.opens(check_in))
    before = len(room.outbox(network="telegram"))
    tap = room.incoming(9, Tap(f"c:{check_in.id.hex}:0:read"))
    room.handle(tap, seen=True)
    room.handle(tap, seen=True)
    (letter,) = room.outbox(network="telegram")[before:]
    payload = room.payload(letter)
    assert (letter.method, letter.lane, payload["spoken"]) == ("voice", 1, "en")
    assert [line["t"] for line in payload["lines"]] == [
        item.stem["young"],
        *(option.text for option in item.options["young"]),
    ]
    room.say(9, Tap(f"c:{check_in.id.hex}:0:1"))
    assert room.state(pupil)["check_in"]["at"] == 1


def test_the_real_programs_speak_every_language_there_is_a_catalogue_for(tmp_path: Path):
    if missing():
        not_run("the test that listens", "apt-get install espeak-ng opus-tools, and run make test again.")
    reading_aloud.languages.cache_clear()
    assert shutil.which(reading_aloud.SPEAKER)
    assert languages() >= {"en", "cy", "pl", "uk", "ro", "ar", "ur", "pt", "fr", "es"}
    voice = spoken(tmp_path, LINES, "cy")
    assert (voice[:4], b"OpusHead" in voice[:64], 3_000 < len(voice) < 60_000) == (b"OggS", True, True)
