"""What a person may send that is not text: one plausible example of each kind, as the Bot API describes it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from rehearsal.telegram_state import State
from rehearsal.telegram_wire import Json


def make_attachment(state: State, kind: str) -> Json | None:
    """Make the fields of a message that carries an attachment; None for a kind nobody can send."""
    maker = _MAKERS.get(kind)
    return maker(state) if maker else None


def _photo(state: State) -> Json:
    stored = state.add_file("photo", grey_square(64), "photo.png", "image/png", width=64, height=64)
    return {"photo": [stored.shape]}


def _document(state: State) -> Json:
    more = {"file_name": "homework.txt", "mime_type": "text/plain"}
    return {
        "document": state.add_file("document", b"A page of homework.\n", "homework.txt", "text/plain", **more).shape
    }


def _sticker(state: State) -> Json:
    more = {
        "type": "regular",
        "width": 512,
        "height": 512,
        "is_animated": False,
        "is_video": False,
        "emoji": "🙂",
        "set_name": "Rehearsal",
    }
    return {"sticker": state.add_file("sticker", grey_square(16), "sticker.png", "image/png", **more).shape}


def _voice(state: State) -> Json:
    more = {"duration": 3, "mime_type": "audio/ogg"}
    return {"voice": state.add_file("voice", b"OggS", "voice.oga", "audio/ogg", **more).shape}


def _audio(state: State) -> Json:
    more = {"duration": 30, "mime_type": "audio/mpeg", "title": "Scales", "file_name": "scales.mp3"}
    return {"audio": state.add_file("audio", b"ID3", "scales.mp3", "audio/mpeg", **more).shape}


def _video(state: State) -> Json:
    more = {"duration": 5, "width": 320, "height": 240, "mime_type": "video/mp4"}
    return {"video": state.add_file("video", b"ftyp", "video.mp4", "video/mp4", **more).shape}


def _video_note(state: State) -> Json:
    return {"video_note": state.add_file("video_note", b"ftyp", "note.mp4", "video/mp4", length=240, duration=5).shape}


def _animation(state: State) -> Json:
    more = {"duration": 2, "width": 64, "height": 64, "mime_type": "video/mp4", "file_name": "wave.mp4"}
    shape = state.add_file("animation", b"ftyp", "wave.mp4", "video/mp4", **more).shape
    # The Bot API fills in `document` too, for bots older than animations.
    wanted = ("file_id", "file_unique_id", "file_size", "file_name", "mime_type")
    return {"animation": shape, "document": {name: shape[name] for name in wanted}}


def _location(_: State) -> Json:
    return {"location": {"latitude": 51.4779, "longitude": -0.0015}}


def _venue(_: State) -> Json:
    return {**_location(_), "venue": {**_location(_), "title": "Sports hall", "address": "Back field"}}


def _contact(_: State) -> Json:
    # 07700 900000 to 900999 are numbers Ofcom sets aside for drama.
    return {"contact": {"phone_number": "+447700900123", "first_name": "Sample"}}


def _poll(_: State) -> Json:
    options = [
        {"persistent_id": str(number), "text": text, "voter_count": 0}
        for number, text in enumerate(("Football", "Netball"), start=1)
    ]
    return {
        "poll": {
            "id": "5000000000000000001",
            "question": "What shall we play?",
            "options": options,
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
            "allows_revoting": True,
            "members_only": False,
        }
    }


def _dice(_: State) -> Json:
    return {"dice": {"emoji": "🎲", "value": 4}}


_MAKERS: dict[str, Callable[[State], Json]] = {
    "photo": _photo,
    "document": _document,
    "sticker": _sticker,
    "voice": _voice,
    "audio": _audio,
    "video": _video,
    "video_note": _video_note,
    "animation": _animation,
    "location": _location,
    "venue": _venue,
    "contact": _contact,
    "poll": _poll,
    "dice": _dice,
}


def grey_square(side: int) -> bytes:
    """Draw a plain grey PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\x00" + b"\xaa" * side) * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
