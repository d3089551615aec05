"""A school's own files: what is packed in them is looked into, and a whisper store's tables are held to their rule."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import socket
import sqlite3
import zipfile
from pathlib import Path

import pytest

from bot.whisper.anonymity import needles
from bot.whisper.own_files import Looked, look_through
from bot.whisper.report import sealed
from store.sealing import Sealer
from store.vault import StoreProblem
from store.whisper_sealing import Cost
from store.whisper_store import open_whispers

CHAT, NAME = 7_310_459_201, "Wren Ashdown"
WORDS = b"something " + str(CHAT).encode() + b" else"


def look(path: Path) -> Looked:
    return look_through([path], needles([CHAT, NAME]), None)


def planted(folder: Path, way: str) -> Path:
    """A file, or a folder, in which a chat id is packed in some way."""
    path = folder / f"export.{way}"
    if way == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("general/2026-11-24.json", WORDS)
    elif way == "zip.gz":
        path.write_bytes(gzip.compress(planted(folder, "zip").read_bytes()))
    elif way == "folder":
        path.joinpath("within").mkdir(parents=True)
        path.joinpath("within/one.log").write_bytes(WORDS)
    else:
        path.write_bytes({"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[way](WORDS))
    return path


@pytest.mark.parametrize("way", ["zip", "zip.gz", "gz", "bz2", "xz", "folder"])
def test_what_is_packed_is_looked_into(tmp_path: Path, way: str):
    assert "as it is" in {hit.writing for hit in look(planted(tmp_path, way)).hits}


def test_name_in_the_name_of_a_file_is_found_and_not_repeated(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as packed:
        packed.writestr(f"{NAME}/2026-11-24.json", "{}")
    hits = look(tmp_path / "export.zip").hits
    assert "file 2 (its own name)" in {hit.file for hit in hits}
    assert NAME not in {hit.file for hit in look(tmp_path / "export.zip").hits if "own name" in hit.file}


def test_one_of_many_writings_is_found_among_others_also_where_two_parts_meet(tmp_path: Path):
    wanted = needles([*range(CHAT, CHAT + 500), NAME])
    for place in (0, (1 << 21) - 4, 3_000_000 - len(WORDS)):
        data = bytearray(3_000_000)
        data[place : place + len(WORDS)] = WORDS
        tmp_path.joinpath("one.log").write_bytes(data)
        assert [hit.writing for hit in look_through([tmp_path], wanted, None).hits] == ["as it is"]


def store_at(folder: Path) -> Path:
    store = open_whispers(f"sqlite:///{folder / 'whispers.sqlite'}", Sealer(bytes(32)), Cost(64, 1))
    store.engine.dispose()
    return folder / "whispers.sqlite"


def test_whisper_store_as_it_is_made_has_no_fault(tmp_path: Path):
    looked = look(store_at(tmp_path))
    assert (looked.files, looked.stores, looked.hits, looked.faults) == (1, 1, [], [])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("ALTER TABLE report ADD COLUMN at DATETIME", "report.at is DATETIME, where only sealed bytes may be"),
        ("ALTER TABLE report ADD COLUMN chat TEXT", "report.chat is TEXT, where only sealed bytes may be"),
        ("CREATE TABLE seen (id INTEGER PRIMARY KEY)", "there is a table seen"),
        ("CREATE TRIGGER t AFTER INSERT ON report BEGIN SELECT 1; END", "there is a trigger t"),
        ("DROP TABLE turn; CREATE TABLE turn (report BLOB REFERENCES report (id))", "turn links to another table"),
        ("DROP TABLE turn; CREATE TABLE turn (report BLOB)", "turn numbers its rows"),
    ],
)
def test_what_may_not_be_in_a_whisper_store_is_named(tmp_path: Path, change: str, fault: str):
    path = store_at(tmp_path)
    with sqlite3.connect(path) as store:
        store.executescript(change)
    store.close()
    assert fault in {one.writing for one in look(path).faults}


def test_value_that_lies_in_two_pieces_of_a_store_is_found(tmp_path: Path):
    path = store_at(tmp_path)
    for length in range(3900, 4120, 3):
        with sqlite3.connect(path) as store:
            store.execute("DELETE FROM setting WHERE name = 'long'")
            store.execute("INSERT INTO setting VALUES ('long', ?)", (b"x" * length + WORDS,))
        store.close()
        assert look(path).hits != []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (sealed(b"pdf", "three blue doors"), "is a sealed whisper"),
        (b"earshot box 1\n and more", "is a sealed backup: give --recovery-key KEY"),
        (gzip.compress(b"something" * 99)[:-9], "cannot be unpacked"),
        (b"SQLite format 3\0" + bytes(90), "is a damaged database"),
    ],
    ids=["exported case", "boxed backup", "cut off", "damaged"],
)
def test_what_cannot_be_looked_into_is_said_and_never_passed_over(tmp_path: Path, data: bytes, words: str):
    tmp_path.joinpath("one.file").write_bytes(data)
    with pytest.raises(StoreProblem, match=words):
        look(tmp_path / "one.file")
    with pytest.raises(StoreProblem, match=r"none\.log cannot be read"):
        look(tmp_path / "none.log")


def test_sockets_and_pipes_in_the_folder_of_an_earshot_that_runs_are_passed_over(tmp_path: Path):
    tmp_path.joinpath("one.log").write_bytes(WORDS)
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as desk:
        desk.bind(str(tmp_path / "desk.socket"))
        looked = look(tmp_path)
    assert (looked.files, {hit.file for hit in looked.hits}) == (1, {"one.log"})
    # Named by itself it was meant, and nothing of it was looked at.
    with pytest.raises(StoreProblem, match=r"pipe cannot be read"):
        look(tmp_path / "pipe")
