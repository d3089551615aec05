"""The recovery key and its boxes: what goes in comes out, and no change to a byte goes unseen."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.recovery import CHUNK, BoxWriter, RecoveryKey, RecoveryProblem, fingerprint, open_box

KEY = RecoveryKey(bytes(range(96)))
PUBLIC = KEY.public()


def boxed(content: bytes, public: bytes = PUBLIC) -> bytes:
    file = io.BytesIO()
    box = BoxWriter(file, public)
    box.write(content)
    box.close()
    return file.getvalue()


def unboxed(box: bytes, key: RecoveryKey = KEY) -> bytes:
    return b"".join(open_box(io.BytesIO(box), key))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7])
def test_a_box_opens_to_what_was_put_in(size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    assert unboxed(boxed(content)) == content


def test_a_box_written_in_parts_is_the_same_content() -> None:
    file = io.BytesIO()
    box = BoxWriter(file, PUBLIC)
    for part in (b"a" * CHUNK, b"", b"b", b"c" * (CHUNK + 3)):
        assert box.write(part) == len(part)
    box.close()
    assert unboxed(file.getvalue()) == b"a" * CHUNK + b"b" + b"c" * (CHUNK + 3)


@settings(max_examples=200)
@given(st.data())
def test_a_box_with_any_byte_changed_does_not_open(data: st.DataObject) -> None:
    box = bytearray(boxed(b"Wren Example"))
    box[data.draw(st.integers(0, len(box) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(RecoveryProblem):
        unboxed(bytes(box))


@given(st.data())
def test_a_box_cut_off_anywhere_does_not_open(data: st.DataObject) -> None:
    box = boxed(b"Wren Example")
    with pytest.raises(RecoveryProblem):
        unboxed(box[: data.draw(st.integers(0, len(box) - 1))])


def test_a_box_without_its_last_chunk_or_with_chunks_changed_about_does_not_open() -> None:
    box = boxed(b"a" * CHUNK + b"b" * CHUNK + b"c")
    last = 4 + 17
    chunk = 4 + CHUNK + 16
    head, first, second, end = (
        box[: -last - 2 * chunk],
        box[-last - 2 * chunk :][:chunk],
        box[-last - chunk : -last],
        box[-last:],
    )
    assert head + first + second + end == box
    for spoilt in (head + first + second, head + second + first + end, head + first + end, box + b"x", box + end):
        with pytest.raises(RecoveryProblem, match="damaged or was cut off"):
            unboxed(spoilt)


def test_another_recovery_key_does_not_open_a_box() -> None:
    with pytest.raises(RecoveryProblem, match="This recovery key does not open this backup"):
        unboxed(boxed(b"Wren"), RecoveryKey.make())


def test_two_boxes_of_the_same_content_look_different() -> None:
    assert boxed(b"Wren")[1200:] != boxed(b"Wren")[1200:]


def test_a_recovery_key_is_read_as_it_was_written_in_lines_that_can_be_typed() -> None:
    words = KEY.write()
    assert RecoveryKey.read(words).public() == PUBLIC
    assert RecoveryKey.read(words.replace("\n", "\r\n").upper()).public() == PUBLIC
    assert max(len(line) for line in words.splitlines()[1:]) == 48
    assert len(fingerprint(PUBLIC)) == 8


@pytest.mark.parametrize("words", ["", "x", "words\nab", "words\n" + "zz" * 96, "words\n" + "ab" * 97])
def test_what_is_no_recovery_key_is_told(words: str) -> None:
    with pytest.raises(RecoveryProblem, match=r"^This is no recovery key\. Take the file that"):
        RecoveryKey.read(words)


def test_a_damaged_public_half_is_told() -> None:
    with pytest.raises(RecoveryProblem, match="public half is damaged"):
        boxed(b"", PUBLIC[:-1])


def test_what_is_no_box_is_told() -> None:
    with pytest.raises(RecoveryProblem, match="no backup of Earshot's"):
        unboxed(b"PK\x03\x04" + bytes(100))
