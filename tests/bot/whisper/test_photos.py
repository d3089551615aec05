"""Photos of whispers: nothing but the picture is left, and what is no photo is refused."""

import contextlib
import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.whisper.photos import FILE_MOST, SEALED_MOST, SIDE_MOST, NotAPhoto, clean


def jpeg(size: tuple[int, int] = (300, 200), **more: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, "JPEG", **more)
    return out.getvalue()


def with_place(size: tuple[int, int] = (300, 200)) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Marmalade Phone"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[2] = (51.0, 28.0, 38.0)
    return jpeg(size, exif=exif.tobytes(), comment=b"marmalade comment")


def test_nothing_but_the_picture_is_left():
    given_photo = with_place()
    assert b"Marmalade Phone" in given_photo
    made = clean(given_photo)
    assert b"armalade" not in made
    with Image.open(io.BytesIO(made)) as picture:
        assert dict(picture.getexif()) == {}
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        # Turned as it was held.
        assert picture.size == (200, 300)


def test_large_photo_is_made_smaller():
    with Image.open(io.BytesIO(clean(jpeg((4000, 1000))))) as picture:
        assert picture.size == (SIDE_MOST, SIDE_MOST // 4)


def flat(size: tuple[int, int], kind: str, mode: str = "L", **more: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **more)
    return out.getvalue()


def test_photo_of_the_largest_phones_is_taken():
    with Image.open(io.BytesIO(clean(flat((12_000, 9_000), "JPEG")))) as picture:
        assert picture.size == (SIDE_MOST, SIDE_MOST * 3 // 4)


@pytest.mark.parametrize(
    ("kind", "mode", "more"),
    [("JPEG", "L", {"progressive": True}), ("PNG", "1", {}), ("GIF", "P", {})],
    ids=["progressive", "png", "gif"],
)
def test_small_file_that_would_fill_the_memory_is_refused(kind: str, mode: str, more: dict[str, Any]):
    given_photo = flat((5_200, 5_000), kind, mode, **more)
    assert len(given_photo) < 200_000
    with pytest.raises(NotAPhoto):
        clean(given_photo)


def test_picture_that_is_all_noise_is_written_with_less_care_until_it_fits():
    out = io.BytesIO()
    noise = [Image.effect_noise((SIDE_MOST, SIDE_MOST), 120) for _ in range(3)]
    Image.merge("RGB", noise).save(out, "JPEG", quality=85, subsampling=0)
    assert SEALED_MOST < len(out.getvalue()) <= FILE_MOST
    assert len(clean(out.getvalue())) <= SEALED_MOST


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_other_kinds_of_picture_become_jpeg(kind: str):
    out = io.BytesIO()
    Image.new("RGBA" if kind != "GIF" else "P", (30, 30)).save(out, kind)
    assert clean(out.getvalue()).startswith(b"\xff\xd8")


def bomb() -> bytes:
    """A PNG of a few hundred bytes that says it is 40,000 points a side."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture at all", jpeg()[:200], bomb(), b"\xff\xd8" + bytes(FILE_MOST), b"%PDF-1.7 ..."],
    ids=["nothing", "text", "cut off", "bomb", "too large", "pdf"],
)
def test_what_is_no_photo_is_refused(data: bytes):
    with pytest.raises(NotAPhoto):
        clean(data)


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF"]))
def test_any_bytes_are_a_photo_or_refused(data: bytes, head: bytes):
    with contextlib.suppress(NotAPhoto):
        assert clean(head + data).startswith(b"\xff\xd8")
