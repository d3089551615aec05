"""Where the master key is kept: the file, the command, and the ring of keys after changes."""

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from store.keys import KeyRing, make_key_file, read_key_command, read_key_file, read_ring, write_key_file
from store.sealing import KeyProblem, Unreadable

ROW = UUID("0199a0aa-0000-7000-8000-000000000001")
KEY = bytes(range(32))


def test_a_new_key_file_is_its_owners_alone_and_opens_what_it_sealed(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "earshot.key"
    make_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    envelope = read_key_file(path).current.seal("pupil", "name", ROW, "Wren")
    assert read_key_file(path).current.open("pupil", "name", ROW, envelope) == "Wren"


def test_a_key_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "earshot.key"
    path.write_text("something")
    with pytest.raises(KeyProblem, match="the key file cannot be made"):
        make_key_file(path)
    assert path.read_text() == "something"


def test_a_missing_key_file_is_told_with_both_ways_out(tmp_path: Path) -> None:
    with pytest.raises(KeyProblem) as problem:
        read_key_file(tmp_path / "earshot.key")
    assert str(problem.value) == (
        f"there is no key file {tmp_path / 'earshot.key'}: put back the one this store was made with (its backup), "
        "or set EARSHOT_DATA_DIR to another folder for a new store"
    )


@pytest.mark.parametrize("content", ["", "\n", "abc", "z" * 64, "ab" * 31, "ab" * 33])
def test_an_empty_or_wrong_key_file_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "earshot.key"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(KeyProblem) as problem:
        read_key_file(path)
    assert str(problem.value) == (
        "the key file earshot.key holds no key (64 hexadecimal digits): put back the right file"
    )


def test_a_key_file_that_is_no_text_or_a_folder_is_told(tmp_path: Path) -> None:
    words = "the key file earshot.key cannot be read: check that it is the right file"
    path = tmp_path / "earshot.key"
    path.touch(0o600)
    path.write_bytes(os.urandom(16) + b"\xff")
    with pytest.raises(KeyProblem, match=words):
        read_key_file(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(KeyProblem, match=words):
        read_key_file(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_file_that_others_could_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "earshot.key"
    make_key_file(path)
    path.chmod(mode)
    with pytest.raises(KeyProblem) as problem:
        read_key_file(path)
    assert str(problem.value) == f"others on this machine could read the key file: run `chmod 600 {path}`"


def test_a_full_disk_leaves_no_half_made_key_behind(tmp_path: Path) -> None:
    path = tmp_path / "earshot.key"
    program = (
        "import sys; from pathlib import Path; from store.keys import make_key_file\n"
        "from store.sealing import KeyProblem\n"
        "try: make_key_file(Path(sys.argv[1]))\n"
        "except KeyProblem as problem: print(problem)"
    )

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))

    told = subprocess.run(  # noqa: S603 (our own program, with a limit on the size of files)
        [sys.executable, "-B", "-c", program, str(path)], capture_output=True, text=True, preexec_fn=no_room, check=True
    )
    assert told.stdout == (
        "the key file cannot be made (File too large): mend that, or set EARSHOT_KEY_FILE to another place\n"
    )
    assert not path.exists()


# --- the ring ---------------------------------------------------------------------------------------------------------


def test_a_ring_is_read_as_it_was_written(tmp_path: Path) -> None:
    ring = KeyRing(KEY).next().next()
    path = tmp_path / "earshot.key"
    write_key_file(path, ring)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key_file(path) == ring


def test_a_ring_opens_what_each_of_its_keys_sealed() -> None:
    first = KeyRing(KEY)
    ring = first.next().next()
    envelope = first.current.seal("pupil", "name", ROW, "Wren")
    key_id = first.current.key_id.hex()
    assert next(iter(ring.sealers())) == ring.current.key_id.hex()
    assert ring.sealers()[key_id].open("pupil", "name", ROW, envelope) == "Wren"
    with pytest.raises(Unreadable):
        ring.current.open("pupil", "name", ROW, envelope)


def test_a_hash_made_again_is_the_hash_of_the_new_key_however_many_keys_lie_between() -> None:
    first = KeyRing(KEY)
    second = first.next()
    third = second.next()
    for old, new in ((first, second), (second, third), (first, third)):
        made = old.current.blind("chat", 501)
        assert new.current.blind_again("chat", made, old.current) == new.current.blind("chat", 501)


def test_an_old_key_in_a_ring_makes_the_hashes_it_made_while_in_use() -> None:
    second = KeyRing(KEY).next()
    third = second.next()
    for ring in (KeyRing(KEY), second):
        assert third.sealers()[ring.current.key_id.hex()].blind("mis", "P1") == ring.current.blind("mis", "P1")


def test_a_retired_key_is_gone_and_the_hashes_stay_the_same() -> None:
    ring = KeyRing(KEY).next()
    old, new = KeyRing(KEY).current.key_id.hex(), ring.current.key_id.hex()
    left = ring.without(old)
    assert (list(left.sealers()), KEY.hex() in left.write()) == ([new], False)
    assert left.current.blind("mis", "P1") == ring.current.blind("mis", "P1")
    with pytest.raises(KeyProblem, match=f"there is no key {old} here"):
        left.without(old)
    with pytest.raises(KeyProblem, match=f"the key {new} is in use"):
        left.without(new)


def test_a_ring_printed_by_mistake_shows_no_key() -> None:
    assert repr(KeyRing(KEY).next()) == "KeyRing()"


@pytest.mark.parametrize(
    "line", ["more", "old 0", "old 1 " + "ab" * 32, "old -1 " + "ab" * 32, "look-up mis", "look-up mis:ab", "old x y"]
)
def test_a_line_that_is_not_understood_is_told_without_its_words(line: str) -> None:
    with pytest.raises(KeyProblem, match=r"^the file holds no key \(64 hexadecimal digits\): put back the right file$"):
        read_ring(f"{KEY.hex()}\n{line}\n", "the file")


# --- the command ------------------------------------------------------------------------------------------------------


def test_a_key_comes_from_a_command(tmp_path: Path) -> None:
    path = tmp_path / "a safe"
    path.write_text(KeyRing(KEY).write())
    assert read_key_command(f"cat '{path}'") == KeyRing(KEY)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("no-such-program-anywhere", "EARSHOT_KEY_COMMAND cannot be run: check that the program is there"),
        ("cat 'half", "EARSHOT_KEY_COMMAND cannot be run: check that the program is there"),
        ("", "EARSHOT_KEY_COMMAND cannot be run: check that the program is there"),
        ("false", "EARSHOT_KEY_COMMAND failed (status 1): try it by hand"),
        (
            "echo secret",
            "what EARSHOT_KEY_COMMAND prints holds no key (64 hexadecimal digits): put back the right file",
        ),
    ],
)
def test_a_command_that_gives_no_key_is_told_without_what_it_printed(command: str, words: str) -> None:
    with pytest.raises(KeyProblem) as problem:
        read_key_command(command)
    assert str(problem.value) == words
